"""A board served over real HTTP, for what only a browser or another server can show."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from schemas.programme import Programme
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.service import answering
from secretariat.store import open_store
from tests.conftest import Bench, at, free_port
from tests.test_obligations import a_meeting
from tests.test_web import Site


@contextmanager
def opened_site(blank: Path, programme: Programme, directory: Path) -> Iterator[Site]:
    """The board of an office with a meeting to come, on SQLite: who comes in is no database's."""
    shutil.copy(blank, directory / "secretariat.db")
    store = open_store(f"sqlite:///{directory}/secretariat.db")
    clock = VirtualClock(at("2019-01-03T03:00"))
    bench = Bench(Office(store, programme, clock), clock)
    adopt(bench.office)
    a_meeting(bench)
    yield Site(bench, directory)
    store.engine.dispose()


@contextmanager
def served(site: Site, **more: Any) -> Iterator[str]:
    """The site's own address, by a name as people use one; ``more`` are settings."""
    port = free_port()
    url = f"http://localhost:{port}"
    parts = site.app.state.parts
    for name, value in {"base_url": url, "port": port, **more}.items():
        setattr(parts.settings, name, value)
    server = uvicorn.Server(answering(parts.settings, site.app))
    serving = Thread(target=server.run)
    serving.start()
    try:
        while not server.started:
            serving.join(0.02)
        yield url
    finally:
        server.should_exit = True
        serving.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    found: str | Path | None = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()

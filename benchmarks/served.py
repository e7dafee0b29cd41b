"""What the board is raced as: a web server in a process of its own, ours or a bare one.

``python -m benchmarks.served ours|bare DIRECTORY PORT``, with uvicorn set up as ``secretariat up``
does. Ours is the whole board and the lease that its engine writes to the store every few seconds;
the parts beside it do not run.
The bare one is FastAPI, Jinja and sqlite3 as their own pages show them: a page of fifty rows, and a
POST that has one row on disk before it answers. Both databases are in WAL, synchronous=FULL.
"""

import contextlib
import gc
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx
import uvicorn
from fastapi import FastAPI, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from notifications.compose import composer
from secretariat import service
from secretariat.engine import Engine
from secretariat.installation import open_office
from secretariat.lease import BEAT
from secretariat.settings import Settings
from secretariat.web.app import Parts, create_app

ROWS = 50
PAGE = Environment(autoescape=True).from_string(
    """<!doctype html><html lang="en"><head><title>What is asked</title></head><body><table>
{% for number, title, body, due_on, state in rows %}<tr><td><a href="/obligations/{{ number }}">
{{ title }}</a></td><td>{{ body }}</td><td>{{ due_on }}</td><td>{{ state }}</td></tr>
{% endfor %}</table></body></html>"""
)


def ours(settings: Settings) -> FastAPI:
    """The board of an installation that has begun."""
    office = open_office(settings)
    writer = composer(settings, office.programme)
    engine = Engine(settings, office, writer, urlsplit("smtp://127.0.0.1:1"))
    threading.Thread(target=_beat, args=(engine,), daemon=True).start()
    return create_app(Parts(settings, office, writer, settings.directory / "caught", engine.health))


def _beat(engine: Engine) -> None:
    """Say every few seconds that we live, as the engine does: it is a write to the store."""
    while True:
        engine.turn.look()
        time.sleep(BEAT)


def bare(settings: Settings) -> FastAPI:
    """A page and a form as short as they can be written."""
    with contextlib.closing(_database(settings)) as database:
        database.execute("create table asked (id integer primary key, title, body, due, state)")
        database.execute("create table seen (id integer primary key, subject, body)")
        row = ("A paper for the meeting", "tf-vn", "2019-07-01", "waiting")
        for _ in range(ROWS):
            database.execute("insert into asked (title, body, due, state) values (?, ?, ?, ?)", row)
    app, threads = FastAPI(), threading.local()

    def own() -> sqlite3.Connection:
        if not hasattr(threads, "database"):
            threads.database = _database(settings)
        return cast(sqlite3.Connection, threads.database)

    @app.get("/")
    def show() -> Response:
        rows = own().execute("select * from asked order by id limit ?", (ROWS,)).fetchall()
        return HTMLResponse(PAGE.render(rows=rows))

    @app.post("/obligations/{key:path}")
    def note(key: str, act: str = Form()) -> Response:
        own().execute("insert into seen (subject, body) values (?, ?)", (key, act))
        return RedirectResponse(f"/obligations/{key}", 303)

    return app


def _database(settings: Settings) -> sqlite3.Connection:
    database = sqlite3.connect(settings.directory / "bare.db", timeout=15, isolation_level=None)
    database.execute("pragma journal_mode=WAL")
    database.execute("pragma synchronous=FULL")
    return database


@contextlib.contextmanager
def served(which: str, directory: Path, **own: str) -> Iterator[str]:
    """One of the two in a process with an environment of its ``own``, until then; its address."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.served", which, str(directory), str(port)]
    process = subprocess.Popen(command, env=os.environ | own)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(f"{url}/static/style.css")  # the bare one has none, which is an answer, too
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_until_up(url: str, seconds: float = 180) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=10)
            return
        time.sleep(0.02)
    raise TimeoutError(f"{url} did not answer within {seconds} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    which, directory, port = sys.argv[1:]
    settings = Settings(data_dir=Path(directory), port=int(port), _env_file=None)
    app = {"ours": ours, "bare": bare}[which](settings)
    gc.freeze()  # as ours does by itself, and the bare one may have it, too
    uvicorn.Server(service.answering(settings, app)).run()


if __name__ == "__main__":
    main()

"""A day of everybody's work, lived in minutes: memory and open files do not creep."""

import gc
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from notifications.catcher import Catcher
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.acts import Offer, Withdraw
from schemas.programme import Programme
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.store import open_store
from secretariat.timers import tick
from tests.conftest import Bench, at
from tests.test_obligations import a_meeting
from tests.test_web import Site

PAGES = (
    "/",
    "/obligations",
    "/countries/LA",
    "/meetings/SOM14",
    "/ledger",
    "/search?q=som",
    "/people",
)
OFFERED = "som-preparation/documents@chair"


@dataclass(frozen=True)
class Held:
    """What the process has at a moment: octets of memory, and open files."""

    memory: int
    files: int


@pytest.mark.long
def test_a_day_of_work_leaves_memory_and_open_files_as_they_were(
    blank: Path, commit: Programme, tmp_path: Path
) -> None:
    shutil.copy(blank, tmp_path / "secretariat.db")
    store = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    bench = Bench(Office(store, commit, clock := VirtualClock(at("2019-01-07T00:00"))), clock)
    adopt(bench.office)
    a_meeting(bench)
    site = Site(bench, tmp_path)
    site.sign_in("tf-la-head")
    with Catcher(tmp_path / "caught") as catcher:
        composer = site.app.state.parts.composer
        outbox = Outbox(store, clock, composer, Relay(catcher.url))
        held = [_an_hour(site, outbox) for _ in range(24)]
    warm, end = held[11], held[-1]
    assert end.memory - warm.memory < 4_000_000, "octets in twelve hours"
    assert end.files <= warm.files


def _an_hour(site: Site, outbox: Outbox) -> Held:
    """Sixty ticks and drains, pages read every few minutes, an offer made and withdrawn."""
    bench = site.bench
    for minute in range(60):
        bench.clock.advance_to(bench.clock.now() + timedelta(minutes=1))
        tick(bench.office)
        outbox.drain()
        assert site.browser.get(PAGES[minute % len(PAGES)]).status_code == 200
    bench.office.do(Offer(holding=OFFERED), by="un-act")
    bench.office.do(Withdraw(holding=OFFERED), by="un-act")
    gc.collect()
    process = psutil.Process(os.getpid())
    return Held(process.memory_info().rss, process.num_fds())

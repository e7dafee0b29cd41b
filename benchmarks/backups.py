"""How long does a proved backup of 100 MB take, while somebody writes 200 times a second?

Ours is written, packed and restored in a scratch place before it counts; against sqlite3's own
backup of the same file, and VACUUM INTO, neither of which proves anything. And how long whoever
writes waits meanwhile, against how long they wait when nobody makes a backup.
"""

import contextlib
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy import insert

from benchmarks.draining import fill
from benchmarks.race import keep, race, ratio, wanted
from schemas.tables import Setting
from secretariat import backups
from secretariat.settings import Settings
from secretariat.store import Store, open_store

MAILS = 16_000  # of 5 KB each
EVERY = 1 / 200  # seconds
IDLE = 5  # seconds


class Writer:
    """Writes a small row 200 times a second; ``waits`` are the milliseconds of each."""

    def __init__(self, store: Store) -> None:
        self._store, self._numbers = store, count()
        self.waits: dict[str, list[float]] = {}

    @contextlib.contextmanager
    def beside(self, what: str) -> Iterator[None]:
        """Write while something else is done."""
        over = threading.Event()
        writing = threading.Thread(target=self._write, args=(what, over))
        writing.start()
        try:
            yield
        finally:
            over.set()
            writing.join()

    def _write(self, what: str, over: threading.Event) -> None:
        waits = self.waits.setdefault(what, [])
        following = time.perf_counter()
        while not over.wait(max(0.0, following - time.perf_counter())):
            begun = time.perf_counter()
            with self._store.queue() as session:
                row = {"name": f"race/{next(self._numbers)}", "value": "x" * 100}
                session.connection().execute(insert(Setting), row)
            waits.append(1000 * (time.perf_counter() - begun))
            following = max(following + EVERY, begun)


def ours(settings: Settings, to: Path) -> None:
    backups.make(settings, to, datetime.now(UTC))


def by_sqlite(settings: Settings, to: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(settings.directory / "secretariat.db")) as source,
        contextlib.closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)


def by_vacuum(settings: Settings, to: Path) -> None:
    with contextlib.closing(sqlite3.connect(settings.directory / "secretariat.db")) as source:
        source.execute("vacuum into ?", (str(to),))


def timed(
    make: Callable[[Settings, Path], None], settings: Settings, writer: Writer, what: str
) -> Callable[[], float]:
    def seconds() -> float:
        to = settings.directory.parent / "made"
        with writer.beside(what):
            begun = time.perf_counter()
            make(settings, to)
            took = time.perf_counter() - begun
        to.unlink()
        return took

    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory) / "data", _env_file=None)
        _ = settings.directory
        store = open_store(settings.store_url)
        store.migrate()
        fill(store, MAILS)
        writer = Writer(store)
        with writer.beside("nothing"):
            time.sleep(IDLE)
        makers = {"secretariat": ours, "sqlite3 backup": by_sqlite, "vacuum into": by_vacuum}
        runners = {who: timed(make, settings, writer, who) for who, make in makers.items()}
        found = race("backup", runners, runs=3, unit="s")
    waits = {what: statistics.quantiles(took, n=100) for what, took in writer.waits.items()}
    keep("backup-waits", {"unit": "ms, percentiles", "waits": waits})
    met = [
        ratio("backup, against sqlite3's", found["sqlite3 backup"], found["secretariat"], 0.5),
        ratio("backup, against VACUUM INTO", found["vacuum into"], found["secretariat"], 0.5),
        wanted(
            "backup, a writer's 99th percentile against idle",
            waits["secretariat"][98] / waits["nothing"][98],
            at_most=2,
        ),
    ]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

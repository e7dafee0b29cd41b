"""What does the ledger cost? A commit with its entry against one without, and checking it all.

A commit is one row of 1.5 KB by plain statements on the store itself, with or without its event
appended and sealed. Checking a million entries goes against a loop that selects the same rows and
hashes what is in them, in the same order.
"""

import hashlib
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks.race import race, ratio
from schemas.events import Event
from schemas.tables import Setting
from secretariat import audit, ledger
from secretariat.store import Store, open_store

COMMITS = 300
ENTRIES, AT_A_TIME = 1_000_000, 10_000
NOW = datetime(2019, 6, 4, 3, tzinfo=UTC)
ROW = "x" * 1500


def a_store(path: Path) -> Store:
    store = open_store(f"sqlite:///{path}")
    store.migrate()
    return store


def commits(store: Store, *, sealed: bool) -> float:
    """Commits a second."""
    begun = time.perf_counter()
    for number in range(COMMITS):
        with store.write() as session:
            name = f"{begun}/{number}"
            session.connection().execute(insert(Setting), {"name": name, "value": ROW})
            if sealed:
                ledger.append(session, [an_event(number)], at=NOW, by="tf-vn")
    return COMMITS / (time.perf_counter() - begun)


def an_event(number: int) -> Event:
    subject = f"indicator-collection/{number}/data@tf-vn"
    facts = {"body": "tf-vn", "contact": "tf-vn-focal-point", "until": NOW.isoformat()}
    return Event("obligation.acknowledged", subject, facts)


def filled(store: Store) -> None:
    """A ledger of a million entries."""
    for first in range(0, ENTRIES, AT_A_TIME):
        with store.write() as session:
            events = [an_event(first + number) for number in range(AT_A_TIME)]
            ledger.append(session, events, at=NOW, by="tf-vn")


def verified(store: Store) -> float:
    """Entries a second."""
    begun = time.perf_counter()
    with store.read() as session:
        verdict = audit.verify(audit.entries(session))
    assert verdict.fault is None and verdict.head.seq == ENTRIES, verdict
    return ENTRIES / (time.perf_counter() - begun)


def hashed(store: Store) -> float:
    """The same by a loop that compares nothing."""
    begun, last = time.perf_counter(), ""
    columns = text(
        "select seq, at, kind, subject, by, version, data, key, prev from ledger order by 1"
    )
    with store.read() as session:
        for row in session.connection().execute(columns).yield_per(1000):
            last = hashlib.sha256(f"{last}{tuple(row)}".encode()).hexdigest()
    assert last
    return ENTRIES / (time.perf_counter() - begun)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = a_store(Path(directory) / "commits.db")
        runners = {
            "with entry": lambda: commits(store, sealed=True),
            "without": lambda: commits(store, sealed=False),
        }
        found = race("ledger-commits", runners, unit="commits/s")
        met = [
            ratio("ledger, a commit with its entry", found["with entry"], found["without"], 0.85)
        ]
        long = a_store(Path(directory) / "long.db")
        filled(long)
        runners = {"verify": lambda: verified(long), "bare": lambda: hashed(long)}
        found = race("ledger-verify", runners, runs=1, unit="entries/s")
        met.append(ratio("ledger, verifying, against bare", found["verify"], found["bare"], 0.5))
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

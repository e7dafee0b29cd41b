"""The store as it stood at a past moment: the ledger up to then, replayed in memory.

Who looks at a past day goes on to others, and each page asks anew. What was replayed is kept, so
that only what lies after it is replayed again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import event
from sqlmodel import Session

from schemas.tables import Entry
from secretariat import ledger, readmodels
from secretariat.ledger import Head
from secretariat.rows import add_row
from secretariat.store import Store, blank

EVERY = 2_000  # entries replayed between two stores that are kept
ROOM = 48_000_000  # bytes of all that are kept; some 1.5 kB an entry
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Replay:
    """A store in memory, as bytes, that knows every entry up to its head, and none after.

    ``latest`` is the last moment (UTC) at which one of them happened.
    """

    head: Head
    latest: datetime
    data: bytes


class Replays:
    """Those of one store; who was not asked for longest goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Head, Replay] = OrderedDict()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Head]:
        return iter(list(self._kept))

    def keep(self, kept: Replay) -> None:
        with self._lock:
            self._kept[kept.head] = kept
            self._kept.move_to_end(kept.head)
            while sum(len(each.data) for each in self._kept.values()) > ROOM:
                self._kept.popitem(last=False)

    def nearest(self, source: Session, at: datetime) -> Replay | None:
        """The one that knows most of what had happened by ``at``, if its ledger is still ours."""
        with self._lock:
            before = [each for each in self._kept.values() if each.latest <= at]
        for each in sorted(before, key=lambda kept: kept.head.seq, reverse=True):
            entry = source.get(Entry, each.head.seq)
            if entry and entry.hash == each.head.hash:
                with self._lock:
                    if each.head in self._kept:
                        self._kept.move_to_end(each.head)
                return each
        return None


def as_of(store: Store, at: datetime, replays: Replays | None = None) -> Store:
    """The store as it stood at ``at``; without ``replays``, of nothing but the ledger."""
    with store.read() as source:
        known = replays.nearest(source, at) if replays else None
        past = blank(known.data if known else None)
        seq, latest = (known.head.seq, known.latest) if known else (0, LONG_AGO)
        entries = ledger.until(source, at, after=seq)
        while some := list(islice(entries, EVERY)):
            _replay(some, past)
            seq, latest = seq + len(some), max(latest, *(entry.at for entry in some))
            in_order = some[-1].seq == seq  # or one was left out that is of later, and told before
            if replays and in_order and (data := past.taken(ROOM)):
                replays.keep(Replay(Head(seq, some[-1].hash), latest, data))
    return past


def _replay(entries: Iterable[Entry], past: Store) -> None:
    with past.write() as session:
        held: list[object] = []  # what the session would let go of, and read again
        for happens in ("pending_to_persistent", "loaded_as_persistent"):
            event.listen(session, happens, lambda _, found: held.append(found))
        for entry in entries:
            readmodels.project(session, ledger.event(entry), entry.at)
            add_row(session, Entry, **entry.model_dump())

"""The ledger: what happened, in order, each entry sealed with the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted

from sqlalchemy import Table
from sqlmodel import Session, col, select

from schemas.events import Event
from schemas.tables import Entry
from secretariat.upcasting import newest, version_of

BEGINNING = "0" * 64
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_ENTRIES: Table = Entry.__table__  # type: ignore[attr-defined]
_LAST = select(_ENTRIES.c.seq, _ENTRIES.c.hash).order_by(_ENTRIES.c.seq.desc()).limit(1)
_ADDED = _ENTRIES.insert()
COVERED = ("seq", "at", "kind", "subject", "by", "version", "data", "key", "prev")


@dataclass(frozen=True)
class Head:
    """The last entry of a ledger: where it was and how it was sealed, or the seal's beginning."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash[:16]}"


def head(session: Session) -> Head:
    last = session.connection().execute(_LAST).first()
    return Head(*last) if last else Head(0, BEGINNING)


def append(
    session: Session, events: list[Event], *, at: datetime, by: str, key: str | None = None
) -> None:
    """Add events in the caller's transaction; ``at`` is UTC, ``key`` marks the act they belong to.

    The caller holds the store's write lock, so two writers never see the same last entry.
    """
    last = head(session)
    prev, rows = last.hash, []
    for seq, event in enumerate(events, last.seq + 1):
        version, data = version_of(event.kind), canonical(event.data)
        covered = (seq, at, event.kind, event.subject, by, version, data, key, prev)
        prev, key = seal(*covered), None
        rows.append(dict(zip(COVERED, covered, strict=True), hash=prev))
    if rows:
        session.connection().execute(_ADDED, rows)


def canonical(data: object) -> str:
    return _CANONICAL.encode(data)


def seal(
    seq: int,
    at: datetime,
    kind: str,
    subject: str,
    by: str,
    version: int,
    data: str,
    key: str | None,
    prev: str,
) -> str:
    """The hash of what an entry covers as canonical JSON, written out as there are a million."""
    moment = at.astimezone(UTC).isoformat("T", "microseconds")
    covered = (
        f'[{seq},"{moment}",{quoted(kind)},{quoted(subject)},{quoted(by)},{version},'
        f"{quoted(data)},{'null' if key is None else quoted(key)},{quoted(prev)}]"
    )
    return hashlib.sha256(covered.encode()).hexdigest()


def event(entry: Entry) -> Event:
    """What an entry says, in the shape events have today."""
    data = newest(entry.kind, entry.version, json.loads(entry.data))
    return Event(entry.kind, entry.subject, data)


def until(session: Session, at: datetime, *, after: int = 0) -> Iterator[Entry]:
    """Every entry up to and including ``at``, in order, of those after the entry with a number."""
    query = select(Entry).where(col(Entry.seq) > after, col(Entry.at) <= at)
    query = query.order_by(col(Entry.seq))
    yield from session.exec(query).yield_per(1000)

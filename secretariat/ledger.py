"""The ledger: what happened, in order, each entry sealed with the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from schemas.events import Event
from schemas.tables import Entry

BEGINNING = "0" * 64


def append(
    session: Session, events: list[Event], *, at: datetime, by: str, key: str | None = None
) -> list[Entry]:
    """Add events in the caller's transaction; ``at`` is UTC, ``key`` marks the act they belong to.

    The caller holds the store's write lock, so two writers never see the same last entry.
    """
    last = session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()
    seq, prev = (last.seq or 0, last.hash) if last else (0, BEGINNING)
    entries = []
    for event in events:
        seq += 1
        entry = Entry(
            seq=seq,
            at=at,
            kind=event.kind,
            subject=event.subject,
            by=by,
            data=canonical(event.data),
            key=key,
            prev=prev,
            hash="",
        )
        entry.hash = prev = seal(entry)
        key = None
        entries.append(entry)
    session.add_all(entries)
    return entries


def canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def seal(entry: Entry) -> str:
    """The hash an entry must carry."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [entry.seq, at, entry.kind, entry.subject, entry.by, entry.data, entry.key, entry.prev]
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def event(entry: Entry) -> Event:
    return Event(entry.kind, entry.subject, json.loads(entry.data))


def until(session: Session, at: datetime) -> Iterator[Entry]:
    """Every entry up to and including ``at``, in order."""
    query = select(Entry).where(col(Entry.at) <= at).order_by(col(Entry.seq))
    yield from session.exec(query).yield_per(1000)

"""Is the history what it was? The ledger checked entry by entry, and against what others noted."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from pydantic_core import to_jsonable_python
from sqlalchemy import Row, Table
from sqlmodel import Session, SQLModel, delete, select

from schemas.read_models import READ_MODELS
from schemas.tables import Entry, Mail, Setting
from secretariat import ledger, readmodels
from secretariat.errors import BadInputError, ConflictError
from secretariat.languages import ENGLISH, Language
from secretariat.ledger import BEGINNING, COVERED, Head, canonical, seal
from secretariat.replaying import as_of
from secretariat.store import Store

SHORTEST = 12  # hex digits of a seal that still say which entry is meant
NOTED_IN = "X-Secretariat-Ledger"  # the header of a mail that carries the head at its time
RELAYED = "relay.cursor"
_FACTS = attrgetter(*COVERED, "hash")  # as the columns of a row stand
_ENTRIES: Table = Entry.__table__  # type: ignore[attr-defined]
_NOTED = re.compile(rb"(?im)^%b:[ \t]*(?:\r\n[ \t]+)?(\S+)" % NOTED_IN.encode())
_MAILS: Table = Mail.__table__  # type: ignore[attr-defined]
_CONTENTS = (
    select(_MAILS.c.content)
    .where(_MAILS.c.content.is_not(None))
    .order_by(_MAILS.c.id)
    .execution_options(yield_per=500)
)
_ALL = _ENTRIES.select().order_by(_ENTRIES.c.seq).execution_options(yield_per=1000)


@dataclass(frozen=True)
class Fault:
    """The first thing that is not as it was: at which entry, and why."""

    seq: int
    why: str


@dataclass(frozen=True)
class Verdict:
    """What a check found; ``head`` is the last entry that is beyond doubt."""

    head: Head
    fault: Fault | None


def verify(entries: Iterable[Entry], noted: Sequence[Head] = ()) -> Verdict:
    """Check a ledger from its first entry on, and against heads noted elsewhere.

    Reads one entry at a time; ``noted`` hashes may be cut to their first 12 or more digits.
    """
    seq, prev = 0, BEGINNING
    at_seq: dict[int, list[str]] = {}
    for head in noted:
        at_seq.setdefault(head.seq, []).append(head.hash)
    try:
        for entry in entries:
            found = tuple(entry) if isinstance(entry, Row) else _FACTS(entry)
            why = _wrong(found, seq, prev)
            if not why and found[0] in at_seq:
                why = _noted_as(at_seq.pop(found[0]), found[-1])
            if why:
                return Verdict(Head(seq, prev), Fault(found[0] or 0, why))
            seq, prev = found[0], found[-1]
    except (ValueError, TypeError) as error:
        return Verdict(Head(seq, prev), Fault(seq + 1, f"cannot be read ({error})"))
    if beyond := [noted_seq for noted_seq in at_seq if noted_seq > seq]:
        why = f"and all after it are missing: entry {max(beyond)} was noted before"
        return Verdict(Head(seq, prev), Fault(seq + 1, why))
    return Verdict(Head(seq, prev), None)


def _wrong(found: tuple[Any, ...], seq: int, prev: str) -> str:
    """Why what an entry says cannot follow the last good one; empty if it can."""
    if found[0] != seq + 1:
        missing = f"{seq + 1}" if found[0] == seq + 2 else f"{seq + 1} and others"
        return f"does not follow entry {seq}: entry {missing} was taken out or renumbered"
    try:
        hash_ = seal(*found[:-1])
    except (AttributeError, ValueError, TypeError):
        return "cannot be read"
    if found[-1] != hash_:
        return "does not match its seal: something in it was changed"
    if found[-2] != prev:
        return "was sealed after another entry than the one before it: put in, moved or replaced"
    return ""


def _noted_as(before: Iterable[str], now: str) -> str:
    """Why a seal is not what was noted of it; empty if it is."""
    for noted in before:
        if not now.startswith(noted):
            return f"is sealed {now[:16]}, but was noted as {noted[:16]} before"
    return ""


def parse_head(text: str) -> Head:
    """``412:ab12cd34ef567890``, as mails print it. Raises BadInputError."""
    seq, _, digits = text.strip().partition(":")
    known = digits and set(digits) <= set("0123456789abcdef") and SHORTEST <= len(digits) <= 64
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19 and known):
        raise BadInputError(f"“{text}” is no head of a ledger such as 412:ab12cd34ef567890.")
    return Head(int(seq), digits)


def noted_heads(session: Session) -> Iterator[Head]:
    """Every head this installation noted by itself: in its mails, and in what was relayed."""
    for (content,) in session.connection().execute(_CONTENTS):
        if noted := _NOTED.search(content, 0, content.find(b"\r\n\r\n")):
            yield parse_head(noted[1].decode(errors="replace"))
    relayed = session.get(Setting, RELAYED)
    if relayed and relayed.value != "0":
        yield Head(int(relayed.value), "")


def entries(session: Session) -> Iterator[Entry]:
    """All entries in order, none kept in memory; as plain rows, in a fifth of an object's time."""
    yield from cast(Iterator[Entry], session.connection().execute(_ALL))


# -- as a file -------------------------------------------------------------------------------------


def as_line(entry: Entry) -> str:
    """An entry as a line of JSON: what is sealed, and its seal."""
    facts = {name: getattr(entry, name) for name in Entry.model_fields}
    return canonical(to_jsonable_python(facts))


def from_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of an exported file. Raises BadInputError naming the line."""
    for number, line in enumerate(lines, 1):
        try:
            found = Entry.model_validate(json.loads(line))
        except (ValueError, RecursionError):
            raise BadInputError(f"Line {number} is no entry of a ledger.") from None
        yield found


# -- what is read ----------------------------------------------------------------------------------


def differing(store: Store) -> list[str]:
    """The read models that are not, byte for byte, what the ledger makes of them."""
    made = as_of(store, datetime.max.replace(tzinfo=UTC))
    with store.read() as live, made.read() as anew:
        return [
            str(table.__tablename__)
            for table in READ_MODELS
            if dump(live, table) != dump(anew, table)
        ]


def rebuild(store: Store) -> None:
    """Make the read models anew from the ledger, all or nothing.

    Raises ConflictError: the ledger itself is not whole, so nothing may be made from it.
    """
    with store.write() as session:
        verdict = verify(entries(session))
        if verdict.fault:
            raise ConflictError(f"{said(verdict)} Nothing was rebuilt.")
        for table in READ_MODELS:
            session.exec(delete(table))
        for entry in entries(session):
            readmodels.project(session, ledger.event(entry), entry.at)
            session.flush()


def dump(session: Session, table: type[SQLModel]) -> bytes:
    """A table's rows as bytes that are equal when all its rows are."""
    keys: Any = table.__table__.primary_key.columns.values()  # type: ignore[attr-defined]
    rows = (row.model_dump(mode="json") for row in session.exec(select(table).order_by(*keys)))
    return "\n".join(canonical(row) for row in rows).encode()


def check(session: Session, noted: Iterable[Head] = ()) -> Verdict:
    """The ledger of a store, against its own notes and the heads somebody else kept."""
    return verify(entries(session), list(chain(noted_heads(session), noted)))


def said(verdict: Verdict, language: Language = ENGLISH) -> str:
    """A verdict as a sentence; what is wrong with an entry is said in English."""
    facts = {"count": verdict.head.seq, "head": verdict.head}
    if verdict.fault is None:
        return language.phrase("The ledger is whole: {count} entries, head {head}.", **facts)
    rest = language.phrase("The ledger is beyond doubt up to entry {count} ({head}).", **facts)
    return f"Entry {verdict.fault.seq} {verdict.fault.why}. {rest}"

"""What can be taken along as a table? Every list the pages show, in plain cells."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlmodel import Session, col, select

from schemas.anchor import Anchor
from schemas.phase import Phase
from schemas.programme import Programme
from schemas.tables import Entry, Holding, Obligation, PlannedMilestone, Som, Term
from secretariat import asked, ledger, words
from secretariat.errors import UnknownError

Cells: TypeAlias = tuple[object, ...]


@dataclass(frozen=True)
class Listed:
    """A table: its columns, and its rows as the store has them at ``now`` (UTC)."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Session, Programme, datetime], Iterable[Cells]]


def _holdings(session: Session, programme: Programme, _: datetime) -> Iterable[Cells]:
    for one in session.exec(select(Holding).order_by(Holding.id)):
        owner = words.name_of(programme, one.owner)
        offered = words.name_of(programme, one.offered_to) if one.offered_to else ""
        receiver = words.receiver_name(programme, one.receiver)
        phase = Phase(one.phase).words
        yield one.id, one.function, one.duty, receiver, owner, phase, one.since, offered


def _obligations(session: Session, programme: Programme, now: datetime) -> Iterable[Cells]:
    found = select(Obligation).order_by(col(Obligation.do_by), Obligation.id)
    for one in session.exec(found):
        who, state = words.name_of(programme, one.body), asked.state(one, now)
        days = one.promised_on, one.due_on, one.provisional
        yield one.id, one.function, one.title, who, *days, state, one.done_at


def _milestones(session: Session, _: Programme, __: datetime) -> Iterable[Cells]:
    found = select(PlannedMilestone).order_by(PlannedMilestone.cycle, PlannedMilestone.slug)
    for one in session.exec(found):
        yield one.cycle, one.title, one.due_on, one.provisional


def _meetings(session: Session, programme: Programme, _: datetime) -> Iterable[Cells]:
    terms = {term.som: term.member for term in session.exec(select(Term))}
    for one in session.exec(select(Som).order_by(Som.name)):
        chair = words.member_name(programme, terms[one.name]) if one.name in terms else ""
        first = Anchor.model_validate(one.postponed_from).words if one.postponed_from else ""
        when = Anchor.model_validate(one.anchor).words
        host = words.member_name(programme, one.host)
        yield one.name, host, when, first, one.venue or "", chair, one.closed_at


def _entries(session: Session, programme: Programme, _: datetime) -> Iterable[Cells]:
    for one in session.exec(select(Entry).order_by(col(Entry.seq))):
        said = words.sentence(programme, ledger.event(one), one.by)
        yield one.seq, one.at, one.kind, one.subject, one.by, said, one.hash


_OF_OBLIGATIONS = (
    "obligation",
    "function",
    "title",
    "asked of",
    "first promised",
    "do by",
    "provisional",
    "state",
    "done at",
)
TABLES = {
    table.name: table
    for table in (
        Listed(
            "holdings",
            ("holding", "function", "duty", "receiver", "owner", "phase", "since", "offered to"),
            _holdings,
        ),
        Listed("obligations", _OF_OBLIGATIONS, _obligations),
        Listed("milestones", ("cycle", "milestone", "day", "provisional"), _milestones),
        Listed(
            "meetings",
            ("meeting", "host", "when", "first planned", "venue", "chair", "closed at"),
            _meetings,
        ),
        Listed("ledger", ("no.", "at", "kind", "subject", "by", "what", "hash"), _entries),
    )
}


def table(name: str) -> Listed:
    """Raises UnknownError."""
    if name not in TABLES:
        raise UnknownError(f"There is no table “{name}”. There are {', '.join(TABLES)}.")
    return TABLES[name]

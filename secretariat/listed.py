"""What can be taken along as a table? Every list the pages show, in plain cells."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlmodel import Session, col, select

from schemas.anchor import Anchor
from schemas.measures import PARTS
from schemas.phase import Phase
from schemas.programme import Programme
from schemas.tables import Entry, Holding, Obligation, PlannedMilestone, Som, Term
from secretariat import asked, collection, figures, ledger, words
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


def _figures(session: Session, programme: Programme, _: datetime) -> Iterable[Cells]:
    """One row for each statement; parts too small to be told in public are not."""
    for figure in figures.figures(session, programme):
        what = figure.indicator, figure.name, figure.period, figure.about_name, figure.unit
        fits = "; ".join(each.words for each in figure.contradictions)
        for one in figure.statements:
            said = figure.planned, one.at_least, one.value, *map(one.parts.get, _PARTS)
            members = ", ".join(one.counts), ", ".join(one.missing)
            source = one.source, one.says, one.note, one.inferred
            who = words.name_of(programme, one.by), one.stated_at
            yield (one.id, *what, *said, *members, *source, *who, one.withdrawn_at, fits)


def _returns(session: Session, programme: Programme, now: datetime) -> Iterable[Cells]:
    """One row for each figure asked of a body, also while it is not given; drafts are not told."""
    for year in reversed(collection.years(session, programme)):
        for each in collection.collected(session, programme, now, year).returns:
            for one in each.figures:
                what = one.indicator, one.name, one.period, one.about_name, one.unit
                said = one.value, *map(one.parts.get, _PARTS), one.unavailable, one.note
                when = each.due_on, each.late, each.submitted_at, each.verified_at
                yield (each.obligation, each.body_name, *what, *said, each.state, *when)


_PARTS = tuple(part for split in PARTS.values() for part in split)
_OF_FIGURES = (
    "statement",
    "indicator",
    "figure",
    "period",
    "about",
    "unit",
    "planned",
    "at least",
    "value",
    *_PARTS,
    "counts",
    "yet to report",
    "source",
    "its sentence",
    "footnote",
    "inferred",
    "stated by",
    "stated at",
    "withdrawn at",
    "does not fit",
)
_OF_RETURNS = (
    "obligation",
    "asked of",
    "indicator",
    "figure",
    "period",
    "about",
    "unit",
    "value",
    *_PARTS,
    "not available",
    "note",
    "state",
    "due on",
    "late",
    "handed in at",
    "verified at",
)
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
        Listed("figures", _OF_FIGURES, _figures),
        Listed("returns", _OF_RETURNS, _returns),
        Listed("ledger", ("no.", "at", "kind", "subject", "by", "what", "hash"), _entries),
    )
}


def table(name: str) -> Listed:
    """Raises UnknownError."""
    if name not in TABLES:
        raise UnknownError(f"There is no table “{name}”. There are {', '.join(TABLES)}.")
    return TABLES[name]

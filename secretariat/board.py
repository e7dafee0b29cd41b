"""Where does everything stand? What the pages and ``status`` show, read from the read models."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, case, col, func, select

from schemas.anchor import Anchor
from schemas.forecast import Change, Forecast, TooLittle
from schemas.phase import Phase, Standing, Transferred
from schemas.programme import Function, Programme
from schemas.status import FunctionStatus, HoldingStatus, Status
from schemas.tables import Cycle, Entry, Holding, Obligation, PlannedMilestone, Run, Som, Term
from secretariat import forecast, ledger, rotation
from secretariat.commands.holdings import held
from secretariat.commands.office import in_office
from secretariat.languages import ENGLISH, Language
from secretariat.ownership import counts_as, transferred

PHASES = list(Phase)
# As ``counts_as`` has it; in words of SQL, as PostgreSQL groups by no parameters.
_UN_LED: ColumnElement[str] = literal_column(f"'{Phase.UN_LED}'")
_PHASE = case((col(Holding.custody_of).is_not(None), _UN_LED), else_=col(Holding.phase))


class Alike(NamedTuple):
    """How many holdings of a function, at one receiver, have one owner and count for one phase."""

    function: str
    receiver: str
    owner: str
    phase: Phase
    holdings: int


@dataclass(frozen=True)
class Cell:
    """A function in one country: the phase its holdings have all reached, and how many went on."""

    phase: Phase
    beyond: int
    receivers: list[str]
    owners: list[str]
    late: int


@dataclass(frozen=True)
class Row:
    """A function with its cells by country; a country without one has no holding in it."""

    function: Function
    transferred: Transferred
    cells: dict[str, Cell]
    owners: list[str]
    next_deadline: Obligation | None
    late: int


@dataclass(frozen=True)
class Meeting:
    """A SOM to come: days until its date, or until the last day of its quarter."""

    som: Som
    anchor: Anchor
    days: int
    next_milestone: PlannedMilestone | None


@dataclass(frozen=True)
class Chair:
    troika: rotation.Troika
    term: Term | None
    incoming: Term | None
    outgoing: Term | None = None


def status(session: Session, programme: Programme, now: datetime) -> Status:
    """The handover at ``now``, computed from the holdings."""
    return Status(
        at=now,
        functions=[
            FunctionStatus(
                slug=row.function.slug,
                name=row.function.name,
                transferred=row.transferred,
                holdings=_statuses(session, row.function),
                open=open_holdings(session, row.function),
                next_deadline=row.next_deadline.do_by if row.next_deadline else None,
                late=row.late,
            )
            for row in rows(session, programme, now)
        ],
    )


def counts(session: Session, programme: Programme) -> dict[Transferred, int]:
    """How many functions of the programme are transferred so far."""
    phases: dict[str, set[str]] = defaultdict(set)
    for function, phase in session.exec(select(Holding.function, _PHASE).distinct()):
        phases[function].add(phase)
    alike = Counter(frozenset(phases[function.slug]) for function in programme.functions)
    found = dict.fromkeys(Transferred, 0)
    for reached, functions in alike.items():
        found[transferred(map(Phase, reached))] += functions
    return found


def rows(
    session: Session,
    programme: Programme,
    now: datetime,
    functions: Sequence[Function] | None = None,
) -> list[Row]:
    """One row for each function of the programme, or of those named, in their order.

    What is alike is counted where it lies, so that many holdings cost little more than few.
    """
    asked = programme.functions if functions is None else functions
    slugs = None if functions is None else [function.slug for function in functions]
    holdings: dict[str, list[Alike]] = defaultdict(list)
    for alike in _alike(session, slugs):
        holdings[alike.function].append(alike)
    late: dict[str, Counter[str]] = defaultdict(Counter)
    for function, body, count in _late(session, now, slugs):
        late[function][body] = count
    coming = {obligation.function: obligation for obligation in _coming(session, now, slugs)}
    chair = in_office(session)
    return [
        _row(
            programme,
            function,
            holdings[function.slug],
            late[function.slug],
            coming.get(function.slug),
            chair,
        )
        for function in asked
    ]


def _alike(session: Session, functions: Collection[str] | None) -> Iterator[Alike]:
    same = (col(Holding.function), col(Holding.receiver), col(Holding.owner), _PHASE)
    query = sqlalchemy.select(*same, func.count()).group_by(*same)
    if functions is not None:
        query = query.where(col(Holding.function).in_(functions))
    for function, receiver, owner, phase, count in session.connection().execute(query):
        yield Alike(function, receiver, owner, Phase(phase), count)


def _late(
    session: Session, now: datetime, functions: Collection[str] | None
) -> Iterable[tuple[str, str, int]]:
    """How much each body is late with, by function."""
    query = select(Obligation.function, Obligation.body, func.count()).where(*_is_late(now))
    if functions is not None:
        query = query.where(col(Obligation.function).in_(functions))
    return session.exec(query.group_by(col(Obligation.function), col(Obligation.body)))


def _coming(
    session: Session, now: datetime, functions: Collection[str] | None
) -> Iterable[Obligation]:
    """What is to be done next in each function."""
    first = (col(Obligation.do_by), col(Obligation.id))
    turn = func.row_number().over(partition_by=col(Obligation.function), order_by=first)
    ahead = select(Obligation.id, turn.label("turn")).where(
        col(Obligation.done_at).is_(None), Obligation.do_by > now
    )
    if functions is not None:
        ahead = ahead.where(col(Obligation.function).in_(functions))
    found = ahead.subquery()
    return session.exec(
        select(Obligation).join(found, found.c.id == Obligation.id).where(found.c.turn == 1)
    )


def _row(
    programme: Programme,
    function: Function,
    holdings: list[Alike],
    late: Counter[str],
    coming: Obligation | None,
    chair: Term | None,
) -> Row:
    here: dict[str, list[Alike]] = defaultdict(list)
    for alike in holdings:
        for country in countries(alike.receiver, chair):
            here[country].append(alike)
    owed: Counter[str | None] = Counter()
    for body, count in late.items():
        owed[_country(programme, body, chair)] += count
    return Row(
        function=function,
        transferred=transferred(alike.phase for alike in holdings),
        cells={code: _cell(found, owed[code]) for code, found in here.items()},
        owners=sorted({alike.owner for alike in holdings}),
        next_deadline=coming,
        late=late.total(),
    )


def _country(programme: Programme, body: str, chair: Term | None) -> str | None:
    """Where a body is: a task force in its country, the chair's office where the chair is."""
    if body == programme.chair:
        return chair.member if chair else None
    found = programme.body(body)
    return found.member if found else None


def _cell(holdings: list[Alike], late: int) -> Cell:
    lowest = min(PHASES.index(alike.phase) for alike in holdings)
    return Cell(
        phase=PHASES[lowest],
        beyond=sum(a.holdings for a in holdings if PHASES.index(a.phase) > lowest),
        receivers=sorted({alike.receiver for alike in holdings}),
        owners=sorted({alike.owner for alike in holdings}),
        late=late,
    )


def countries(receiver: str, chair: Term | None) -> list[str]:
    """The members a receiver stands for: the chair is whoever holds it, a pair is both."""
    if receiver == "chair":
        return [chair.member] if chair else []
    return receiver.split("-")


def _statuses(session: Session, function: Function) -> list[HoldingStatus]:
    query = select(Holding).where(Holding.function == function.slug).order_by(Holding.id)
    return [
        HoldingStatus(duty=h.duty, receiver=h.receiver, owner=h.owner, phase=Phase(h.phase))
        for h in session.exec(query)
    ]


def open_holdings(session: Session, function: Function) -> list[str]:
    """The holdings a function still lacks to be fully transferred."""
    query = select(Holding).where(Holding.function == function.slug).order_by(Holding.id)
    led = (Phase.GOVERNMENT_LED, Phase.COMPLETED)
    return [h.id for h in session.exec(query) if counts_as(held(h)) not in led]


def open_obligations(session: Session) -> list[Obligation]:
    query = select(Obligation).where(col(Obligation.done_at).is_(None))
    return list(session.exec(query.order_by(col(Obligation.do_by), col(Obligation.id))))


def late(session: Session, now: datetime, most: int | None = None) -> list[Obligation]:
    """What is late, longest first."""
    first = (col(Obligation.do_by), col(Obligation.id))
    return list(session.exec(select(Obligation).where(*_is_late(now)).order_by(*first).limit(most)))


def count_late(session: Session, now: datetime) -> int:
    return session.exec(select(func.count()).where(*_is_late(now))).one()


def _is_late(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(Obligation.done_at).is_(None), col(Obligation.do_by) <= now


def chair(session: Session) -> Chair:
    """Who chairs, who did before, who is agreed to follow."""
    term = in_office(session)
    terms = session.exec(select(Term)).all()
    left = [t for t in terms if t.left_at]
    agreed = [t for t in terms if t.took_office_at is None]
    before = max(left, key=lambda t: rotation.number(t.som), default=None)
    incoming = min(agreed, key=lambda t: rotation.number(t.som), default=None)
    troika = rotation.Troika(
        outgoing=before.member if before else None,
        in_office=term.member if term else None,
        incoming=incoming.member if incoming else None,
    )
    return Chair(troika, term, incoming, before)


def meetings(session: Session, today: date) -> list[Meeting]:
    """The SOMs not yet closed, the next one first."""
    found = []
    for som in session.exec(select(Som).where(col(Som.closed_at).is_(None))):
        anchor = Anchor.model_validate(som.anchor)
        coming = session.exec(
            select(PlannedMilestone)
            .join(Cycle, col(Cycle.id) == PlannedMilestone.cycle)
            .where(Cycle.name == som.name, PlannedMilestone.due_on >= today)
            .order_by(col(PlannedMilestone.due_on))
            .limit(1)
        ).first()
        found.append(Meeting(som, anchor, (anchor.day - today).days, coming))
    return sorted(
        found, key=lambda meeting: (meeting.anchor.day, rotation.number(meeting.som.name))
    )


def today(programme: Programme, now: datetime) -> date:
    """The day it is where the programme is at home."""
    return now.astimezone(ZoneInfo(programme.zone)).date()


def runs(session: Session, limit: int = 5) -> list[Run]:
    """The latest flow runs."""
    return list(session.exec(select(Run).order_by(col(Run.asked_at).desc()).limit(limit)))


def outlook(
    session: Session, programme: Programme, now: datetime, language: Language = ENGLISH
) -> Forecast | TooLittle:
    """When everything will be fully transferred, by the moves of holdings up to ``now``.

    Chance is seeded by the moves themselves: the same history gives the same forecast.
    """
    changes = phase_changes(session)
    last = f"{changes[-1].holding} {changes[-1].at.isoformat()}" if changes else ""
    return forecast.forecast(
        changes,
        now,
        closes=programme.closes,
        zone=programme.zone,
        seed=last,
        paused=_paused(session),
        language=language,
    )


def phase_changes(session: Session) -> list[Change]:
    """Every opening of a holding and every change of what it counts as, in custody UN-led."""
    changes: list[Change] = []
    phases: dict[str, Phase] = {}
    custody: dict[str, str | None] = {}
    query = select(Entry).where(col(Entry.kind).startswith("holding.")).order_by(col(Entry.seq))
    for entry in session.exec(query):
        data = ledger.event(entry).data
        custody[entry.subject] = data.get("custody_of", custody.get(entry.subject))
        phase = Phase.UN_LED if custody[entry.subject] else data.get("phase")
        before = phases.get(entry.subject)
        if phase is None or phase == before:
            continue
        after = phases[entry.subject] = Phase(phase)
        function = entry.subject.partition("/")[0]
        changes.append(Change(entry.subject, function, before, after, entry.at))
    return changes


def _paused(session: Session) -> frozenset[str]:
    """Holdings that do not move at present: the suspended ones."""
    query = select(Holding.id).where(Holding.standing == Standing.SUSPENDED)
    return frozenset(session.exec(query))

"""Where does everything stand? What the pages and ``status`` show, read from the read models."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from schemas.anchor import Anchor
from schemas.forecast import Change, Forecast, TooLittle
from schemas.phase import Phase, Standing, Transferred
from schemas.programme import Function, Programme
from schemas.status import FunctionStatus, HoldingStatus, Status
from schemas.tables import Entry, Holding, Obligation, PlannedMilestone, Run, Som, Term
from secretariat import forecast, ledger, rotation
from secretariat.commands.holdings import held
from secretariat.commands.office import in_office
from secretariat.languages import ENGLISH, Language
from secretariat.ownership import counts_as, transferred

PHASES = list(Phase)


@dataclass(frozen=True)
class Cell:
    """A function in one country: the phase its holdings have all reached, and how many went on."""

    phase: Phase
    beyond: int
    holdings: list[Holding]
    late: int

    @property
    def owners(self) -> list[str]:
        return sorted({holding.owner for holding in self.holdings})


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


def rows(session: Session, programme: Programme, now: datetime) -> list[Row]:
    """One row for each function of the programme, in its order."""
    holdings: dict[str, list[Holding]] = defaultdict(list)
    for holding in session.exec(select(Holding).order_by(Holding.id)):
        holdings[holding.function].append(holding)
    obligations: dict[str, list[Obligation]] = defaultdict(list)
    for obligation in open_obligations(session):
        obligations[obligation.function].append(obligation)
    chair = in_office(session)
    return [
        _row(programme, function, holdings[function.slug], obligations[function.slug], chair, now)
        for function in programme.functions
    ]


def _row(
    programme: Programme,
    function: Function,
    holdings: list[Holding],
    obligations: list[Obligation],
    chair: Term | None,
    now: datetime,
) -> Row:
    late = [obligation for obligation in obligations if obligation.do_by <= now]
    coming = [obligation for obligation in obligations if obligation.do_by > now]
    here: dict[str, list[Holding]] = defaultdict(list)
    for holding in holdings:
        for country in countries(holding.receiver, chair):
            here[country].append(holding)
    owed: dict[str | None, int] = defaultdict(int)
    for obligation in late:
        owed[_country(programme, obligation.body, chair)] += 1
    return Row(
        function=function,
        transferred=transferred(counts_as(held(holding)) for holding in holdings),
        cells={code: _cell(held, owed[code]) for code, held in here.items()},
        owners=sorted({holding.owner for holding in holdings}),
        next_deadline=min(coming, key=lambda o: o.do_by, default=None),
        late=len(late),
    )


def _country(programme: Programme, body: str, chair: Term | None) -> str | None:
    """Where a body is: a task force in its country, the chair's office where the chair is."""
    if body == programme.chair:
        return chair.member if chair else None
    found = programme.body(body)
    return found.member if found else None


def _cell(holdings: list[Holding], late: int) -> Cell:
    reached = [PHASES.index(counts_as(held(holding))) for holding in holdings]
    lowest = min(reached)
    return Cell(PHASES[lowest], sum(phase > lowest for phase in reached), holdings, late)


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


def late(session: Session, now: datetime) -> list[Obligation]:
    """What is late, longest first."""
    return [obligation for obligation in open_obligations(session) if obligation.do_by <= now]


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
            .where(col(PlannedMilestone.cycle).endswith(f"/{som.name}"))
            .where(PlannedMilestone.due_on >= today)
            .order_by(col(PlannedMilestone.due_on))
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


def phase_changes(session: Session, holdings: Collection[str] | None = None) -> list[Change]:
    """Every opening of a holding and every change of what it counts as, in custody UN-led.

    Of all holdings, or of those named.
    """
    changes: list[Change] = []
    phases: dict[str, Phase] = {}
    custody: dict[str, str | None] = {}
    query = select(Entry).where(col(Entry.kind).startswith("holding.")).order_by(col(Entry.seq))
    if holdings is not None:
        query = query.where(col(Entry.subject).in_(holdings))
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

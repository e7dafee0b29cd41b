"""How each event changes what the pages read. Nothing else writes these tables."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from sqlmodel import Session, SQLModel

from schemas.events import Event
from schemas.tables import Cycle, Holding, Obligation, PlannedMilestone, Som, Term
from secretariat.errors import UnknownError

Row = TypeVar("Row", bound=SQLModel)
Projection = Callable[[Session, Event, datetime], None]
_PROJECTIONS: dict[str, Projection] = {}


def project(session: Session, event: Event, at: datetime) -> None:
    """Apply one event to the read models; events no page reads change nothing."""
    if projection := _PROJECTIONS.get(event.kind):
        projection(session, event, at)


def row(session: Session, table: type[Row], key: str) -> Row:
    """The row of that key. Raises UnknownError."""
    found = session.get(table, key)
    if found is None:
        raise UnknownError(f"There is no {table.__name__.lower()} “{key}”.")
    return found


def _on(*kinds: str) -> Callable[[Projection], Projection]:
    def register(projection: Projection) -> Projection:
        _PROJECTIONS.update(dict.fromkeys(kinds, projection))
        return projection

    return register


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@_on("holding.opened")
def _opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Holding(id=event.subject, since=at, **event.data))


@_on("holding.offered")
def _offered(session: Session, event: Event, at: datetime) -> None:
    holding = row(session, Holding, event.subject)
    holding.offered_phase, holding.offered_at = event.data["phase"], at


@_on("holding.declined", "holding.withdrawn")
def _not_taken(session: Session, event: Event, at: datetime) -> None:
    holding = row(session, Holding, event.subject)
    holding.offered_phase = holding.offered_at = None


@_on("holding.accepted", "holding.advanced", "holding.returned")
def _moved_on(session: Session, event: Event, at: datetime) -> None:
    holding = row(session, Holding, event.subject)
    holding.owner, holding.phase, holding.since = event.data["owner"], event.data["phase"], at
    holding.offered_phase = holding.offered_at = None


@_on("chair.agreed")
def _chair_agreed(session: Session, event: Event, at: datetime) -> None:
    term = session.get(Term, event.subject)
    if term is None:
        session.add(Term(som=event.subject, **event.data))
    else:
        term.member, term.agreement = event.data["member"], event.data["agreement"]


@_on("chair.taken")
def _chair_taken(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).took_office_at = at


@_on("chair.left")
def _chair_left(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).left_at = at


@_on("som.planned")
def _som_planned(session: Session, event: Event, at: datetime) -> None:
    session.add(Som(name=event.subject, **event.data))


@_on("som.postponed")
def _som_postponed(session: Session, event: Event, at: datetime) -> None:
    som = row(session, Som, event.subject)
    som.postponed_from, som.anchor = som.anchor, event.data["anchor"]


@_on("som.closed")
def _som_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Som, event.subject).closed_at = at


@_on("cycle.opened")
def _cycle_opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Cycle(id=event.subject, opened_at=at, **event.data))


@_on("cycle.moved")
def _cycle_moved(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).anchor = event.data["anchor"]


@_on("cycle.closed")
def _cycle_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).closed_at = at


@_on("milestone.planned")
def _milestone_planned(session: Session, event: Event, at: datetime) -> None:
    planned = PlannedMilestone(
        id=event.subject, **event.data | {"due_on": date.fromisoformat(event.data["due_on"])}
    )
    session.merge(planned)


@_on("obligation.asked")
def _asked(session: Session, event: Event, at: datetime) -> None:
    times = {name: _instant(event.data[name]) for name in ("asked_at", "acknowledge_by", "do_by")}
    session.add(Obligation(id=event.subject, **event.data | times))


@_on("obligation.moved")
def _moved(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.moved_from = obligation.do_by
    for name in ("asked_at", "acknowledge_by", "do_by"):
        setattr(obligation, name, _instant(event.data[name]))
    obligation.provisional = event.data["provisional"]


@_on("obligation.released")
def _released(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Obligation, event.subject))


@_on("obligation.acknowledged")
def _acknowledged(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.acknowledged_at, obligation.acknowledged_by = at, event.data["body"]


@_on("obligation.done")
def _done(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.done_at, obligation.done_by = at, event.data["body"]
    obligation.note = event.data["note"]

"""The chair, its meetings, and the cycles of functions with their milestones."""

from datetime import date, datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.tables import Cycle, PlannedMilestone, Som, Term
from secretariat.readmodels.projecting import facts_for, on, row


@on("chair.agreed")
def _chair_agreed(session: Session, event: Event, at: datetime) -> None:
    term = session.get(Term, event.subject)
    if term is None:
        session.add(Term(som=event.subject, **facts_for(Term, event)))
    else:
        term.member, term.agreement = event.data["member"], event.data["agreement"]


@on("chair.taken")
def _chair_taken(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).took_office_at = at


@on("chair.left")
def _chair_left(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).left_at = at


@on("som.planned")
def _som_planned(session: Session, event: Event, at: datetime) -> None:
    session.add(Som(name=event.subject, **facts_for(Som, event)))


@on("som.postponed")
def _som_postponed(session: Session, event: Event, at: datetime) -> None:
    som = row(session, Som, event.subject)
    som.postponed_from, som.anchor = som.anchor, event.data["anchor"]


@on("som.closed")
def _som_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Som, event.subject).closed_at = at


@on("cycle.opened")
def _cycle_opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Cycle(id=event.subject, opened_at=at, **facts_for(Cycle, event)))


@on("cycle.moved")
def _cycle_moved(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).anchor = event.data["anchor"]


@on("cycle.closed")
def _cycle_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).closed_at = at


@on("milestone.planned")
def _milestone_planned(session: Session, event: Event, at: datetime) -> None:
    facts = facts_for(PlannedMilestone, event) | {
        "due_on": date.fromisoformat(event.data["due_on"])
    }
    session.merge(PlannedMilestone(id=event.subject, **facts))

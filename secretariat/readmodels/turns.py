"""Who passed a turn of the chair, and which turns are offered for another."""

from datetime import datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.tables import Term
from schemas.turn_tables import PassedTurn, Swap
from secretariat.readmodels.projecting import facts_for, on, row


@on("chair.passed")
def _passed(session: Session, event: Event, at: datetime) -> None:
    facts = facts_for(PassedTurn, event)
    session.add(PassedTurn(som=event.subject, passed_at=at, **facts))
    _nobody_agreed(session, event.subject)


@on("chair.swap-offered")
def _swap_offered(session: Session, event: Event, at: datetime) -> None:
    facts = facts_for(Swap, event)
    session.merge(
        Swap(som=event.subject, state="offered", offered_at=at, answered_at=None, **facts)
    )


@on("chair.swap-accepted", "chair.swap-declined")
def _swap_answered(session: Session, event: Event, at: datetime) -> None:
    swap = row(session, Swap, event.subject)
    swap.state, swap.answered_at = event.kind.partition("-")[2], at
    if swap.state == "accepted":
        _nobody_agreed(session, event.subject)


def _nobody_agreed(session: Session, som: str) -> None:
    """What was agreed for a turn falls away with it."""
    if term := session.get(Term, som):
        session.delete(term)

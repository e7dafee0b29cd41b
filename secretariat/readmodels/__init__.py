"""How each event changes what the pages read. Nothing else writes these tables."""

from datetime import datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.tables import Holding
from secretariat.readmodels import (
    agenda,
    figures,
    holdings,
    meetings,
    obligations,
    people,
    returns,
    turns,
)
from secretariat.readmodels.projecting import PROJECTIONS, find, row, unknown

__all__ = [
    "agenda",
    "figures",
    "find",
    "holdings",
    "meetings",
    "obligations",
    "people",
    "project",
    "returns",
    "row",
    "turns",
    "unknown",
]


def project(session: Session, event: Event, at: datetime) -> bool:
    """Apply one event to the read models; False: no page reads it, so nothing was changed."""
    projection = PROJECTIONS.get(event.kind)
    if projection:
        projection(session, event, at)
    of_a_holding = event.kind.partition(".")[0] in ("holding", "readiness", "review")
    if of_a_holding:
        row(session, Holding, event.subject).version += 1
    return of_a_holding or projection is not None

"""What was stated of each figure, and how far each strand has come."""

from datetime import datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.figure_tables import StageReport, Statement
from secretariat.readmodels.projecting import facts_for, on, row


@on("figure.stated")
def _stated(session: Session, event: Event, at: datetime) -> None:
    facts = facts_for(Statement, event)
    number = facts["number"]
    session.add(Statement(id=f"{event.subject}#{number}", stated_at=at, **facts))


@on("figure.withdrawn")
def _withdrawn(session: Session, event: Event, at: datetime) -> None:
    statement = row(session, Statement, event.subject)
    statement.withdrawn_at, statement.withdrawn_why = at, event.data["reason"]


@on("stage.reported")
def _stage_reported(session: Session, event: Event, at: datetime) -> None:
    facts = facts_for(StageReport, event)
    session.merge(StageReport(id=event.subject, reported_at=at, **facts))

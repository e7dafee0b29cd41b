"""What figures each body has handed in, and how far they are."""

from datetime import datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.return_tables import FigureReturn
from secretariat.readmodels.projecting import on, row


@on("return.saved")
def _saved(session: Session, event: Event, at: datetime) -> None:
    found = session.get(FigureReturn, event.subject) or _begun(event, at)
    found.draft, found.saved_at = event.data["draft"], at
    found.version += 1
    session.add(found)


@on("return.submitted")
def _submitted(session: Session, event: Event, at: datetime) -> None:
    found = session.get(FigureReturn, event.subject) or _begun(event, at)
    if found.first_submitted_at is None:
        found.first_submitted_at, found.late = at, event.data["late"]
    found.state, found.figures, found.draft = "submitted", event.data["figures"], None
    found.number, found.submitted_by = event.data["number"], event.data["contact"]
    found.saved_at = found.submitted_at = at
    found.submissions += 1
    found.version += 1
    session.add(found)


def _begun(event: Event, at: datetime) -> FigureReturn:
    facts = {n: event.data[n] for n in ("function", "period", "body")}
    return FigureReturn(id=event.subject, state="draft", figures=[], saved_at=at, **facts)


@on("return.correction-requested")
def _sent_back(session: Session, event: Event, at: datetime) -> None:
    found = row(session, FigureReturn, event.subject)
    found.state, found.correction, found.correction_asked_at = (
        "correction",
        event.data["reason"],
        at,
    )
    found.draft = found.figures
    found.version += 1


@on("return.verified")
def _verified(session: Session, event: Event, at: datetime) -> None:
    found = row(session, FigureReturn, event.subject)
    found.state, found.verified_at, found.verified_by = "verified", at, event.data["by"]
    found.verified_note = event.data["note"]
    found.version += 1

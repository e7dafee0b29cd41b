"""Which bodies end, who holds a post, who is away."""

from datetime import datetime

from sqlmodel import Session, select

from schemas.events import Event
from schemas.tables import Absence, Ending, PostHeld
from secretariat.readmodels.projecting import instant, instant_or_none, on, row


@on("body.ends")
def _body_ends(session: Session, event: Event, at: datetime) -> None:
    ends_at, reason = instant(event.data["ends_at"]), event.data["reason"]
    session.merge(Ending(body=event.subject, ends_at=ends_at, reason=reason))


@on("body.ended")
def _body_ended(session: Session, event: Event, at: datetime) -> None:
    row(session, Ending, event.subject).ended_at = at


@on("body.restored")
def _body_restored(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Ending, event.subject))


@on("post.held")
def _post_held(session: Session, event: Event, at: datetime) -> None:
    since, until = instant(event.data["since"]), instant_or_none(event.data["until"])
    before = select(PostHeld).where(PostHeld.post == event.subject, PostHeld.since < since)
    for held in session.exec(before):
        if held.until is None or held.until > since:
            held.until = since
    person = event.data["person"]
    session.merge(PostHeld(post=event.subject, since=since, person=person, until=until))


@on("absence.began")
def _absence_began(session: Session, event: Event, at: datetime) -> None:
    since, until = instant(event.data["since"]), instant(event.data["until"])
    substitute = event.data["substitute"]
    session.merge(Absence(post=event.subject, since=since, until=until, substitute=substitute))


@on("absence.ended")
def _absence_ended(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Absence, event.subject))

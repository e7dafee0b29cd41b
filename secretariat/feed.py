"""What stands in a body's calendar? Its obligations and the meetings, for calendar programs."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256

from icalendar import Calendar, Event, vDuration
from sqlmodel import Session, col, select

from schemas.anchor import Anchor
from schemas.programme import Programme
from schemas.tables import Obligation, Som
from secretariat import words
from secretariat.errors import UnknownError
from secretariat.languages import ENGLISH, Language, language_of

ASKED_AGAIN_AFTER = timedelta(hours=1)


def feed(session: Session, programme: Programme, whose: str, now: datetime, board: str) -> bytes:
    """The calendar of a body, or of a contact in the contact's language (RFC 5545 and 7986).

    ``board`` is the address entries lead to. Raises UnknownError.
    """
    contact = programme.contact(whose)
    body = programme.body(contact.body if contact else whose)
    if body is None:
        raise UnknownError(f"There is no body or contact “{whose}” in this programme.")
    language = language_of(contact.language) if contact else ENGLISH
    name = f"{programme.name}: {words.name_of(programme, body.slug)}"
    calendar = Calendar()
    calendar.add("prodid", "-//secretariat//EN")
    calendar.add("version", "2.0")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", vDuration(ASKED_AGAIN_AFTER), parameters={"VALUE": "DURATION"})
    for event in _events(session, programme, body.slug, language, board):
        event.add("dtstamp", now)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(
    session: Session, programme: Programme, body: str, language: Language, board: str
) -> Iterator[Event]:
    asked = select(Obligation).where(Obligation.body == body, col(Obligation.done_at).is_(None))
    for one in session.exec(asked.order_by(Obligation.id)):
        event = _all_day(one.id, words.step_title(programme, one.title, language), one.due_on)
        event.add("sequence", one.sequence)
        event.add("status", "TENTATIVE" if one.provisional else "CONFIRMED")
        event.add("transp", "TRANSPARENT")
        event.add("url", f"{board}/obligations/{one.id}")
        yield event
    for som in session.exec(select(Som).where(col(Som.closed_at).is_(None)).order_by(Som.name)):
        anchor = Anchor.model_validate(som.anchor)
        event = _all_day(som.name, f"{som.name}: {anchor.words}", anchor.day)
        event.add("status", "TENTATIVE" if anchor.tentative else "CONFIRMED")
        event.add("url", f"{board}/meetings/{som.name}")
        if som.venue:
            event.add("location", som.venue)
        yield event


def _all_day(about: str, title: str, day: date) -> Event:
    event = Event()
    event.add("uid", f"{sha256(about.encode()).hexdigest()[:32]}@feed")
    event.add("summary", title)
    event.add("dtstart", day)
    return event

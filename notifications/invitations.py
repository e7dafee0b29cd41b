"""How does a date get into a reader's calendar? As an RFC 5545 event with an identity for life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from icalendar import Calendar, Event, vCalAddress, vUri


@dataclass(frozen=True)
class Invitation:
    """One day for one reader.

    The same ``uid`` with a greater ``sequence`` moves the event, or takes it away: ``cancelled``.
    ``busy`` says whether the day is taken, as by a meeting; a deadline leaves it free.
    """

    uid: str
    sequence: int
    day: date
    summary: str
    description: str
    link: str
    organizer: Address
    attendee: Address
    language: str
    written_at: datetime
    busy: bool = False
    cancelled: bool = False

    @property
    def method(self) -> str:
        return "CANCEL" if self.cancelled else "REQUEST"

    def as_bytes(self) -> bytes:
        """The calendar object, its lines folded; the same each time."""
        event = Event()
        event.add("uid", self.uid)
        event.add("sequence", self.sequence)
        event.add("dtstamp", self.written_at)
        event.add("dtstart", self.day)
        event.add("dtend", self.day + timedelta(days=1))
        event.add("summary", self.summary, parameters={"LANGUAGE": self.language})
        event.add("description", self.description, parameters={"LANGUAGE": self.language})
        event.add("url", vUri(self.link))
        event.add("organizer", _mailbox(self.organizer))
        event.add("attendee", _mailbox(self.attendee, ROLE="REQ-PARTICIPANT", RSVP="FALSE"))
        event.add("transp", "OPAQUE" if self.busy else "TRANSPARENT")
        event.add("status", "CANCELLED" if self.cancelled else "CONFIRMED")
        calendar = Calendar()
        calendar.add("prodid", "-//secretariat//handover//EN")
        calendar.add("version", "2.0")
        calendar.add("method", self.method)
        calendar.add_component(event)
        content: bytes = calendar.to_ical()
        return content


def attach(message: EmailMessage, invitations: Sequence[Invitation]) -> None:
    """Each as a file, and a single one also as a part that mail programs act on by themselves."""
    if len(invitations) == 1:
        (only,) = invitations
        message.add_alternative(
            only.as_bytes().decode(),
            subtype="calendar",
            params={"method": only.method},
            cte="base64",
        )
    for number, invitation in enumerate(invitations, 1):
        name = f"invitation-{number}.ics" if len(invitations) > 1 else "invitation.ics"
        message.add_attachment(
            invitation.as_bytes(), maintype="application", subtype="ics", filename=name
        )


def _mailbox(person: Address, **parameters: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{person.addr_spec}")
    found.params |= {"CN": person.display_name, **parameters}
    return found

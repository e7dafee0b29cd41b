"""How does a date get into a reader's calendar? As an RFC 5545 event with an identity for life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from icalendar import Calendar, Event, vCalAddress, vUri

from notifications.appointments import Appointment
from notifications.harmless import body_text, header_text


@dataclass(frozen=True)
class Invitation:
    """An appointment for one reader, in whose language it is; ``written_at`` is aware."""

    appointment: Appointment
    description: str
    link: str
    organizer: Address
    attendee: Address
    language: str
    written_at: datetime

    @property
    def method(self) -> str:
        return "CANCEL" if self.appointment.cancelled else "REQUEST"

    def as_bytes(self) -> bytes:
        """The calendar object, its lines folded; the same each time."""
        found, speaks = self.appointment, {"LANGUAGE": self.language}
        event = Event()
        event.add("uid", found.uid(self.organizer.domain))
        event.add("sequence", found.sequence)
        event.add("dtstamp", self.written_at)
        event.add("dtstart", found.day)
        event.add("dtend", found.day + timedelta(days=1))
        event.add("summary", header_text(found.summary), parameters=speaks)
        event.add("description", body_text(self.description).strip(), parameters=speaks)
        event.add("url", vUri(self.link))
        event.add("organizer", _mailbox(self.organizer))
        event.add("attendee", _mailbox(self.attendee, ROLE="REQ-PARTICIPANT", RSVP="FALSE"))
        event.add("transp", "OPAQUE" if found.busy else "TRANSPARENT")
        event.add("status", "CANCELLED" if found.cancelled else "CONFIRMED")
        calendar = Calendar()
        calendar.add("prodid", "-//secretariat//handover//EN")
        calendar.add("version", "2.0")
        calendar.add("method", self.method)
        calendar.add_component(event)
        content: bytes = calendar.to_ical()
        return content


def attach(message: EmailMessage, invitations: Sequence[Invitation]) -> None:
    """Each as a file, and a single one also as a part that mail programs act on by themselves."""
    written = [(invitation, invitation.as_bytes()) for invitation in invitations]
    if len(written) == 1:
        ((only, content),) = written
        message.add_alternative(
            content.decode(),
            subtype="calendar",
            params={"method": only.method},
            cte="base64",
        )
    for number, (_, content) in enumerate(written, 1):
        name = f"invitation-{number}.ics" if len(written) > 1 else "invitation.ics"
        message.add_attachment(content, maintype="application", subtype="ics", filename=name)


def _mailbox(person: Address, **parameters: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{person.addr_spec}")
    found.params |= {"CN": person.display_name, **parameters}
    return found

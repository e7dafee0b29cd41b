"""How does a date get into a reader's calendar? As an RFC 5545 event with an identity for life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

from notifications.appointments import Appointment
from notifications.harmless import body_text, header_text
from notifications.mime import Part, based

_OCTETS_A_LINE = 74  # and the space each further one begins with
_IN_TEXT = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
_APART = set(" ',;:’")
_IN_PARAMETER = str.maketrans({"^": "^^", '"': "^'"})


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
        guest = {"ROLE": "REQ-PARTICIPANT", "RSVP": "FALSE"}
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//secretariat//handover//EN",
            f"METHOD:{self.method}",
            "BEGIN:VEVENT",
            _line("SUMMARY", _escaped(header_text(found.summary)), speaks),
            f"DTSTART;VALUE=DATE:{found.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{found.day + timedelta(days=1):%Y%m%d}",
            f"DTSTAMP:{self.written_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"UID:{found.uid(self.organizer.domain)}",
            f"SEQUENCE:{found.sequence}",
            *([_line("LOCATION", _escaped(header_text(found.where)), {})] if found.where else []),
            _line("ATTENDEE", *_person(self.attendee, guest)),
            _line("DESCRIPTION", _escaped(body_text(self.description).strip()), speaks),
            _line("ORGANIZER", *_person(self.organizer, {})),
            f"STATUS:{'CANCELLED' if found.cancelled else 'CONFIRMED'}",
            f"TRANSP:{'OPAQUE' if found.busy else 'TRANSPARENT'}",
            f"URL:{self.link}",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        return b"".join(_folded(line.encode()) + b"\r\n" for line in lines)


def as_parts(invitations: Sequence[Invitation]) -> tuple[list[Part], list[Part]]:
    """A single one as a part that mail programs act on by themselves; and each as a file."""
    written = [based(invitation.as_bytes()) for invitation in invitations]
    names = [f"invitation-{number}.ics" for number in range(1, len(written) + 1)]
    if len(written) != 1:
        return [], [_file(*file) for file in zip(names, written, strict=True)]
    kind = f'text/calendar; charset="utf-8"; method="{invitations[0].method}"'
    acted_on = Part({"Content-Transfer-Encoding": "base64", "Content-Type": kind}, written[0])
    return [acted_on], [_file("invitation.ics", written[0])]


def _file(name: str, body: str) -> Part:
    return Part(
        {
            "Content-Type": "application/ics",
            "Content-Transfer-Encoding": "base64",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
        body,
    )


def _person(who: Address, more: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    return f"mailto:{who.addr_spec}", {"CN": _quoted(header_text(who.display_name)), **more}


def _line(name: str, value: str, parameters: Mapping[str, str]) -> str:
    return ";".join((name, *(f"{key}={said}" for key, said in parameters.items()))) + f":{value}"


def _escaped(text: str) -> str:
    """A text as a value: what would end it or be read as more than one is written otherwise."""
    return text.translate(_IN_TEXT)


def _quoted(text: str) -> str:
    """A name as a parameter (RFC 6868), in quotation marks unless it is one plain word."""
    said = text.translate(_IN_PARAMETER)
    return f'"{said}"' if set(text) & _APART else said


def _folded(line: bytes) -> bytes:
    """Lines of at most 75 octets, cut neither in a character nor in what is written for one."""
    pieces = []
    while len(line) > _OCTETS_A_LINE:
        end = _OCTETS_A_LINE
        while line[end] & 0xC0 == 0x80:
            end -= 1
        if line[end - 1] in b"\\^":
            end -= 1
        pieces.append(line[:end])
        line = line[end:]
    return b"\r\n ".join((*pieces, line))

"""What does a mail look like on the wire? Its headers and parts, proved before it is kept."""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256

from email_validator import EmailNotValidError, validate_email

from notifications.harmless import body_text, header_text
from notifications.invitations import Invitation, as_parts
from notifications.mime import VERSION, Part, text_part, together
from secretariat.audit import NOTED_IN
from secretariat.errors import BadInputError, NoAddressError

_LONGEST_LINE = 998
_OCTETS_A_WORD = 42  # 75 as they stand in the header
_KEPT = 1_000  # whom mails go to is read again and again


@dataclass(frozen=True)
class Envelope:
    """All that goes into one mail.

    ``date`` is aware, ``head`` the ledger's head at that moment, ``thread`` the Message-ID of the
    first mail about the same thing, ``reply_to`` an address if it is not the sender's, and
    ``unsubscribe`` the HTTPS link that ends optional mails.
    """

    sender: Address
    recipient: Address
    subject: str
    date: datetime
    message_id: str
    language: str
    text: str
    html: str
    head: str
    thread: str | None = None
    reply_to: str = ""
    unsubscribe: str | None = None
    invitations: tuple[Invitation, ...] = ()

    def as_bytes(self) -> bytes:
        """The same bytes each time. Raises BadInputError: the text would forge a header."""
        body = self._body()
        whole = Part({**self._headers(), **VERSION, **body.headers}, body.body)
        content = str(whole).encode("ascii", "replace")
        self._prove(content, sorted(name.lower() for name in whole.headers))
        return content

    def _headers(self) -> dict[str, str]:
        """Every header but those of the body, encoded and folded."""
        found = {
            "From": _mailbox(self.sender),
            "To": _mailbox(self.recipient),
            "Reply-To": self.reply_to or None,
            "Subject": _encoded(header_text(self.subject)),
            "Date": format_datetime(self.date),
            "Message-ID": self.message_id,
            "In-Reply-To": self.thread,
            "References": self.thread,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "DR, RN, NRN, AutoReply",
            "Content-Language": self.language,
            "List-Unsubscribe": self.unsubscribe and f"<{self.unsubscribe}>",
            "List-Unsubscribe-Post": self.unsubscribe and "List-Unsubscribe=One-Click",
            NOTED_IN: self.head,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _body(self) -> Part:
        """The text in both forms, and with it what goes into a calendar."""
        text, html = body_text(self.text), body_text(self.html)
        mark = sha256(f"{self.message_id}\n{text}\n{html}".encode()).hexdigest()[:32]
        acted_on, files = as_parts(self.invitations)
        forms = [text_part("plain", text), text_part("html", html), *acted_on]
        if not files:
            return together("alternative", forms, f"=_{mark}_0")
        return together(
            "mixed", [together("alternative", forms, f"=_{mark}_1"), *files], f"=_{mark}_0"
        )

    def _prove(self, content: bytes, names: list[str]) -> None:
        """Read the headers back, with eyes of our own and with Python's."""
        head = content.partition(b"\r\n\r\n")[0]
        parsed = BytesHeaderParser().parsebytes(head)
        spoken_of = [
            ("From", self.sender.addr_spec),
            ("To", self.recipient.addr_spec),
            ("Reply-To", self.reply_to),
        ]
        sound = (
            _well_formed(content)
            and _names(head) == names
            and sorted(name.lower() for name in parsed) == names
            and str(make_header(decode_header(parsed["Subject"]))) == header_text(self.subject)
            and all(_addresses(parsed[name]) == (spec,) for name, spec in spoken_of if spec)
        )
        if not sound:
            raise BadInputError(
                "The text of this mail would change its own headers; it is not sent."
            )


@lru_cache(_KEPT)
def address(name: str, spec: str) -> Address:
    """One mailbox with a name people know. Raises NoAddressError: that is no single address."""
    try:
        plain = validate_email(spec, check_deliverability=False).ascii_email
    except EmailNotValidError:
        plain = None
    if plain != spec:
        raise NoAddressError(f"“{spec}” is not one address that every mail relay takes.")
    return Address(header_text(name), addr_spec=spec)


def _encoded(text: str) -> str:
    """A header's value as ASCII; what is not ASCII in the words of RFC 2047, one to a line."""
    if text.isascii():
        return text
    words, octets = [], b""
    for char in text:
        if len(octets + char.encode()) > _OCTETS_A_WORD:
            words.append(octets)
            octets = b""
        octets += char.encode()
    encoded = (b64encode(word).decode() for word in (*words, octets))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in encoded)


def _mailbox(person: Address) -> str:
    """Only the name is ever encoded: where Python folds a mailbox itself, long names change."""
    if person.display_name.isascii():
        return str(person)
    return f"{_encoded(person.display_name)}\r\n <{person.addr_spec}>"


@lru_cache(_KEPT)
def _addresses(value: str) -> tuple[str, ...]:
    """Whom a header names, as Python's strictest parser reads it."""
    return tuple(found.addr_spec for found in SMTP.header_fetch_parse("To", value).addresses)


def _well_formed(content: bytes) -> bool:
    """Plain ASCII, CRLF and nothing else at the end of a line, and no line too long."""
    ends = {content.count(end) for end in (b"\r\n", b"\r", b"\n")}
    longest = max(map(len, content.split(b"\r\n")))
    return (
        content.isascii() and b"\0" not in content and len(ends) == 1 and longest <= _LONGEST_LINE
    )


def _names(head: bytes) -> list[str]:
    """The names at the beginning of the header's lines, as any relay on the way finds them."""
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    return sorted(line.partition(b":")[0].decode("ascii", "replace").lower() for line in lines)

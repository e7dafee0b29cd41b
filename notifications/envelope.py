"""What does a mail look like on the wire? Its headers and parts, proved before it is kept."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

from secretariat.audit import NOTED_IN
from secretariat.errors import BadInputError

_HEADERS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "auto-submitted", "x-auto-response-suppress", "references", NOTED_IN.lower(),
}  # fmt: skip


@dataclass(frozen=True)
class Envelope:
    """All that goes into one mail; ``date`` is aware, ``head`` the ledger's head at that moment."""

    sender: Address
    recipient: Address
    subject: str
    date: datetime
    message_id: str
    thread: str | None
    text: str
    html: str
    head: str

    def as_bytes(self) -> bytes:
        """The bytes every attempt sends. Raises BadInputError: it would forge a header."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = self.recipient
        message["Subject"] = self.subject
        message["Date"] = self.date
        message["Message-ID"] = self.message_id
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "DR, RN, NRN, AutoReply"
        message[NOTED_IN] = self.head
        if self.thread:
            message["References"] = self.thread
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        content = message.as_bytes()
        _prove(content, self.recipient.addr_spec)
        return content


def _prove(content: bytes, address: str) -> None:
    """Parse the bytes back: exactly our headers, exactly one recipient."""
    parsed = BytesParser(policy=SMTP).parsebytes(content)
    names = [name.lower() for name in parsed]
    recipients = [a.addr_spec for a in parsed["to"].addresses]
    if set(names) - _HEADERS or len(names) != len(set(names)) or recipients != [address]:
        raise BadInputError("The text of this mail would change its own headers; it is not sent.")

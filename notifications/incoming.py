"""What does a mail that came back say? Read within bounds, whatever is in it."""

import html
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr

from secretariat.audit import NOTED_IN

DEEPEST = 30  # parts within parts; mail programs write four
_NESTED = re.compile(rb"(?im)^content-type:\s{0,99}(?:multipart|message)/")
_SENT_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})")
_AWAY = re.compile(
    r"(?i)automatic reply|auto(matic)?[- ]?reply|out of (the )?office|vacation|absen"
)
_BULK = {"bulk", "list", "junk", "auto_reply"}
# What mail programs write; Python knows others, some of which take minutes for a page.
_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-8859-\d+|windows-\d+|gb2312|gbk|gb18030|big5|tis-620|koi8-[ru]"
    r"|iso-2022-jp|euc-(jp|kr)|shift_jis"
)
_LINK = re.compile(r"(?i)((?:/|%2F)link(?:/|%2F))[\w.%~=+-]+")
_TEXT, _LINE = 4000, 200


@dataclass(frozen=True)
class Verdict:
    """What a delivery report says of one recipient; ``status`` such as 5.1.1, or empty."""

    recipient: str
    action: str
    status: str
    words: str


@dataclass(frozen=True)
class Incoming:
    """A mail that came in; its texts are printable and short, its links to us blotted out.

    ``sent_to`` is where our address may stand, ``kind`` is person, away or automatic, ``ours``
    says that we wrote it ourselves.
    """

    sent_to: str
    sender: str
    subject: str
    message_id: str
    kind: str
    null_sender: bool
    ours: bool
    verdicts: tuple[Verdict, ...]
    text: str


def understand(head: bytes) -> Incoming | None:
    """What the beginning of a mail says; None if it is nested too deeply to be one."""
    if len(_NESTED.findall(head)) > DEEPEST:
        return None
    message = BytesParser(policy=compat32).parsebytes(head)
    subject = clean(_decoded(message, "Subject"), _LINE)
    null_sender = _header(message, "Return-Path").strip() == "<>"
    return Incoming(
        sent_to="\n".join(
            str(value)[:10_000] for name in _SENT_TO for value in message.get_all(name, [])[:20]
        ),
        sender=_sender(message),
        subject=subject,
        message_id=clean(_header(message, "Message-ID"), _LINE),
        kind=_kind(message, subject, null_sender),
        null_sender=null_sender,
        ours=message[NOTED_IN] is not None,
        verdicts=_verdicts(message),
        text=_text(message),
    )


def clean(text: str, limit: int) -> str:
    """Text any database and page can take: no control characters, no halves of characters."""
    kept = "".join(c if c.isprintable() or c == "\n" else " " for c in text[: 4 * limit])
    return kept.strip()[:limit]


def _header(message: Message, name: str) -> str:
    return str(message[name] or "")[:1000]


def _decoded(message: Message, name: str) -> str:
    raw = _header(message, name)
    try:
        return str(make_header(decode_header(raw)))
    except (MessageError, LookupError, ValueError):
        return raw


def _sender(message: Message) -> str:
    address = clean(parseaddr(_header(message, "From"))[1], 254).lower()
    return address if re.fullmatch(r"[^\s@]+@[^\s@]+", address) else ""


def _kind(message: Message, subject: str, null_sender: bool) -> str:
    """Whether a person wrote it, or a program; one that says its owner is away is told apart."""
    submitted = _header(message, "Auto-Submitted").strip().lower()
    automatic = (
        null_sender
        or submitted not in ("", "no")
        or _header(message, "Precedence").strip().lower() in _BULK
        or any(message[name] for name in ("X-Autoreply", "X-Autorespond", "List-Id", NOTED_IN))
    )
    if not automatic:
        return "person"
    return "away" if submitted.startswith("auto-replied") or _AWAY.search(subject) else "automatic"


def _verdicts(message: Message) -> tuple[Verdict, ...]:
    """The verdicts of a report (RFC 3464) that is the mail itself, not one quoted in it."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return ()
    for part in message.get_payload():
        assert isinstance(part, Message)
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            said = (block for block in blocks[:100] if isinstance(block, Message))
            return tuple(_verdict(block) for block in said if block["Action"])
    return ()


def _verdict(block: Message) -> Verdict:
    recipient = _header(block, "Final-Recipient") or _header(block, "Original-Recipient")
    status = _STATUS.match(_header(block, "Status"))
    words = _header(block, "Diagnostic-Code").partition(";")[2]
    return Verdict(
        recipient=recipient.partition(";")[2].strip().strip("<>").lower(),
        action=_header(block, "Action").strip().lower(),
        status=status[1] if status else "",
        words=" ".join(clean(words, _LINE).split()),
    )


def _text(message: Message) -> str:
    """The first text in plain letters, else what an HTML part says."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    for part in parts:
        if part.get_content_type() == "text/plain" and part.get_content_disposition() is None:
            return _blotted(_content(part))
    pages = [part for part in parts if part.get_content_type() == "text/html"]
    return _blotted(_stripped(_content(pages[0]))) if pages else ""


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    found = payload[: 8 * _TEXT] if isinstance(payload, bytes) else b""
    charset = (part.get_content_charset() or "utf-8").lower()
    if not _CHARSET.fullmatch(charset):
        charset = "utf-8"
    try:
        return found.decode(charset, "replace")
    except (LookupError, UnicodeError):
        return found.decode("utf-8", "replace")


def _stripped(page: str) -> str:
    page = re.sub(r"(?is)<(style|script|head)\b.*?(</\1\s*>|\Z)", "", page)
    page = re.sub(r"(?i)<br\b[^>]*>|</(?:p|div|tr|li|h\d)\s*>", "\n", " ".join(page.split()))
    return html.unescape(re.sub(r"<[^>]*(?:>|\Z)", "", page))


def _blotted(text: str) -> str:
    """A quoted mail brings its links along, and whoever has a link may act by it."""
    lines = (line.rstrip() for line in clean(text, 4 * _TEXT).splitlines())
    return _LINK.sub(r"\1…", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))[:_TEXT].strip()

"""What need not be kept any longer? Links long over, sessions that ended, tokens in sent mails."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

from sqlmodel import col, delete, select

from notifications.links import masked
from schemas.account_tables import SignedIn
from schemas.tables import Link, Mail, Setting
from secretariat.store import Store

KEPT = timedelta(days=90)  # after its day a link can still be recognised, and a new one asked for
MASKED = "links.masked"
BATCH = 100


def tidy(store: Store, now: datetime) -> None:
    """Safe to run at any time and to break off; meant for once a day."""
    with store.write() as session:
        session.exec(delete(Link).where(col(Link.expires_at) <= now - KEPT))
        session.exec(delete(SignedIn).where(col(SignedIn.expires_at) <= now))
    _take_tokens_out(store, now)


def _take_tokens_out(store: Store, now: datetime) -> None:
    """A mail that has ended is kept without its links: who reads the store cannot act by it."""
    with store.read() as session:
        before = session.get(Setting, MASKED)
        since = datetime.fromisoformat(before.value) if before else datetime(1970, 1, 1, tzinfo=UTC)
        ended = (col(Mail.ended_at) > since) & (col(Mail.ended_at) <= now)
        keys = session.exec(select(Mail.id).where(ended, col(Mail.content).is_not(None))).all()
    for start in range(0, len(keys), BATCH):
        with store.write() as session:
            for mail in session.exec(
                select(Mail).where(col(Mail.id).in_(keys[start : start + BATCH]))
            ):
                mail.content = without_tokens(mail.content or b"")
    with store.write() as session:
        session.merge(Setting(name=MASKED, value=now.isoformat()))


def without_tokens(content: bytes) -> bytes:
    """The bytes of a mail whose links lead nowhere; those without a link are as they were."""
    message = BytesParser(EmailMessage, policy=SMTP).parsebytes(content)
    changed = False
    for part in message.walk():
        for name, value in part.items():
            if masked(value) != value:
                part.replace_header(name, masked(value))
                changed = True
        if part.get_content_maintype() == "text":
            text = part.get_content()
            if masked(text) != text:
                part.set_content(masked(text), subtype=part.get_content_subtype())
                changed = True
    return message.as_bytes() if changed else content

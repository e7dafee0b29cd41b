"""What lets a contact in was changed: its own mailbox is told, in case it was somebody else.

The mail holds no link, so that no mail like it with a link is believed.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from schemas.programme import Contact
from schemas.tables import Urgency
from secretariat.commands.office import Desk, Office
from secretariat.commands.reach import ACCOUNT_NEWS
from secretariat.ownership import ENGINE

OF_USE = timedelta(days=7)


class Change(StrEnum):
    """What was changed; the mail says it in the reader's language."""

    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    RECOVERY_CODES = "recovery-codes"
    TOKEN_MADE = "token-made"  # noqa: S105


def tell(
    office: Office, session: Session, contact: Contact, change: Change, real: datetime
) -> None:
    """Ask for the mail in the transaction of the change; ``real`` is when, by no demo's clock."""
    now = office.clock.now()
    Desk(session, office.programme, now, ENGINE).mail(
        f"{ACCOUNT_NEWS}#{change}#{real.isoformat()}>{contact.slug}",
        contact,
        ACCOUNT_NEWS,
        urgency=Urgency.AT_ONCE,
        expires_at=now + OF_USE,
        change=change.value,
        at=real.isoformat(),
    )

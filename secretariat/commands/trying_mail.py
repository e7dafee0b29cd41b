"""Does mail leave, and arrive? A mail to whoever asks for it, which asks nothing of them."""

from datetime import timedelta

from schemas.programme import Contact
from schemas.tables import Urgency
from secretariat.catalogues import marked
from secretariat.commands.mails import is_too_soon
from secretariat.commands.office import Desk, Office
from secretariat.commands.reach import TEST
from secretariat.errors import ConflictError
from secretariat.ownership import ENGINE

OF_USE = timedelta(hours=1)


def mail_a_test(office: Office, contact: Contact) -> None:
    """Ask for a test mail to a contact's own mailbox. Raises ConflictError: too soon again."""
    now = office.clock.now()
    with office.store.write() as session:
        if is_too_soon(session, contact.slug, TEST, now):
            raise ConflictError(
                marked("A test mail was asked for a moment ago. Wait a few minutes.")
            )
        Desk(session, office.programme, now, ENGINE).mail(
            f"{TEST}#{now.isoformat()}>{contact.slug}",
            contact,
            TEST,
            urgency=Urgency.AT_ONCE,
            expires_at=now + OF_USE,
        )

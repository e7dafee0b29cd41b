"""Mailing the link to sign in with, whoever asked for it: it goes to its own mailbox alone."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from schemas.account_tables import ClosedAccount
from schemas.programme import Contact
from schemas.tables import Urgency
from secretariat.commands import posts
from secretariat.commands.mails import is_too_soon
from secretariat.commands.office import Desk, Office
from secretariat.commands.reach import TO_SIGN_IN
from secretariat.ownership import ENGINE

LASTS = timedelta(minutes=10)


def mail_link(office: Office, address: str, real: datetime) -> None:
    """Mail a link to each contact of an address; nothing, if it is nobody's or asks too often.

    Who asks in another's name keeps nobody out: the links mailed before go on working, and one
    comes again before the last has run out. ``real`` is the time by which links run out.
    """
    now = office.clock.now()
    with office.store.write() as session:
        desk = Desk(session, office.programme, now, ENGINE)
        for contact in at_address(session, office, address):
            if not is_too_soon(session, contact.slug, TO_SIGN_IN, now):
                desk.mail(
                    f"{TO_SIGN_IN}#{real.isoformat()}>{contact.slug}",
                    contact,
                    TO_SIGN_IN,
                    urgency=Urgency.AT_ONCE,
                    expires_at=now + LASTS,
                    until=(real + LASTS).isoformat(),
                )


def at_address(session: Session, office: Office, address: str) -> list[Contact]:
    """The contacts that may sign in and whose mailbox this is now."""
    wanted = address.strip().lower()
    closed = set(session.exec(select(ClosedAccount.contact)))
    return [
        contact
        for contact in office.programme.contacts
        if contact.slug not in closed and own_mailbox(session, office, contact) == wanted
    ]


def own_mailbox(session: Session, office: Office, contact: Contact) -> str:
    """The contact's own, also while somebody stands in: nobody signs in for somebody else."""
    person = posts.holder(session, contact.slug, office.clock.now())
    return ((person.email if person else None) or contact.email).lower()

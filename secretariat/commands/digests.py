"""Who wants no digests? A choice of whoever holds a post, which ends with their time there."""

from datetime import datetime

from sqlmodel import Session

from schemas.tables import NoDigest
from secretariat.commands import posts

TEMPLATES = ("weekly",)
"""The mails one need not get."""


def stopped(session: Session, contact: str, at: datetime) -> bool:
    """Whether whoever holds the contact's post at ``at`` wants no digests."""
    row = session.get(NoDigest, contact)
    return row is not None and row.person == _holder(session, contact, at)


def stop(session: Session, contact: str, now: datetime) -> None:
    """Send the contact no digests from now on; safe to repeat."""
    session.merge(NoDigest(contact=contact, person=_holder(session, contact, now), since=now))


def resume(session: Session, contact: str) -> None:
    if row := session.get(NoDigest, contact):
        session.delete(row)


def _holder(session: Session, contact: str, at: datetime) -> str | None:
    person = posts.holder(session, contact, at)
    return person.slug if person else None

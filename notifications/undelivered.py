"""Who hears that a mail did not arrive? Whoever stands by for its contact, once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from schemas.programme import Contact, Programme
from schemas.tables import Mail, Urgency
from secretariat.commands.office import Desk
from secretariat.commands.reach import TO_ONE, Reach, is_for_good
from secretariat.ownership import ENGINE

TEMPLATE = "undelivered"
_NOT_TOLD = (TEMPLATE, *TO_ONE)
_LISTED = 20  # more would make no better mail


def is_any_over(session: Session, now: datetime) -> bool:
    """Whether there is a mail whose time is over."""
    return session.exec(select(Mail.id).where(_over(now)).limit(1)).first() is not None


def expire(session: Session, programme: Programme, now: datetime) -> None:
    """End what there is no use in sending any more; one mail tells of all that somebody needed."""
    over = _over(now)
    needed = over & (col(Mail.urgency) <= Urgency.DUTY) & col(Mail.template).not_in(_NOT_TOLD)
    lost = session.exec(select(Mail.id).where(needed).order_by(col(Mail.id))).all()
    listed = session.exec(select(Mail).where(col(Mail.id).in_(lost[:_LISTED]))).all()
    why = "its time was over before it could be delivered"
    session.connection().execute(
        update(Mail).where(over).values(state="expired", ended_at=now, reply=why)
    )
    if lost:
        desk = Desk(session, programme, now, ENGINE)
        _tell(desk, f"expired/{lost[0]}", desk.contacts("", "secretariat"), listed, len(lost), why)


def see_to(desk: Desk, mail: Mail, why: str) -> None:
    """Another gets a mail that was refused or came back; who stands by for its contact is told.

    Of an address that is suspended for it they are told once, not for each mail.
    """
    Reach(desk).not_arrived(mail, mail.code, why)
    if mail.template not in _NOT_TOLD and not is_for_good(mail.code):
        _tell(desk, f"refused/{mail.id}", standing_by(desk, mail.contact), [mail], 1, why)


def standing_by(desk: Desk, contact: str) -> list[Contact]:
    """Who is told when a contact cannot be reached: who leads the secretariat's part."""
    return [each for each in desk.contacts("", "secretariat") if each.slug != contact]


def _over(now: datetime) -> ColumnElement[bool]:
    return col(Mail.state).in_(("waiting", "unknown")) & (col(Mail.expires_at) <= now)


def _tell(desk: Desk, key: str, contacts: list[Contact], mails: Any, count: int, why: str) -> None:
    for contact in contacts:
        desk.mail(
            f"{key}>{contact.slug}",
            contact,
            TEMPLATE,
            urgency=Urgency.ESCALATION,
            count=count,
            why=why,
            mails=[
                {"to": mail.contact, "about": mail.obligation or mail.holding or mail.template}
                for mail in mails
            ],
        )

"""What became of each mail: the outbox, as people ask about it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from schemas.tables import Mail
from secretariat.readmodels import row, unknown

OPEN = ("waiting", "sending", "unknown", "held")


def mails(
    session: Session,
    *,
    to: str = "",
    among: Collection[str] | None = None,
    state: str = "",
    about: str = "",
    at: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Mail]:
    """The newest mails first, of the contacts ``among``, or of all: to a contact or body ``to``,
    in a ``state`` (``open``: not ended yet), ``about`` an obligation, holding or function, older
    than the mail ``before``; all as it was at a past moment ``at``.
    """
    query = select(Mail).order_by(col(Mail.id).desc()).limit(limit)
    if among is not None:
        query = query.where(col(Mail.contact).in_(among))
    if to:
        query = query.where(
            or_(Mail.contact == to, col(Mail.contact).startswith(f"{to}-", autoescape=True))
        )
    if state:
        query = query.where(_was(state, at) if at else _is(state))
    if about:
        query = query.where(
            or_(
                col(Mail.obligation).startswith(about, autoescape=True),
                col(Mail.holding).startswith(about, autoescape=True),
            )
        )
    if at:
        query = query.where(col(Mail.asked_at) <= at)
    if before:
        query = query.where(col(Mail.id) < before)
    return _as_of(session, session.exec(query), at)


def of_obligation(session: Session, key: str, at: datetime | None = None) -> list[Mail]:
    """Every mail about an obligation, the oldest first, as it is or as it was at ``at``."""
    query = select(Mail).where(Mail.obligation == key).order_by(col(Mail.id))
    if at:
        query = query.where(col(Mail.asked_at) <= at)
    return _as_of(session, session.exec(query), at)


def mail(session: Session, number: int, at: datetime | None = None) -> Mail:
    """One mail, as it is or as it was at ``at``. Raises UnknownError."""
    found = row(session, Mail, number)
    if at and found.asked_at > at:
        raise unknown(Mail, number)
    return _as_of(session, [found], at)[0]


def _is(state: str) -> ColumnElement[bool]:
    return col(Mail.state).in_(OPEN if state == "open" else (state,))


def _was(state: str, at: datetime) -> ColumnElement[bool]:
    """The outbox keeps when a mail was asked for, accepted and ended, and no more of its way."""
    ended, accepted = col(Mail.ended_at) <= at, col(Mail.accepted_at) <= at
    whole = aliased(Mail)
    bundles = select(whole.id).where(col(whole.asked_at) <= at)
    bundled = (col(Mail.state) == "bundled") & col(Mail.bundle).in_(bundles)
    match state:
        case "bundled":
            return bundled
        case "accepted":
            return accepted & ((col(Mail.state) == "accepted") | (col(Mail.ended_at) > at))
        case "open":
            nothing = ((col(Mail.ended_at) > at) | col(Mail.ended_at).is_(None)) & ~bundled
            return nothing & ((col(Mail.accepted_at) > at) | col(Mail.accepted_at).is_(None))
        case _:
            return (col(Mail.state) == state) & ended


def _as_of(session: Session, found: Iterable[Mail], at: datetime | None) -> list[Mail]:
    return [_at(session, mail, at) if at else mail for mail in found]


def _at(session: Session, mail: Mail, at: datetime) -> Mail:
    """A mail as far as it had come at ``at``, in no session."""
    if mail.ended_at and mail.ended_at <= at:
        return mail
    if mail.bundle and session.get_one(Mail, mail.bundle).asked_at <= at:
        return mail
    accepted = mail.accepted_at is not None and mail.accepted_at <= at
    then: dict[str, Any] = {
        "state": "accepted" if accepted else "waiting",
        "ended_at": mail.accepted_at if accepted else None,
        "bundle": None,
        "lease_until": None,
        "reply": "",
        "code": "",
    }
    if mail.attempted_at and mail.attempted_at > at:
        then |= {"attempts": int(accepted), "attempted_at": mail.accepted_at if accepted else None}
        then |= {"possible_duplicate": False}
    return Mail(**mail.model_dump() | then)

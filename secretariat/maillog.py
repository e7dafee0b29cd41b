"""What became of each mail: the outbox, as people ask about it."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, or_, select

from schemas.tables import Mail

OPEN = ("waiting", "sending", "unknown", "held")


def mails(
    session: Session,
    *,
    to: str = "",
    among: Collection[str] | None = None,
    state: str = "",
    about: str = "",
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Mail]:
    """The newest mails first, of the contacts ``among``, or of all: to a contact or body ``to``,
    in a ``state`` (``open``: not ended yet), ``about`` an obligation, holding or function, asked
    for by ``until``, older than the mail ``before``.
    """
    query = select(Mail).order_by(col(Mail.id).desc()).limit(limit)
    if among is not None:
        query = query.where(col(Mail.contact).in_(among))
    if to:
        query = query.where(
            or_(Mail.contact == to, col(Mail.contact).startswith(f"{to}-", autoescape=True))
        )
    if state:
        query = query.where(col(Mail.state).in_(OPEN if state == "open" else (state,)))
    if about:
        query = query.where(
            or_(
                col(Mail.obligation).startswith(about, autoescape=True),
                col(Mail.holding).startswith(about, autoescape=True),
            )
        )
    if until:
        query = query.where(col(Mail.asked_at) <= until)
    if before:
        query = query.where(col(Mail.id) < before)
    return list(session.exec(query))

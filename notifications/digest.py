"""Which mails to one person become one? Those that would leave within the same short while.

What somebody waits for at this moment goes by itself: it is for one mailbox, and nobody's in place.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from notifications.overtaken import still_needed
from schemas.programme import Digest
from schemas.tables import Mail, Urgency

TEMPLATE = "digest"
MOST = 30  # in one mail; more nobody reads

_ALONE = (
    (col(Mail.state) == "waiting")
    & col(Mail.content).is_(None)
    & (col(Mail.template) != TEMPLATE)
    & (col(Mail.urgency) != Urgency.AT_ONCE)
)
_MAY_LEAVE = (
    select(Mail.contact)
    .where(_ALONE, col(Mail.not_before) <= bindparam("now"))
    .distinct()
    .order_by(Mail.contact)
)
_NEXT = (
    select(Mail)
    .where(
        _ALONE,
        col(Mail.contact) == bindparam("contact"),
        col(Mail.not_before) <= bindparam("soon"),
    )
    .order_by(col(Mail.urgency), col(Mail.not_before), col(Mail.id))
    .limit(MOST)
)


def bundle(session: Session, digest: Digest, now: datetime) -> None:
    """Let what waits for one contact go together, once the first of it may leave at ``now``.

    What is bundled is never sent by itself; the mail it became part of says how it ended.
    """
    soon = now + timedelta(minutes=digest.within)
    for contact in session.exec(_MAY_LEAVE, params={"now": now}).all():
        theirs = {"contact": contact, "soon": soon}
        while len(parts := _parts(session, theirs)) > 1:
            _together(session, parts, now)


def _parts(session: Session, theirs: dict[str, Any]) -> list[Mail]:
    """What waits for one contact and is still to be said; of a single mail that is not asked."""
    waiting = list(session.exec(_NEXT, params=theirs))
    return still_needed(session, waiting) if len(waiting) > 1 else []


def _together(session: Session, parts: list[Mail], now: datetime) -> None:
    numbers = [part.id for part in parts]
    expiries = [part.expires_at for part in parts]
    together = Mail(
        idem_key=f"digest:{'+'.join(map(str, numbers))}",
        asked_at=now,
        not_before=now,
        expires_at=max((at for at in expiries if at), default=None) if all(expiries) else None,
        urgency=parts[0].urgency,
        contact=parts[0].contact,
        template=TEMPLATE,
        context={"mails": numbers},
    )
    session.add(together)
    session.flush()
    for part in parts:
        part.state, part.bundle = "bundled", together.id

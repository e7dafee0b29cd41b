"""Which mails to one person become one? Those that would leave within the same short while."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from notifications.overtaken import still_needed
from schemas.programme import Digest
from schemas.tables import Mail

TEMPLATE = "digest"
MOST = 30  # in one mail; more nobody reads


def bundle(session: Session, digest: Digest, now: datetime) -> None:
    """Let what waits for one contact go together, once the first of it may leave at ``now``.

    What is bundled is never sent by itself; the mail it became part of says how it ended.
    """
    soon = now + timedelta(minutes=digest.within)
    unwritten = (col(Mail.state) == "waiting") & col(Mail.content).is_(None)
    alone = unwritten & (col(Mail.template) != TEMPLATE)
    may_leave = select(Mail.contact).where(alone, col(Mail.not_before) <= now)
    for contact in session.exec(may_leave.distinct().order_by(Mail.contact)).all():
        waiting = select(Mail).where(alone, Mail.contact == contact, col(Mail.not_before) <= soon)
        first = waiting.order_by(col(Mail.urgency), col(Mail.not_before), col(Mail.id)).limit(MOST)
        while len(parts := still_needed(session, list(session.exec(first)))) > 1:
            _together(session, parts, now)


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

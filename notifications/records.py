"""What is kept of attempts: that one begins, before its text leaves, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, bindparam, func, update
from sqlmodel import Session

from notifications import undelivered
from notifications.claims import BEGUN, LEASE, OUTBOX, Claimed
from notifications.outcomes import Verdict
from notifications.transport import Attempt
from schemas.programme import Programme
from schemas.tables import Instant, Mail
from secretariat import ledger
from secretariat.commands.office import Desk
from secretariat.ownership import ENGINE
from secretariat.points import reached
from secretariat.store import Store

ENDS = {"accepted", "bounced", "refused", "suppressed", "expired"}

_BEGIN = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("mail"))
    .values(
        phase=BEGUN,
        attempts=OUTBOX.c.attempts + 1,
        attempted_at=bindparam("now"),
        lease_until=bindparam("until"),
    )
)
_END = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("mail"))
    .values(
        state=bindparam("state"),
        lease_until=None,
        attempted_at=bindparam("at"),
        not_before=func.coalesce(bindparam("wait", type_=Instant), OUTBOX.c.not_before),
        phase=bindparam("phase"),
        code=bindparam("code"),
        reply=bindparam("reply"),
        faults=bindparam("faults"),
        possible_duplicate=OUTBOX.c.possible_duplicate | bindparam("unknown", type_=Boolean),
        accepted_at=bindparam("accepted"),
        ended_at=bindparam("ended"),
    )
)


@dataclass(frozen=True)
class Ended:
    """An attempt that is over, ``at`` which instant (UTC), and what follows from it."""

    claimed: Claimed
    attempt: Attempt
    verdict: Verdict
    at: datetime


def keep(
    store: Store,
    programme: Programme,
    begun: Sequence[int],
    ended: Sequence[Ended],
    now: datetime,
) -> None:
    """Commit in one transaction what several connections have to note."""
    refused = [each for each in ended if each.verdict.state == "refused"]
    with store.write() if refused else store.queue() as session:
        _note(session, begun, ended, now)
        for each in refused:
            desk = Desk(session, programme, now, ENGINE)
            undelivered.see_to(
                desk, session.get_one(Mail, each.claimed.mail.id), each.verdict.reply
            )
            ledger.append(session, desk.events, at=now, by=ENGINE)
        if ended:
            reached("ack.before_commit")
    if ended:
        reached("ack.committed")


def _note(session: Session, begun: Sequence[int], ended: Sequence[Ended], now: datetime) -> None:
    connection = session.connection()
    if ended:
        connection.execute(_END, [_as_row(each) for each in ended])
    if begun:
        until = now + LEASE
        connection.execute(_BEGIN, [{"mail": id, "now": now, "until": until} for id in begun])


def _as_row(each: Ended) -> dict[str, object]:
    attempt, verdict = each.attempt, each.verdict
    over = each.at if verdict.state in ENDS else None
    uncertain = attempt.phase == BEGUN and attempt.code == 0
    return {
        "mail": each.claimed.mail.id,
        "state": verdict.state,
        "at": each.at,
        "wait": verdict.not_before,
        "phase": attempt.phase,
        "code": verdict.code,
        "reply": verdict.reply,
        "faults": each.claimed.faults + 1 if attempt.fault and verdict.state != "held" else 0,
        "unknown": uncertain,
        "accepted": over if verdict.state == "accepted" else None,
        "ended": over,
    }

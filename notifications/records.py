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
from schemas.columns import Instant
from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import ledger
from secretariat.commands.office import Desk
from secretariat.ownership import ENGINE
from secretariat.points import reached
from secretariat.store import Store

ENDS = {"accepted", "bounced", "refused", "suppressed", "expired"}

# One statement for beginnings and ends, so that one round of it notes what several connections did.
_NOTE = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("mail"))
    .values(
        state=bindparam("state"),
        lease_until=bindparam("lease"),
        attempts=OUTBOX.c.attempts + bindparam("tried"),
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
    begun: Sequence[Claimed],
    ended: Sequence[Ended],
    now: datetime,
) -> None:
    """Commit in one transaction what several connections have to note."""
    rows = [_end(each) for each in ended] + [_beginning(each, now) for each in begun]
    refused = [each for each in ended if each.verdict.state == "refused"]
    if refused:
        with store.write() as session:
            session.connection().execute(_NOTE, rows)
            for each in refused:
                _see_to(session, programme, each, now)
            reached("ack.before_commit")
    else:
        with store.note() as connection:
            connection.execute(_NOTE, rows)
            if ended:
                reached("ack.before_commit")
    if ended:
        reached("ack.committed")


def _see_to(session: Session, programme: Programme, each: Ended, now: datetime) -> None:
    desk = Desk(session, programme, now, ENGINE)
    mail = session.get_one(Mail, each.claimed.mail.id)
    undelivered.see_to(desk, mail, each.verdict.reply)
    ledger.append(session, desk.events, at=now, by=ENGINE)


def _beginning(claimed: Claimed, now: datetime) -> dict[str, object]:
    return {
        "mail": claimed.mail.id,
        "state": "sending",
        "lease": now + LEASE,
        "tried": 1,
        "at": now,
        "wait": None,
        "phase": BEGUN,
        "code": "",
        "reply": "",
        "faults": claimed.faults,
        "unknown": False,
        "accepted": None,
        "ended": None,
    }


def _end(each: Ended) -> dict[str, object]:
    attempt, verdict = each.attempt, each.verdict
    over = each.at if verdict.state in ENDS else None
    return {
        "mail": each.claimed.mail.id,
        "state": verdict.state,
        "lease": None,
        "tried": 0,
        "at": each.at,
        "wait": verdict.not_before,
        "phase": attempt.phase,
        "code": verdict.code,
        "reply": verdict.reply,
        "faults": each.claimed.faults + 1 if attempt.fault and verdict.state != "held" else 0,
        "unknown": attempt.phase == BEGUN and attempt.code == 0,
        "accepted": over if verdict.state == "accepted" else None,
        "ended": over,
    }

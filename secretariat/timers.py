"""What is due now? The tick claims each timer once and lets happen what it was set for."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from schemas.tables import Obligation, Timer
from secretariat import ledger
from secretariat.commands import reminders
from secretariat.commands.office import FIRINGS, Desk, Office
from secretariat.ownership import ENGINE
from secretariat.points import reached

BATCH = 500  # in one transaction: others want to write too


def tick(office: Office) -> int:
    """Take every due, unclaimed timer, oldest first; returns how many were claimed.

    Claim, ledger entry and request for mail are one transaction for each batch: killed half-way,
    the next tick finds the rest. Late steps say how late they are.
    """
    claimed = 0
    while batch := _tick_batch(office):
        claimed += batch
        reached("tick")
    return claimed


def next_due(session: Session, *, but: str = "") -> Timer | None:
    """The next timer waiting for its time, of whatever kind but one."""
    query = select(Timer).where(col(Timer.claimed_at).is_(None), Timer.kind != but)
    return session.exec(query.order_by(col(Timer.due_at)).limit(1)).first()


def _tick_batch(office: Office) -> int:
    now = office.clock.now()
    with office.store.read() as session:  # an idle tick must not take the write lock
        waiting = next_due(session)
        if waiting is None or waiting.due_at > now:
            return 0
    with office.store.write() as session:
        desk = Desk(session, office.programme, now, ENGINE)
        due = _due(session, now)
        _claim(session, due, now)
        asked = _asked(session, due)  # kept, so that get() below finds them in the session
        desk.read_ahead([obligation.id for obligation in asked])
        together: dict[tuple[str, str], list[Timer]] = defaultdict(list)
        for timer in due:
            together[timer.kind, timer.subject].append(timer)
        for (kind, subject), timers in together.items():
            if kind != "step":
                for timer in timers:
                    FIRINGS[kind](desk, timer)
            elif obligation := session.get(Obligation, subject):
                reminders.take(desk, obligation, timers)
        ledger.append(session, desk.events, at=now, by=ENGINE)
        return len(due)


def _due(session: Session, now: datetime) -> list[Timer]:
    """The oldest due timers, and all other due steps of what they are about.

    Steps missed together are told together: after an outage no border between two batches may
    make two mails to one person about one obligation.
    """
    waiting = select(Timer).where(col(Timer.claimed_at).is_(None), col(Timer.due_at) <= now)
    oldest = session.exec(waiting.order_by(col(Timer.due_at), col(Timer.id)).limit(BATCH)).all()
    about = {timer.subject for timer in oldest if timer.kind == "step"}
    steps = waiting.where(Timer.kind == "step", col(Timer.subject).in_(about))
    found = {timer.id: timer for timer in (*oldest, *(session.exec(steps) if about else ()))}
    return sorted(found.values(), key=lambda timer: (timer.due_at, timer.id))


def _claim(session: Session, due: list[Timer], now: datetime) -> None:
    ours = col(Timer.id).in_([timer.id for timer in due])
    session.connection().execute(update(Timer).where(ours).values(claimed_at=now))


def _asked(session: Session, due: list[Timer]) -> Sequence[Obligation]:
    """The obligations whose steps are due."""
    about = {timer.subject for timer in due if timer.kind == "step"}
    return session.exec(select(Obligation).where(col(Obligation.id).in_(about))).all()

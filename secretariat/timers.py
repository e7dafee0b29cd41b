"""What is due now? The tick claims each timer once and lets happen what it was set for."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, func
from sqlmodel import Session, col, select

from schemas.tables import Obligation, Timer
from secretariat import ledger
from secretariat.commands import reminders
from secretariat.commands.office import FIRINGS, Desk, Office
from secretariat.ownership import ENGINE
from secretariat.points import reached
from secretariat.readmodels import find

BATCH = 500  # in one transaction: others want to write too
# Asked at every tick, so made once.
_TIMERS: Table = Timer.__table__  # type: ignore[attr-defined]
_WAITING = _TIMERS.c.claimed_at.is_(None)
_FIRST = select(func.min(_TIMERS.c.due_at)).where(_WAITING)
_NEXT = (
    select(Timer)
    .where(_WAITING, Timer.kind != bindparam("but"))
    .order_by(col(Timer.due_at))
    .limit(1)
)
_DUE = _TIMERS.select().where(_WAITING, _TIMERS.c.due_at <= bindparam("now"))
_OLDEST = _DUE.order_by(_TIMERS.c.due_at, _TIMERS.c.id).limit(BATCH)
_STEPS = _DUE.where(
    _TIMERS.c.kind == "step", _TIMERS.c.subject.in_(bindparam("about", expanding=True))
)
_CLAIMED = (
    _TIMERS.update()
    .where(_TIMERS.c.id.in_(bindparam("ours", expanding=True)))
    .values(claimed_at=bindparam("now"))
)
_ASKED = select(Obligation).where(col(Obligation.id).in_(bindparam("about", expanding=True)))


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
    return session.exec(_NEXT, params={"but": but}).first()


def _tick_batch(office: Office) -> int:
    now = office.clock.now()
    with office.store.read() as session:  # an idle tick must not take the write lock
        first = session.connection().execute(_FIRST).scalar()
        if first is None or first > now:
            return 0
    with office.store.write() as session:
        desk = Desk(session, office.programme, now, ENGINE)
        due = _due(session, now)
        _claim(session, due, now)
        asked = _asked(session, due)  # kept, so that they are found in the session below
        desk.read_ahead([obligation.id for obligation in asked])
        together: dict[tuple[str, str], list[Timer]] = defaultdict(list)
        for timer in due:
            together[timer.kind, timer.subject].append(timer)
        for (kind, subject), timers in together.items():
            if kind != "step":
                for timer in timers:
                    FIRINGS[kind](desk, timer)
            elif obligation := find(session, Obligation, subject):
                reminders.take(desk, obligation, timers)
        ledger.append(session, desk.events, at=now, by=ENGINE)
        return len(due)


def _due(session: Session, now: datetime) -> Sequence[Timer]:
    """The oldest due timers, as rows, and all other due steps of what they are about.

    Steps missed together are told together: after an outage no border between two batches may
    make two mails to one person about one obligation.
    """
    ask = session.connection().execute
    due = ask(_OLDEST, {"now": now}).all()
    if len(due) == BATCH:  # else that was all there is
        about = {timer.subject for timer in due if timer.kind == "step"}
        found = {timer.id: timer for timer in (*due, *ask(_STEPS, {"now": now, "about": about}))}
        due = sorted(found.values(), key=lambda timer: (timer.due_at, timer.id))
    return cast(Sequence[Timer], due)


def _claim(session: Session, due: Sequence[Timer], now: datetime) -> None:
    ours = [timer.id for timer in due]
    session.connection().execute(_CLAIMED, {"now": now, "ours": ours})


def _asked(session: Session, due: Sequence[Timer]) -> Sequence[Obligation]:
    """The obligations whose steps are due."""
    about = {timer.subject for timer in due if timer.kind == "step"}
    return session.exec(_ASKED, params={"about": about}).all()

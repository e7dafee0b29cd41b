"""Who should have been written to by now, and was not?

Worked out anew from ladders, days and acts, apart from the code that arms and takes the steps, so
that a mistake there is found here. Only the calendar is shared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.programme import Ladder, LadderStep
from secretariat.calendars import WorkCalendar
from secretariat.catalogues import marked

PATIENCE = timedelta(hours=1)
"""How long after its hour a step may still be taken, and after a mail's hour the mail may wait."""
_DAY = timedelta(days=1)
_LEFT = ("accepted", "unknown", "sending")


@dataclass(frozen=True)
class Promise:
    """What is true of an obligation since its day was set, moved or asked anew (instants in UTC).

    ``acknowledged_at`` and ``rests_until`` are what the body has said since, if it has.
    """

    obligation: str
    body: str
    rungs: Ladder
    since: datetime
    asked_at: datetime
    due_on: date
    acknowledged_at: datetime | None = None
    rests_until: date | None = None


@dataclass(frozen=True)
class Told:
    """One mail about an obligation: the steps it stands for, and what became of it."""

    obligation: str
    steps: tuple[str, ...]
    asked_at: datetime
    not_before: datetime
    state: str
    why: str = ""


@dataclass(frozen=True)
class Gap:
    """A step nobody got: when it was to be taken (UTC), to which role, why it did not arrive."""

    obligation: str
    body: str
    step: str
    to: str
    at: datetime
    why: str


def gaps(
    promises: list[Promise], told: list[Told], work: Callable[[str], WorkCalendar], now: datetime
) -> list[Gap]:
    """Every step that should have reached somebody by ``now`` and did not, the oldest first."""
    found = [
        Gap(promise.obligation, promise.body, step.name, step.to, at, why)
        for promise in promises
        for step in promise.rungs.steps
        for at, why in _missing(promise, step, _of(told, promise, step), work(promise.body), now)
    ]
    return sorted(found, key=lambda gap: (gap.at, gap.obligation, gap.step))


def _of(told: list[Told], promise: Promise, step: LadderStep) -> list[Told]:
    return [m for m in told if m.obligation == promise.obligation and step.name in m.steps]


def _missing(
    promise: Promise, step: LadderStep, mails: list[Told], work: WorkCalendar, now: datetime
) -> Iterator[tuple[datetime, str]]:
    at = _moment(promise, step, work)
    if at < promise.since:
        if not mails or any(mail.state in _LEFT for mail in mails):
            return  # taken before the day changed, or told of by the mail of the change
        at = promise.since
    if step.unless == "acknowledged" and promise.acknowledged_at:
        return
    mine = [mail for mail in mails if mail.asked_at >= promise.since]
    if at + PATIENCE <= now and (why := _why_not(mine, now)):
        yield at, why
    elif mine and (again := _again(step, mine, work)) and again + PATIENCE <= now:
        yield again, marked("it was to be repeated, and no mail was asked for")


def _moment(promise: Promise, step: LadderStep, work: WorkCalendar) -> datetime:
    """When the step is to be taken, by counting days on the calendar."""
    anchor = promise.due_on if step.counted_from == "due" else work.today(promise.asked_at)
    if step.counted_from == "asked" and step.days == 0:
        at = promise.asked_at
    elif step.days == 0 and not work.works_on(anchor):
        at = work.opening_of(_counted(work, anchor, -1))
    else:
        at = work.opening_of(_counted(work, anchor, step.days))
    rests = promise.rests_until
    return max(at, promise.asked_at, work.opening_of(rests) if rests else at)


def _counted(work: WorkCalendar, day: date, working_days: int) -> date:
    direction = _DAY if working_days >= 0 else -_DAY
    passed = 0
    while passed < abs(working_days) or not work.works_on(day):
        day += direction
        if work.works_on(day):
            passed += 1
    return day


def _why_not(mails: list[Told], now: datetime) -> str:
    """Why nobody got any of these mails; empty if somebody did, or it is too early to say."""
    if not mails:
        return marked("no mail was asked for")
    if any(mail.state in _LEFT for mail in mails):
        return ""
    waiting = [mail for mail in mails if mail.state == "waiting"]
    if waiting and min(mail.not_before for mail in waiting) + _DAY > now:
        return ""
    last = waiting[0] if waiting else mails[-1]
    return f"{last.state}: {last.why}" if last.why else last.state


def _again(step: LadderStep, mails: list[Told], work: WorkCalendar) -> datetime | None:
    """When a step that repeats was to be taken again."""
    taken = sorted({mail.asked_at for mail in mails})
    if step.repeat_every is None or (step.times and len(taken) >= step.times):
        return None
    return work.opening_of(_counted(work, work.today(taken[-1]), step.repeat_every))

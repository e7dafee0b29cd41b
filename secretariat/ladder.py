"""When does each step of a ladder come, and does it still have to be taken?"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from schemas.programme import Ladder, LadderStep
from secretariat.calendars import WorkCalendar


@dataclass(frozen=True)
class Times:
    """When an obligation is asked, to be acknowledged and done: instants in UTC.

    ``due_on`` is the last day to do it on, in the body's country; ``by_rule`` unless it was asked
    too late for the day it would have been.
    """

    asked_at: datetime
    acknowledge_by: datetime
    due_on: date
    do_by: datetime
    steps: tuple[datetime, ...]
    by_rule: bool = True


def times(
    ladder: Ladder,
    due_on: date,
    lead_time: int,
    work: WorkCalendar,
    now: datetime,
    *,
    asked_at: datetime | None = None,
    extended_by: int = 0,
) -> Times:
    """Date the whole ladder of an obligation due on ``due_on`` in the asked body's country.

    The body is asked ``lead_time`` working days ahead, or now if that is past. A body that was
    ``asked_at`` before is not asked anew unless the day now lies so far ahead. An extension is so
    many working days on top. A body told after the day has as long as it may take to acknowledge:
    nobody is late before they were asked.
    """
    opening = work.opening_of(work.shift(due_on, -lead_time) if lead_time else due_on)
    if asked_at is None or opening > now:
        asked_at = work.office_hour(max(now, opening))
    if extended_by:
        due_on = work.shift(due_on, extended_by)
    told_on = work.today(max(asked_at, now))
    if due_on >= told_on:
        return dated(ladder, asked_at, due_on, work)
    due_on = work.shift(told_on, min(lead_time, ladder.acknowledge_within))
    return replace(dated(ladder, asked_at, due_on, work), by_rule=False)


def dated(ladder: Ladder, asked_at: datetime, due_on: date, work: WorkCalendar) -> Times:
    """The whole ladder of an obligation asked and due then.

    Steps before the asking are taken with it, so that a late start does not lose them.
    """
    asked_on = work.today(asked_at)
    anchors = {"asked": asked_on, "due": due_on}

    def at(step: LadderStep) -> datetime:
        if step.counted_from == "asked" and step.days == 0:
            return asked_at
        days = step.days
        if step.counted_from == "due" and days == 0 and not work.works_on(due_on):
            days = -1  # “due today” is said while there is still time, not after the holiday
        return max(asked_at, work.opening_of(work.shift(anchors[step.counted_from], days)))

    acknowledge_on = work.shift(asked_on, ladder.acknowledge_within)
    return Times(
        asked_at=asked_at,
        acknowledge_by=work.end_of(acknowledge_on),
        due_on=due_on,
        do_by=work.end_of(due_on),
        steps=tuple(at(step) for step in ladder.steps),
    )


def following(step: LadderStep, turn: int, work: WorkCalendar, now: datetime) -> datetime | None:
    """When a step taken now for the ``turn``-th time (from 0) is taken again, if it is."""
    if step.repeat_every is None or (step.times and turn + 1 >= step.times):
        return None
    return work.opening_of(work.shift(work.today(now), step.repeat_every))


def lasts_until(ladder: Ladder, due_on: date, work: WorkCalendar, now: datetime) -> datetime | None:
    """When an acknowledgement of now runs out; None if the day due comes first."""
    day = work.shift(work.today(now), ladder.acknowledgement_lasts)
    return work.opening_of(day) if day < due_on else None


def worked(work: WorkCalendar, after: date, until: date) -> int:
    """How many working days come after one day, up to and with another."""
    days = (until - after).days
    return sum(work.works_on(after + timedelta(days=n)) for n in range(1, days + 1))


def still_due(step: LadderStep, *, acknowledged: bool, done: bool) -> bool:
    """A step falls away once what it waits for has happened."""
    return not done and not (step.unless == "acknowledged" and acknowledged)


def days_late(do_by: datetime, now: datetime) -> int:
    """0 in time, 1 on the day after the last one, and so on."""
    return (now - do_by).days + 1 if now >= do_by else 0


def latest_of_each(due: list[tuple[str, int]]) -> set[tuple[str, int]]:
    """Of (contact, step) pairs due together, the last step for each contact.

    After an outage a person gets one mail that says where things stand, not a burst of old ones.
    """
    last: dict[str, int] = {}
    for contact, step in due:
        last[contact] = max(step, last.get(contact, step))
    return set(last.items())

"""When does each step of a ladder come, and does it still have to be taken?"""

from dataclasses import dataclass
from datetime import date, datetime

from schemas.programme import Ladder, LadderStep
from secretariat.calendars import WorkCalendar


@dataclass(frozen=True)
class Times:
    """When an obligation is asked, to be acknowledged and done: instants in UTC.

    ``due_on`` is the last day to do it on, in the body's country.
    """

    asked_at: datetime
    acknowledge_by: datetime
    due_on: date
    do_by: datetime
    steps: tuple[datetime, ...]


def times(ladder: Ladder, due_on: date, lead_time: int, work: WorkCalendar, now: datetime) -> Times:
    """Date the whole ladder of an obligation due on ``due_on`` in the asked body's country.

    The body is asked ``lead_time`` working days ahead, or now if that is past; steps before the
    asking are taken with it, so that a late start does not lose them. A body asked after the
    day has as long as it may take to acknowledge: nobody is late before they were asked.
    """
    opening = work.opening_of(work.shift(due_on, -lead_time) if lead_time else due_on)
    asked_at = work.office_hour(max(now, opening))
    asked_on = work.today(asked_at)
    if due_on < asked_on:
        due_on = work.shift(asked_on, min(lead_time, ladder.acknowledge_within))
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

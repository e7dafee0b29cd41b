"""What is the present run of a function called, when is it anchored, whom do its steps ask?"""

import re
from datetime import date

from schemas.anchor import YEARS, Anchor, end_of_month
from schemas.programme import Cadence, Function, Milestone, Programme
from secretariat.catalogues import marked
from secretariat.errors import BadInputError

_PERIOD = re.compile(r"([0-9]{4})(?:-(H[12]|Q[1-4]))?")


def name_on(cadence: Cadence, day: date) -> str:
    """The cycle a day falls into: 2018, 2018-H2, 2018-Q4; ad hoc functions count by year too."""
    if cadence is Cadence.HALF_YEARLY:
        return f"{day.year}-H{1 if day.month <= 6 else 2}"
    if cadence is Cadence.QUARTERLY:
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return str(day.year)


def last_day(cycle: str, cadence: Cadence) -> Anchor:
    """The anchor of a cycle named by its period: the period's last day, a firm date.

    Raises BadInputError: the name is no period, or not one of this cadence.
    """
    period = _PERIOD.fullmatch(cycle)
    if period is None or int(period[1]) not in YEARS:
        raise BadInputError(
            marked("“{cycle}” is no period such as 2018, 2018-H2 or 2018-Q4."), cycle=cycle
        )
    months = {"H1": 6, "Q1": 3, "Q2": 6, "Q3": 9}
    day = end_of_month(int(period[1]), months.get(period[2], 12))
    if (fitting := name_on(cadence, day)) != cycle:
        raise BadInputError(
            marked("“{cycle}” is no cycle of a function that is {cadence}; {fitting} is."),
            cycle=cycle,
            cadence=cadence,
            fitting=fitting,
        )
    return Anchor(day=day)


def asked(
    milestone: Milestone,
    programme: Programme,
    steward: str,
    owners: list[str],
    host: str | None,
    incoming: str | None = None,
) -> list[str]:
    """The bodies a milestone asks, each once, in a steady order.

    ``steward`` does the secretariat's part now; ``incoming`` is whose turn the next meeting is.
    """
    match milestone.asks:
        case "secretariat":
            found = [steward]
        case "chair":
            found = [programme.chair]
        case "host":
            found = [programme.task_force(host)] if host else []
        case "incoming":
            found = [programme.task_force(incoming)] if incoming else []
        case "task-forces":
            found = programme.task_forces()
        case "owners":
            found = sorted(set(owners))
        case _:  # presenters and decided: agenda and minutes say whom
            found = []
    return found


def milestone_of(function: Function, step: str) -> tuple[Milestone | None, int | None]:
    """The milestone a step of a cycle belongs to: “papers”, or with its number “paper-3”."""
    slug, _, number = step.rpartition("-")
    for milestone in function.milestones:
        if milestone.slug == step:
            return milestone, None
        if milestone.slug == slug and number.isdecimal() and milestone.asks in NUMBERED:
            return milestone, int(number)
    return None, None


NUMBERED = ("presenters", "decided")
"""Whoever a milestone asks once for each of several things: each has a number of its own."""

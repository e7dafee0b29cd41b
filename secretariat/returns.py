"""Is a return of figures whole, does it add up, and is it like the last one?

Pure: what is asked and what is given come in, faults and rates go out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.measures import PARTS, Indicator
from schemas.programme import Milestone, Programme
from schemas.return_acts import Given
from secretariat.catalogues import marked

JUMPS_FROM = 10
"""Below this a count is so small that half or double of it says nothing."""

EMPTY = marked("Give the figure, or say why it is not available.")
BOTH = marked("Give either the figure or why it is not available, not both.")
NO_TOTAL = marked("Give the total as well as its parts.")
ONE_PART = marked("Give {first} and {second}, or neither.")
NOT_SUM = marked("{first} + {second} = {sum}; that is not the total, {total}.")
UNSPLIT = marked("Split it into {first} and {second}, or say in the note why not.")
JUMP = marked("Last time it was {before}. Say in the note why it is so different now.")
NO_PART = marked("“{part}” is no part of this figure.")
UNASKED = marked("This figure is not asked for here.")
TWICE = marked("This figure is given twice.")
NO_NUMBER = marked("“{typed}” is no count: write digits only, without signs, points or commas.")
TOO_LARGE = marked("“{typed}” is more than can be counted.")
_LARGEST = 15
NAMES = (marked("women"), marked("men"), marked("children"), marked("adults"))


@dataclass(frozen=True)
class Asked:
    """One figure a body is asked for; ``before`` is what it was in the last period, if known."""

    indicator: Indicator
    about: str
    before: int | None = None

    @property
    def key(self) -> str:
        return f"{self.indicator.slug}@{self.about}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a figure; ``part`` is value, a part of it, unavailable or note.

    ``words`` are filled in with ``facts``, which the reader's language may order otherwise.
    """

    key: str
    part: str
    words: str
    facts: dict[str, Any] = field(default_factory=dict)


def milestone_of(programme: Programme, function: str, slug: str) -> Milestone | None:
    found = programme.function(function)
    return found.milestone(slug) if found else None


def answered_by_figures(programme: Programme, function: str, milestone: str) -> bool:
    """Whether what is asked is answered by a return of figures."""
    found = milestone_of(programme, function, milestone)
    return bool(found and found.figures)


def faults(asked: Iterable[Asked], given: Iterable[Given]) -> list[Fault]:
    """Everything that stands between these figures and being handed in, in the order asked."""
    asked, given = list(asked), list(given)
    by_key = {each.key: each for each in given}
    found = misplaced(asked, given)
    for each in asked:
        found += _of_one(each, by_key.get(each.key) or _nothing(each))
    return found


def misplaced(asked: Iterable[Asked], given: Iterable[Given]) -> list[Fault]:
    """What may not even stand in a draft: figures and parts nobody asked for."""
    known = {each.key: each for each in asked}
    found, seen = [], set()
    for one in given:
        if one.key not in known:
            found.append(Fault(one.key, "value", UNASKED))
        else:
            own = known[one.key].indicator.parts
            strange = [part for part in one.parts if part not in own]
            found += [Fault(one.key, "value", NO_PART, {"part": part}) for part in strange]
        if one.key in seen:
            found.append(Fault(one.key, "value", TWICE))
        seen.add(one.key)
    return found


def _nothing(asked: Asked) -> Given:
    return Given(indicator=asked.indicator.slug, about=asked.about)


def _of_one(asked: Asked, given: Given) -> Iterator[Fault]:
    key, value = asked.key, given.value
    if given.unavailable:
        if value is not None or given.parts:
            yield Fault(key, "unavailable", BOTH)
        return
    if value is None:
        yield Fault(key, "value", NO_TOTAL if given.parts else EMPTY)
        return
    for split in asked.indicator.by:
        yield from _of_split(key, PARTS[split], value, given)
    if _jumps(value, asked.before) and not given.note:
        yield Fault(key, "note", JUMP, {"before": f"{asked.before:,}"})


def _of_split(key: str, names: tuple[str, str], value: int, given: Given) -> Iterator[Fault]:
    """The parts of one split are the whole, or the note says why there are none."""
    first, second = names
    facts = {"first": first, "second": second}
    match [name for name in names if name in given.parts]:
        case []:
            if value and not given.note:
                yield Fault(key, "note", UNSPLIT, facts)
        case [only]:
            yield Fault(key, second if only == first else first, ONE_PART, facts)
        case _:
            total = given.parts[first] + given.parts[second]
            if total != value:
                counts = {name: f"{given.parts[name]:,}" for name in names}
                sums = {"sum": f"{total:,}", "total": f"{value:,}"}
                yield Fault(
                    key, first, NOT_SUM, {"first": counts[first], "second": counts[second], **sums}
                )


def _jumps(value: int, before: int | None) -> bool:
    """Less than half or more than double of the last period's, and not among tiny counts."""
    if before is None or max(value, before) < JUMPS_FROM:
        return False
    return value * 2 < before or value > before * 2


def count_from(typed: str) -> int | None:
    """The count somebody typed, in whichever script's digits; None: nothing.

    Raises ValueError with the words of what is wrong.
    """
    text = typed.strip()
    if not text:
        return None
    if not text.isdecimal():
        raise ValueError(NO_NUMBER)
    if len(text) > _LARGEST:
        raise ValueError(TOO_LARGE)
    return int(text)


_PERIOD = re.compile(r"([0-9]{4})(?:-([HQ])([1-4]))?")


def period_before(period: str) -> str:
    """2017 before 2018, 2018-H1 before 2018-H2, 2017-Q4 before 2018-Q1, SOM12 before SOM13."""
    if period.startswith("SOM"):
        return f"SOM{int(period[3:]) - 1}"
    found = _PERIOD.fullmatch(period)
    if found is None:
        return ""
    year, kind, number = int(found[1]), found[2], found[3]
    if kind is None:
        return str(year - 1)
    if number != "1":
        return f"{year}-{kind}{int(number) - 1}"
    return f"{year - 1}-{kind}{ {'H': 2, 'Q': 4}[kind] }"


def year_of(period: str) -> str:
    """The year a period lies in; a meeting is a period of its own."""
    return period.partition("-")[0]


# -- rates -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rates:
    """How much of what was asked was given, and how much of what was due came in time."""

    asked: int
    given: int
    due: int
    in_time: int

    @property
    def completeness(self) -> int | None:
        """In percent; None: nothing was asked."""
        return _percent(self.given, self.asked)

    @property
    def timeliness(self) -> int | None:
        """In percent; None: nothing is due yet."""
        return _percent(self.in_time, self.due)

    def __add__(self, other: "Rates") -> "Rates":
        return Rates(
            self.asked + other.asked,
            self.given + other.given,
            self.due + other.due,
            self.in_time + other.in_time,
        )


def _percent(part: int, whole: int) -> int | None:
    """Rounded down, so that only all is 100."""
    return part * 100 // whole if whole else None

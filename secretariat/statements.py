"""Do the statements of a figure agree, and which of them do its parts bear out?

Pure: a statement in, sentences out. Nothing here knows a database.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from schemas.measures import PARTS, Indicator


class Said(Protocol):
    """What has to be known of a statement."""

    value: int
    parts: dict[str, int]
    planned: bool
    counts: list[str]
    missing: list[str]
    counted: int | None
    source: str


@dataclass(frozen=True)
class Contradiction:
    """``words`` what does not fit together; ``holds`` what the members' own figures bear out."""

    words: str
    holds: str = ""


def faults(indicator: Indicator, value: int, parts: dict[str, int]) -> Iterator[str]:
    """Why a figure cannot be right by itself: a part it has not, parts that are not the whole."""
    for part in parts:
        if part not in indicator.parts:
            known = ", ".join(indicator.parts) or "it has no parts"
            yield f"“{part}” is no part of “{indicator.name}” ({known})"
    for split in indicator.by:
        names = PARTS[split]
        given = [parts[name] for name in names if name in parts]
        if len(given) == len(names) and sum(given) != value:
            said = " + ".join(f"{parts[name]:,} {name}" for name in names)
            yield f"{said} = {sum(given):,}, not {value:,}"
        elif sum(given) > value:
            yield f"its {' and '.join(n for n in names if n in parts)} are more than {value:,}"


def contradictions(
    indicator: Indicator,
    said: Iterable[Said],
    by_member: dict[str, int],
    members: Mapping[str, str],
) -> list[Contradiction]:
    """What does not fit together in the statements of one figure in one period.

    ``by_member`` is what each member's own figure says, ``members`` how each is called.
    """
    stated = list(said)
    found = [Contradiction(words) for each in stated for words in _within(each, members)]
    for first, second in combinations(stated, 2):
        if words := _between(first, second, members):
            holds = _borne_out(indicator, (first, second), by_member, members)
            found.append(Contradiction(words, holds))
    for each in stated:
        total = _sum(each, by_member)
        if indicator.adds_up and total is not None and total != each.value and len(stated) == 1:
            words = f"the members’ figures add up to {total:,}, the total says {each.value:,}"
            found.append(Contradiction(words))
        if each.counted is not None and each.counted != each.value:
            words = f"stated is {each.value:,}, the record here had {each.counted:,} then"
            found.append(Contradiction(words))
    return found


def _within(said: Said, members: Mapping[str, str]) -> Iterator[str]:
    """Where one statement contradicts itself."""
    for code, times in Counter(said.missing).items():
        if times > 1:
            name = members.get(code, code)
            yield f"{said.source} names {name} {times} times among those yet to report"
    if both := set(said.counts) & set(said.missing):
        yield f"{said.source} counts {_listed(both, members)} and names it as yet to report"
    left = set(members) - set(said.counts) - set(said.missing)
    if said.counts and said.missing and left:
        yield f"{said.source} neither counts {_listed(left, members)} nor names it as yet to report"


def _between(first: Said, second: Said, members: Mapping[str, str]) -> str:
    if first.value != second.value:
        return f"{first.source} says {first.value:,}, {second.source} says {second.value:,}"
    if first.counts and second.counts and set(first.counts) != set(second.counts):
        return (
            f"{first.value:,} is said of {_listed(first.counts, members)} ({first.source}) "
            f"and of {_listed(second.counts, members)} ({second.source})"
        )
    return ""


def _borne_out(
    indicator: Indicator,
    said: tuple[Said, ...],
    by_member: dict[str, int],
    members: Mapping[str, str],
) -> str:
    """Which of the statements the members' own figures add up to, with the sums."""
    if not indicator.adds_up:
        return ""
    sums = []
    for each in said:
        total = _sum(each, by_member)
        if total is None:
            return ""
        terms = " + ".join(f"{by_member[code]:,}" for code in sorted(each.counts))
        verdict = "holds" if total == each.value else f"does not hold, it is not {each.value:,}"
        counted = _listed(each.counts, members)
        sums.append(f"{terms} = {total:,} ({counted}): {each.source} {verdict}")
    return "; ".join(dict.fromkeys(sums))


def _sum(said: Said, by_member: dict[str, int]) -> int | None:
    """What the counted members' own figures add up to; None: not all of them gave one."""
    if not said.counts or not set(said.counts) <= by_member.keys():
        return None
    return sum(by_member[code] for code in set(said.counts))


def _listed(codes: Iterable[str], members: Mapping[str, str]) -> str:
    return ", ".join(members.get(code, code) for code in sorted(codes))

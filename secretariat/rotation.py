"""Whose turn is the chair?

The members stand in a line. Who chairs a meeting goes to its end; who passes a turn stays where it
is, and so is first for the meeting after; a swap that was accepted exchanges two places once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Troika:
    """Outgoing, in office, incoming: member codes, None where there is nobody yet."""

    outgoing: str | None
    in_office: str | None
    incoming: str | None


@dataclass(frozen=True)
class Turn:
    """Whose turn a SOM is; None: everybody passed. ``agreed`` is “formal”, “informal” or nothing.

    ``passed`` are the members that passed it, ``swapped`` the member it came from by a swap.
    """

    som: str
    member: str | None
    agreed: str = ""
    passed: tuple[str, ...] = ()
    swapped: str = ""


@dataclass(frozen=True)
class Said:
    """What members said of turns: agreements, passed turns and accepted swaps, by SOM."""

    agreed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    passed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    swaps: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def turns(order: Iterable[str], said: Said, first: str, count: int) -> list[Turn]:
    """The turns of ``count`` meetings from ``first`` on, where the line is as ``order`` says."""
    line = list(order)
    found = []
    for som in (f"SOM{number(first) + n}" for n in range(count)):
        given = said.swaps.get(som)
        if given and set(given) <= set(line):
            line = [_swapped(member, given) for member in line]
        passed = said.passed.get(som, ())
        member, agreed = said.agreed.get(som) or (_next(line, passed), "")
        if member in line:
            line.remove(member)
            line.append(member)
        swapped = given[0] if given and given[1] == member else ""
        found.append(Turn(som, member, agreed, passed, swapped))
    return found


def _swapped(member: str, given: tuple[str, str]) -> str:
    return {given[0]: given[1], given[1]: given[0]}.get(member, member)


def _next(line: list[str], passed: Iterable[str]) -> str | None:
    return next((member for member in line if member not in passed), None)


def number(som: str) -> int:
    """13 for SOM13."""
    return int(som.removeprefix("SOM"))


def following(som: str) -> str:
    """SOM14 for SOM13."""
    return f"SOM{number(som) + 1}"

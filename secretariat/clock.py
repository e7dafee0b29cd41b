"""What time is it? The one place that asks the machine."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

JUMP = timedelta(minutes=10)
"""Further than this no clock is put right by itself without somebody knowing."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class MovableClock(Clock, Protocol):
    """A clock whose time can be lived through faster than it passes."""

    def advance_to(self, at: datetime) -> None:
        """Move on to ``at``; never back."""


@dataclass(frozen=True)
class WallClock:
    """The machine's clock, moved by ``offset``: nothing, but in a demo the way back to 2019."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class VirtualClock:
    """Stands still until it is told to move; for replaying a history and for tests."""

    at: datetime = field()

    def now(self) -> datetime:
        return self.at

    def advance_to(self, at: datetime) -> None:
        """Move on to ``at``; never back."""
        self.at = max(self.at, at.astimezone(UTC))


@dataclass(frozen=True)
class Reading:
    """The machine's clock and, at the same moment, seconds of a clock that nobody sets."""

    wall: datetime
    steady: float


def read_clocks() -> Reading:
    """Both clocks now. The steady one goes on while a laptop sleeps, where the system has such."""
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Reading(WallClock().now(), time.clock_gettime(steady))


def jump(before: Reading, now: Reading) -> timedelta:
    """How far the machine's clock was set forward, or back (negative), between two readings."""
    return (now.wall - before.wall) - timedelta(seconds=now.steady - before.steady)

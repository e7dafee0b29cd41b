"""What time is it? The one place that asks the machine."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


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

"""When will everything be handed over? What the forecast is made from and what it says."""

from dataclasses import dataclass
from datetime import date, datetime

from schemas.phase import Phase


@dataclass(frozen=True)
class Change:
    """A holding came into ``after`` at an instant (UTC); ``before`` is None when it was opened."""

    holding: str
    function: str
    before: Phase | None
    after: Phase
    at: datetime


@dataclass(frozen=True)
class By:
    """Until when something comes about in 10, 50 and 90 of 100 futures.

    Instants in UTC; None lies beyond the forecast's horizon. Early to late is the 80% interval.
    """

    early: datetime | None
    middle: datetime | None
    late: datetime | None


@dataclass(frozen=True)
class Reached:
    """When ``count`` functions will be fully transferred at the same time."""

    count: int
    by: By


@dataclass(frozen=True)
class Ahead:
    """A function not yet fully transferred.

    ``last`` is the share of futures, 0 to 1, in which it is the last or among the last; ``paused``
    says that some of its holdings do not move at present.
    """

    function: str
    by: By
    last: float
    paused: bool


@dataclass(frozen=True)
class Counts:
    """How many functions, in 10, 50 and 90 of 100 futures."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Forecast:
    """When all functions will be fully transferred, as seen at ``at`` (UTC).

    ``past`` holds (instant, functions fully transferred from then on); ``reached`` says when each
    further one is, the last of them being the answer; ``chance`` is the share of futures, 0 to 1,
    in which that is before the programme ``closes``. ``chance`` and ``at_close`` are None without
    a closing day ahead.
    """

    at: datetime
    closes: date | None
    total: int
    past: tuple[tuple[datetime, int], ...]
    reached: tuple[Reached, ...]
    functions: tuple[Ahead, ...]
    chance: float | None
    at_close: Counts | None
    horizon: datetime
    futures: int
    assumptions: tuple[str, ...]

    @property
    def fully(self) -> int:
        """How many functions are fully transferred now."""
        return self.past[-1][1]


@dataclass(frozen=True)
class TooLittle:
    """No forecast: the history does not carry one. ``words`` say what is missing."""

    at: datetime
    closes: date | None
    total: int
    past: tuple[tuple[datetime, int], ...]
    words: str

    @property
    def fully(self) -> int:
        """How many functions are fully transferred now."""
        return self.past[-1][1]

"""How much may leave now? What a relay allows by its rules, and what it bears at the moment."""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one relay allows; None: as many as it takes."""

    per_minute: int | None = None
    per_day: int | None = None
    connections: int = 3


@dataclass
class Allowance:
    """What may be asked of the relay; ``trouble`` says in words why mail waits, if it does.

    An attempt counts from its beginning until a minute, or a day, after its end, so that no window
    as the relay sees it holds more than it allows.
    """

    limits: Limits
    rng: Random
    trouble: str = field(default="", init=False)
    width: int = field(init=False)
    _under_way: int = field(default=0, init=False)
    _ended: deque[datetime] = field(default_factory=deque, init=False)
    _failures: int = field(default=0, init=False)
    _resume_at: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.width = self.limits.connections

    def remember(self, ended: Iterable[datetime]) -> None:
        """Attempts an earlier process made."""
        self._ended.extend(sorted(ended))

    def begin(self) -> None:
        self._under_way += 1

    def end(self, now: datetime) -> None:
        self._under_way -= 1
        if self.limits.per_day or self.limits.per_minute:
            self._ended.append(now)

    def room(self, now: datetime, most: int) -> int:
        """How many more attempts may begin at ``now``, of at most ``most``."""
        if self.paused(now):
            return 0
        if self._ended and self._ended[-1] > now:  # the clock went back: all of it was just now
            self._ended = deque(min(at, now) for at in self._ended)
        while self._ended and self._ended[0] <= now - DAY:
            self._ended.popleft()
        if self.limits.per_day:
            most = min(most, self.limits.per_day - self._under_way - len(self._ended))
        if self.limits.per_minute:
            most = min(most, self.limits.per_minute - self._under_way - self._lately(now))
        return max(most, 0)

    def paused(self, now: datetime) -> bool:
        """Whether the relay is left alone for a while."""
        return self._resume_at is not None and now < self._resume_at

    def back_off(self, trouble: str, now: datetime, *, busy: bool) -> None:
        """The relay cannot be used, or wants less: it is left alone, longer each time."""
        if self.trouble != trouble:
            log.warning("%s", trouble)
        self.trouble = trouble
        if busy:
            self.width = max(1, self.width // 2)
        pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        self._resume_at = now + pause * self.rng.uniform(1, 1.2)

    def served(self, now: datetime) -> None:
        """The relay does its work; a pause that was begun is kept all the same."""
        if not self.paused(now):
            self.trouble, self._failures, self._resume_at = "", 0, None

    def widen(self) -> None:
        """All went well, so one connection more may be tried."""
        self.width = min(self.width + 1, self.limits.connections)

    def _lately(self, now: datetime) -> int:
        count = 0
        for at in reversed(self._ended):
            if at <= now - MINUTE:
                break
            count += 1
        return count

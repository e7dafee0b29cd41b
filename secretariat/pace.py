"""At what pace have functions moved so far? What a forecast takes from the phase changes.

What moves is a **wave**: holdings of one function that take the same step within a week. One act
often moves all of a function's holdings (twelve on one day, when task force convening was handed
over), so they are not independent witnesses: counted one by one they would claim a certainty that
nobody has. So the function waits, a wave ends its wait, and what was left behind waits anew.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.forecast import Change
from schemas.phase import Phase

DAY = timedelta(days=1)
WAVE = timedelta(days=7)
# Below 1 a wave gets less likely the longer it is waited for, above 1 more; 1 has no memory.
SHAPES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)

UN_LED, SHARED, LED = range(3)
_LEVELS = {
    Phase.UN_LED: UN_LED,
    Phase.SHARED: SHARED,
    Phase.GOVERNMENT_LED: LED,
    Phase.COMPLETED: LED,
}


@dataclass
class Tempo:
    """How long functions waited for one step, in days.

    ``waits`` ended in a wave, ``waiting`` had not when last seen; ``shares`` are the parts of what
    waited that the waves took along, where more than one holding waited.
    """

    waits: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def exposure(self, shape: float) -> float:
        """All waiting, ended or not, in days to the power of ``shape``."""
        return max(1.0, sum(math.pow(wait, shape) for wait in (*self.waits, *self.waiting)))

    def likelihoods(self) -> list[float]:
        """How well each of SHAPES explains the waits, whatever the pace; the best is 1."""
        count, logs = len(self.waits), sum(math.log(wait) for wait in self.waits)
        found = [
            count * (math.log(shape) - math.log(self.exposure(shape))) + (shape - 1) * logs
            for shape in SHAPES
        ]
        return [math.exp(log - max(found)) for log in found]


@dataclass
class Evidence:
    """What the past says: both steps up, and what was given back.

    ``setbacks`` counts holdings given back while shared, in ``shared_days`` holding-days;
    ``undone`` those given back although government-led.
    """

    handover: Tempo = field(default_factory=Tempo)
    lead: Tempo = field(default_factory=Tempo)
    setbacks: int = 0
    shared_days: float = 0.0
    undone: int = 0


@dataclass
class Standing:
    """How many holdings of a function stand at each level, and the days each step has waited.

    While ``paused``, some of its holdings do not move, so that it cannot be fully transferred.
    """

    levels: list[int] = field(default_factory=lambda: [0, 0, 0])
    waited: tuple[float, float] = (0.0, 0.0)
    paused: bool = False

    @property
    def fully(self) -> bool:
        return self.levels[LED] > 0 and not self.levels[UN_LED] and not self.levels[SHARED]


@dataclass(frozen=True)
class Past:
    """``fully`` holds (instant, functions fully transferred from then on), in order."""

    changes: Sequence[Change]
    now: datetime
    evidence: Evidence
    standings: dict[str, Standing]
    fully: tuple[tuple[datetime, int], ...]

    @property
    def begun(self) -> datetime:
        return self.changes[0].at if self.changes else self.now

    @property
    def moves(self) -> int:
        return sum(change.before is not None for change in self.changes)


def past(changes: Sequence[Change], now: datetime, paused: AbstractSet[str] = frozenset()) -> Past:
    """Live through all openings and moves up to ``now``, given in their order.

    ``paused`` names holdings that do not move at present. How long they have been paused is not
    known here; that time counts as waiting, which makes the pace a little slower.
    """
    of: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        of[change.function].append(change)
    evidence = Evidence()
    flips: Counter[datetime] = Counter()
    standings = {slug: _live(lived, now, evidence, flips) for slug, lived in of.items()}
    latest = {change.holding: change for change in changes}
    for holding in paused & latest.keys():
        if _LEVELS[latest[holding].after] != LED:
            standings[latest[holding].function].paused = True
    begun = changes[0].at if changes else now
    return Past(changes, now, evidence, standings, tuple(_fully(flips, begun)))


def _live(
    changes: list[Change], now: datetime, evidence: Evidence, flips: Counter[datetime]
) -> Standing:
    """One function's past; ``flips`` notes when it became, or ceased to be, fully transferred."""
    standing = Standing()
    steps = (_Step(), _Step())
    for change, until in zip(changes, [*(c.at for c in changes[1:]), now], strict=True):
        before = standing.fully
        _move(standing.levels, change, steps, evidence)
        flips[change.at] += standing.fully - before
        evidence.shared_days += (until - change.at) / DAY * standing.levels[SHARED]
    for step, tempo in zip(steps, (evidence.handover, evidence.lead), strict=True):
        step.testify(tempo, now)
    standing.waited = (steps[UN_LED].waited(now), steps[SHARED].waited(now))
    return standing


def _move(
    levels: list[int], change: Change, steps: "tuple[_Step, _Step]", evidence: Evidence
) -> None:
    """Move one holding. One that skips a phase says nothing of how long that phase lasts."""
    after = _LEVELS[change.after]
    levels[after] += 1
    if change.before is not None:
        before = _LEVELS[change.before]
        levels[before] -= 1
        if after > before:
            steps[before].taken(change.at, levels[before])
        elif after < before:
            evidence.setbacks += before == SHARED
            evidence.undone += before == LED
    for level, step in enumerate(steps):
        step.turn(change.at, levels[level])


@dataclass
class _Step:
    """One step of one function: since when it is waited for, and its waves as [moved, left]."""

    since: datetime | None = None
    wave_at: datetime | None = None
    waves: list[list[int]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    given_up: list[float] = field(default_factory=list)

    def waited(self, now: datetime) -> float:
        return (now - self.since) / DAY if self.since else 0.0

    def taken(self, at: datetime, left: int) -> None:
        """A holding took the step and ``left`` still wait."""
        if self.wave_at is None or at - self.wave_at > WAVE:
            self.wave_at = at
            self.waves.append([0, 0])
            self.waits.append(max(1.0, self.waited(at)))
        self.waves[-1] = [self.waves[-1][0] + 1, left]
        self.since = at if left else None

    def turn(self, at: datetime, waiting: int) -> None:
        """Holdings have come to wait here, or have gone otherwise than by the step."""
        if waiting and self.since is None:
            self.since = at
        elif not waiting and self.since is not None:
            self.given_up.append(self.waited(at))
            self.since = None

    def testify(self, tempo: Tempo, now: datetime) -> None:
        tempo.waits += self.waits
        tempo.waiting += self.given_up
        if self.since:
            tempo.waiting.append(self.waited(now))
        tempo.shares += [moved / (moved + left) for moved, left in self.waves if moved + left > 1]


def _fully(flips: Counter[datetime], begun: datetime) -> Iterator[tuple[datetime, int]]:
    count = 0
    yield begun, count
    for at in sorted(at for at, flip in flips.items() if flip):
        count += flips[at]
        yield at, count

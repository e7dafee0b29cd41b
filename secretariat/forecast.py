"""When will every function be fully transferred? The past pace, lived on in thousands of futures.

A function waits for its next wave (see ``pace``), and how long is Weibull: the shape says whether
waiting makes a wave likelier. In each future, shape and pace are drawn from what the waits of the
past leave open, those still going on included (shapes weighed by likelihood, the pace Gamma as for
the prior 1/pace), so that few waves give a wide interval. A wave takes along a share of what waits,
drawn from the waves of the past. Holdings are given back while shared at the rate they were.

All functions go at one pace, whoever receives them: some thirty waves do not tell more apart. The
memory, on the other hand, has to be there. In 2018 as it was replayed, waits without memory (shape
1) are a hundredth as likely as the best shape; see docs/design.md for what that changes, and for
how forecasts made during that year compare with how it went on.
"""

import math
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.forecast import Ahead, By, Change, Counts, Forecast, Reached, TooLittle
from secretariat.assumptions import assumptions
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language
from secretariat.pace import DAY, SHAPES, SHARED, UN_LED, Past, Standing, Tempo, past

FUTURES = 2000
HORIZON_YEARS = 10
HORIZON_DAYS = 365.25 * HORIZON_YEARS
LEAST_DAYS = 180
# Five waves leave a pace open to a factor of three between the ends of its 80% interval.
LEAST_WAVES = 5


def forecast(
    changes: Sequence[Change],
    now: datetime,
    *,
    closes: date | None,
    zone: str,
    seed: str,
    paused: AbstractSet[str] = frozenset(),
    language: Language = ENGLISH,
) -> Forecast | TooLittle:
    """What the past says about the end, or why it does not say enough.

    ``changes`` are all openings and moves up to ``now`` in their order; ``closes`` is a whole day
    in ``zone``; ``paused`` names holdings that do not move at present. The same history and
    ``seed`` give the same forecast.
    """
    lived = past(changes, now, paused)
    if lacks := missing(lived, language):
        return TooLittle(now, closes, len(lived.standings), lived.fully, lacks)
    ends = futures(lived, seed)
    orders = [sorted(future) for future in zip(*ends.values(), strict=True)]
    closing = _days_until_close(now, closes, zone) if orders else None
    fully = lived.fully[-1][1]
    return Forecast(
        at=now,
        closes=closes,
        total=len(lived.standings),
        past=lived.fully,
        reached=tuple(
            Reached(fully + 1 + i, _by(now, [order[i] for order in orders]))
            for i in range(len(ends))
        ),
        functions=_ahead(lived, ends),
        chance=None if closing is None else _share(order[-1] <= closing for order in orders),
        at_close=None if closing is None else _at_close(fully, orders, closing),
        horizon=now + timedelta(days=HORIZON_DAYS),
        futures=FUTURES,
        assumptions=assumptions(lived, zone, len(paused), language),
    )


def missing(lived: Past, language: Language = ENGLISH) -> str:
    """What the history lacks for a forecast, in a sentence; empty if it lacks nothing."""
    standings = lived.standings.values()
    if not standings:
        return language.gettext("There is nothing to forecast yet: no function has a holding.")
    if all(standing.fully for standing in standings):
        return ""
    days = (lived.now - lived.begun).days
    handovers, leads = len(lived.evidence.handover.waits), len(lived.evidence.lead.waits)
    lacks = []
    if days < LEAST_DAYS:
        lacks.append(
            language.phrase("{least} days, and it has {days}", least=LEAST_DAYS, days=days)
        )
    if handovers < LEAST_WAVES and any(standing.levels[UN_LED] for standing in standings):
        words = marked("{least} waves from UN-led to shared, and it has {waves}")
        lacks.append(language.phrase(words, least=LEAST_WAVES, waves=handovers))
    if leads < LEAST_WAVES:
        words = marked("{least} waves from shared to government-led, and it has {waves}")
        lacks.append(language.phrase(words, least=LEAST_WAVES, waves=leads))
    if not lacks:
        return ""
    return language.phrase(
        "The history is too short for a forecast. It takes {lacks}.", lacks="; ".join(lacks)
    )


# -- the futures ----------------------------------------------------------------------------------


def futures(lived: Past, seed: str, count: int = FUTURES) -> dict[str, list[float]]:
    """Days from now until each function that is not yet fully transferred is, future by future.

    Infinite beyond the horizon and for what is paused. Each future, and each function in it, has a
    source of chance of its own, so that a day more of history moves a forecast a little and does
    not shuffle it.
    """
    ahead = {slug: found for slug, found in lived.standings.items() if not found.fully}
    ends: dict[str, list[float]] = {slug: [] for slug in ahead}
    evidence = lived.evidence
    handover, lead = _Open(evidence.handover), _Open(evidence.lead)
    for number in range(count):
        random = Random(f"{seed}/{number}")  # noqa: S311  chance, not a secret
        paces = handover.draw(random), lead.draw(random)
        setback = random.gammavariate(evidence.setbacks + 0.5, 1 / max(1.0, evidence.shared_days))
        for slug, standing in ahead.items():
            own = Random(random.getrandbits(64))  # noqa: S311
            climb = math.inf if standing.paused else _climb(own, standing, *paces, setback)
            ends[slug].append(climb)
    return ends


class _Pace(NamedTuple):
    """The pace of one step in one future: waves for each day to the power of ``shape``."""

    shape: float
    pace: float
    shares: list[float]

    def wait(self, random: Random, waited: float) -> float:
        """Days until the next wave, ``waited`` days having gone by without one."""
        power = math.pow(waited, self.shape) + random.expovariate(self.pace)
        return math.pow(power, 1 / self.shape) - waited

    def take(self, random: Random, waiting: int) -> int:
        """How many of the ``waiting`` holdings a wave takes along; at least one."""
        return max(1, round(waiting * random.choice(self.shares)))


class _Open:
    """What the waits of the past leave open about a step's pace."""

    def __init__(self, tempo: Tempo) -> None:
        self.likelihoods = tempo.likelihoods()
        self.exposures = [tempo.exposure(shape) for shape in SHAPES]
        self.waves = len(tempo.waits) or 0.5
        self.shares = tempo.shares or [0.0]

    def draw(self, random: Random) -> _Pace:
        (which,) = random.choices(range(len(SHAPES)), self.likelihoods)
        pace = random.gammavariate(self.waves, 1 / self.exposures[which])
        return _Pace(SHAPES[which], pace, self.shares)


def _climb(
    random: Random, standing: Standing, handover: _Pace, lead: _Pace, setback: float
) -> float:
    """Days until a function's holdings are all government-led, in one future."""
    un_led, shared = standing.levels[UN_LED], standing.levels[SHARED]
    waited, led_waited = standing.waited
    days = 0.0
    while un_led or shared:
        up = handover.wait(random, waited) if un_led else math.inf
        on = lead.wait(random, led_waited) if shared else math.inf
        back = random.expovariate(setback * shared) if shared else math.inf
        first = min(up, on, back)
        days += first
        if days > HORIZON_DAYS:
            return math.inf
        waited = waited + first if un_led else 0.0
        led_waited = led_waited + first if shared else 0.0
        if first == up:
            moved, waited = handover.take(random, un_led), 0.0
            un_led, shared = un_led - moved, shared + moved
        elif first == on:
            shared, led_waited = shared - lead.take(random, shared), 0.0
        else:
            un_led, shared = un_led + 1, shared - 1
    return days


# -- what they say --------------------------------------------------------------------------------


def _by(now: datetime, days: list[float]) -> By:
    def instant(share: float) -> datetime | None:
        found = quantile(days, share)
        return None if math.isinf(found) else now + timedelta(days=found)

    return By(instant(0.1), instant(0.5), instant(0.9))


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _ahead(lived: Past, ends: dict[str, list[float]]) -> tuple[Ahead, ...]:
    """The functions to come, those first that are most often the last."""
    lasts = [max(future) for future in zip(*ends.values(), strict=True)]
    found = [
        Ahead(
            function=slug,
            by=_by(lived.now, days),
            last=_share(day == last for day, last in zip(days, lasts, strict=True)),
            paused=lived.standings[slug].paused,
        )
        for slug, days in ends.items()
    ]
    return tuple(sorted(found, key=lambda ahead: -ahead.last))


def _share(answers: Iterable[bool]) -> float:
    counted = list(answers)
    return sum(counted) / len(counted)


def _at_close(fully: int, orders: list[list[float]], closing: float) -> Counts:
    counts = [fully + sum(day <= closing for day in order) for order in orders]
    return Counts(*(int(quantile(counts, share)) for share in (0.1, 0.5, 0.9)))


def _days_until_close(now: datetime, closes: date | None, zone: str) -> float | None:
    """Days until the closing day is over in ``zone``; None if it is, or if there is none."""
    if closes is None:
        return None
    end = datetime.combine(closes + timedelta(days=1), time.min, ZoneInfo(zone))
    return (end - now) / DAY if end > now else None

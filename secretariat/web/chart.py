"""Where do the lines of the burn-up chart run? Its geometry; the template draws it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.forecast import Forecast, TooLittle
from secretariat.languages import Language

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 44, 700, 40, 336
MOST_LABELS = 9


@dataclass(frozen=True)
class Tick:
    at: float
    words: str


@dataclass(frozen=True)
class Chart:
    """SVG paths and positions in a box of WIDTH by HEIGHT; ``closes`` is None if off it."""

    past: str
    fan: str
    middle: str
    now: tuple[float, float]
    closes: float | None
    top: float
    ticks: tuple[Tick, ...]
    levels: tuple[Tick, ...]


@dataclass(frozen=True)
class Scale:
    """From instants and numbers of functions to the box."""

    begun: datetime
    end: datetime
    total: int

    def x(self, at: datetime) -> float:
        return round(LEFT + (RIGHT - LEFT) * ((at - self.begun) / (self.end - self.begun)), 1)

    def y(self, count: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * count / max(self.total, 1), 1)


def chart(found: Forecast | TooLittle, zone: str, language: Language) -> Chart:
    """The burn-up chart of a forecast; without one, of the past only."""
    local = ZoneInfo(zone)
    closes = None
    if found.closes:
        closes = datetime.combine(found.closes, datetime.min.time(), local) + timedelta(days=1)
    scale = _scale(found, closes)
    points = [(at, count) for at, count in found.past if at <= found.at]
    reached = found.reached if isinstance(found, Forecast) else ()
    here = (found.at, found.fully)
    early, middle, late = (
        _stairs(scale, [here, *((getattr(r.by, edge), r.count) for r in reached)])
        for edge in ("early", "middle", "late")
    )
    return Chart(
        past=_path(_stairs(scale, [*points, here])),
        fan=_path([*early, *reversed(late)]) + " Z" if reached else "",
        middle=_path(middle) if reached else "",
        now=(scale.x(found.at), scale.y(found.fully)),
        closes=scale.x(closes) if closes and closes >= scale.begun else None,
        top=scale.y(found.total),
        ticks=_ticks(scale, local, language),
        levels=tuple(
            Tick(scale.y(count), str(count))
            for count in sorted({*range(0, found.total - 1, 5), found.total})
        ),
    )


def _scale(found: Forecast | TooLittle, closes: datetime | None) -> Scale:
    """From the first event to the last thing that is said, and a little more."""
    begun = found.past[0][0]
    ends = [found.at, closes or found.at, begun + timedelta(days=365)]
    if isinstance(found, Forecast) and found.reached:
        ends.append(found.reached[-1].by.late or found.horizon)
    return Scale(begun, begun + (max(ends) - begun) * 1.03, found.total)


def _stairs(
    scale: Scale, points: list[tuple[datetime | None, int]] | list[tuple[datetime, int]]
) -> list[tuple[float, float]]:
    """Level until the next number is reached, then up; to the right edge if it never is."""
    (first, count), *others = points
    assert first is not None
    found = [(scale.x(first), scale.y(count))]
    for at, following in others:
        across = scale.x(at) if at else float(RIGHT)
        found.append((across, found[-1][1]))
        if at is None:
            return found
        found.append((across, scale.y(following)))
    return found


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g},{y:g}" for x, y in points)


def _ticks(scale: Scale, zone: ZoneInfo, language: Language) -> tuple[Tick, ...]:
    """The first days of months, so many of them that their names do not collide."""
    first, last = scale.begun.astimezone(zone), scale.end.astimezone(zone)
    months = range(first.year * 12 + first.month, last.year * 12 + last.month)
    for every in (1, 3, 6, 12, 24):
        chosen = [month for month in months if month % every == 0]
        if len(chosen) <= MOST_LABELS:
            break
    days = [datetime(month // 12, month % 12 + 1, 1, tzinfo=zone) for month in chosen]
    said = (str(day.year) if every >= 12 else language.short_month(day) for day in days)
    return tuple(Tick(scale.x(day), words) for day, words in zip(days, said, strict=True))

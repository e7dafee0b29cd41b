"""What the races found, as a page for people: ``python -m benchmarks.report`` prints it."""

import json
import math
from dataclasses import dataclass

from benchmarks.race import WANTED

WIDTH, LABELS, ROW, TOP = 960, 430, 24, 34
DECADES = (0.01, 0.1, 1, 10, 100)  # of what was wanted
HEAD = """# How fast it is

Each race runs ours and theirs in turn, on one machine, in one run, to the same disk and the same
mail server; what counts is the ratio of the medians. Others are set up to lose nothing in a power
cut, as ours is (SQLite in WAL with `synchronous=FULL`), or the difference is said. The module of
each race in `benchmarks/` says what is compared, and every single figure is in
`benchmarks/results/`.

To repeat it, on a machine with nothing else to do: `make bench`, some fifteen minutes. It prints
this page anew, and ends with an error that names the races that are not as fast as wanted.
"""


@dataclass(frozen=True)
class Figure:
    """What a race found and what was wanted of it: ``at_least`` or ``at_most`` so much."""

    name: str
    found: float
    at_least: float | None
    at_most: float | None
    unit: str

    @property
    def part(self) -> float:
        """Of what was wanted: 1 is just as fast, 2 is twice as fast."""
        if self.at_least is not None:
            return self.found / self.at_least
        assert self.at_most is not None
        return self.at_most / self.found

    @property
    def bound(self) -> str:
        sign, bound = ("≤", self.at_most) if self.at_least is None else ("≥", self.at_least)
        return f"{sign} {bound:,.4g} {self.unit}"


def figures() -> list[Figure]:
    known = json.loads(WANTED.read_text())["found"]
    return [Figure(name, **facts) for name, facts in known.items()]


def page() -> str:
    found = figures()
    rows = [
        f"| {figure.name} | {figure.bound} | {_number(figure.found)} {figure.unit} "
        f"| {'met' if figure.part >= 1 else '**not met**'} |"
        for figure in found
    ]
    table = "\n".join(["| | wanted | found | |", "|---|---:|---:|---|", *rows])
    met = sum(figure.part >= 1 for figure in found)
    said = f"{met} of {len(found)} figures are as wanted."
    return f"{HEAD}\n{said}\n\n{chart(found)}\n\n{table}\n\n{_machine()}\n"


def chart(found: list[Figure]) -> str:
    """A bar for each figure, from what was wanted to what was found, in powers of ten."""
    height = TOP + ROW * len(found) + 10
    marks = [
        f'<line x1="{_x(part):.1f}" x2="{_x(part):.1f}" y1="{TOP - 8}" y2="{height - 10}" '
        f'stroke="currentColor" stroke-width="{2 if part == 1 else 0.3}"/>'
        f'<text x="{_x(part):.1f}" y="{TOP - 14}" text-anchor="middle">{_words(part)}</text>'
        for part in DECADES
    ]
    bars = [_bar(figure, TOP + ROW * number) for number, figure in enumerate(found)]
    head = (
        f'<div><svg viewBox="0 0 {WIDTH} {height}" role="img" width="100%" font-size="13" '
        'font-family="sans-serif" fill="currentColor" '
        'aria-label="What was found, as a multiple of what was wanted; the table has the figures">'
    )
    return "\n".join([head, *marks, *bars, "</svg></div>"])


def _bar(figure: Figure, y: int) -> str:
    wanted, found = _x(1), _x(figure.part)
    left, right = min(wanted, found), max(wanted, found)
    colour = "#2a78a5" if figure.part >= 1 else "#c2571a"
    return (
        f'<text x="{LABELS - 12}" y="{y + 15}" text-anchor="end">{figure.name}</text>'
        f'<rect x="{left:.1f}" y="{y + 4}" width="{max(right - left, 1):.1f}" height="14" '
        f'fill="{colour}"/>'
    )


def _x(part: float) -> float:
    """Where a multiple of what was wanted lies, at the edge if it is beyond."""
    first, last = (math.log10(edge) for edge in (DECADES[0], DECADES[-1]))
    at = min(max(math.log10(max(part, DECADES[0])), first), last)
    return LABELS + (WIDTH - LABELS - 30) * (at - first) / (last - first)


def _words(part: float) -> str:
    return "wanted" if part == 1 else f"{part:g} ×"


def _number(found: float) -> str:
    return f"{found:,.0f}" if found >= 100 else f"{found:,.2f}"


def _machine() -> str:
    facts = json.loads(WANTED.read_text())["machine"]
    return (
        f"Found on {facts['system']}, {facts['machine']}, {facts['cores']} cores, "
        f"Python {facts['python']}."
    )


if __name__ == "__main__":
    print(page(), end="")

"""How a race is run: everybody in turn, several times, on this machine, and told as ratios."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
WANTED = RESULTS / "wanted.json"


def race(
    name: str,
    runners: Mapping[str, Callable[[], float]],
    runs: int = 5,
    unit: str = "/s",
    *,
    ceiling: str = "",
) -> dict[str, float]:
    """The median of what each runner returns, in ``runs`` rounds of all in turn; raw kept.

    ``ceiling``: the runner that does nothing else, of whose median each other reaches a part.
    """
    found: dict[str, list[float]] = {who: [] for who in runners}
    for _ in range(runs):
        for who, run in runners.items():
            found[who].append(run())
    medians = {who: statistics.median(figures) for who, figures in found.items()}
    part = {who: median / medians[ceiling] for who, median in medians.items() if ceiling}
    reached = {f"part of {ceiling}": part} if ceiling else {}
    keep(name, {"unit": unit, "runs": found, "medians": medians, **reached})
    for who, median in medians.items():
        print(f"{name}: {who}: {median:,.1f} {unit}")
    return medians


def keep(name: str, figures: dict[str, object]) -> None:
    """The raw figures, with the machine they were taken on."""
    RESULTS.mkdir(exist_ok=True)
    words = json.dumps({"race": name, "machine": machine(), **figures}, indent=1)
    (RESULTS / f"{name}.json").write_text(words + "\n")


def machine() -> dict[str, str | int | None]:
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def ratio(name: str, ours: float, theirs: float, at_least: float) -> bool:
    """Say how many times as fast we are, and whether that is what was aimed at."""
    return wanted(name, ours / theirs, at_least=at_least)


def wanted(
    name: str,
    found: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "x",
) -> bool:
    """Say and keep whether a figure is what was aimed at; the part before a comma is the race."""
    met = (at_least is None or found >= at_least) and (at_most is None or found <= at_most)
    bound = f"at least {at_least:,}" if at_most is None else f"at most {at_most:,}"
    print(f"{name}: {found:,.2f} {unit} (wanted: {bound} {unit}){'' if met else '  NOT MET'}")
    known = json.loads(WANTED.read_text())["found"] if WANTED.exists() else {}
    known[name] = {"found": found, "at_least": at_least, "at_most": at_most, "unit": unit}
    RESULTS.mkdir(exist_ok=True)
    WANTED.write_text(json.dumps({"machine": machine(), "found": known}, indent=1) + "\n")
    return met

"""How a race is run: everybody in turn, several times, on this machine, and told as ratios."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


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
    machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
    words = json.dumps({"race": name, "machine": machine, **figures}, indent=1)
    (RESULTS / f"{name}.json").write_text(words + "\n")


def ratio(name: str, ours: float, theirs: float, wanted: float) -> bool:
    """Say how many times as fast we are, and whether that is what was aimed at."""
    found = ours / theirs
    met = found >= wanted
    print(f"{name}: {found:.2f} x (wanted: {wanted} x){'' if met else '  NOT MET'}")
    return met

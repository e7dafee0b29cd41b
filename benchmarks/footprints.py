"""How soon is it there, and how much does it hold? Against ``prefect server start``.

Both from nothing to the first page, as an operator starts them, and the memory of all their
processes a moment later. Ours is the board with clock and postman; the Prefect beside it is counted
by itself.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.race import race, ratio, wanted
from benchmarks.served import free_port, wait_until_up

SECRETARIAT = str(Path(sys.executable).parent / "secretariat")
RESTS = 5  # seconds after the first page, until it is at rest
MB = 1024 * 1024


@contextlib.contextmanager
def started(command: list[str], directory: str, **own: str) -> Iterator[subprocess.Popen[bytes]]:
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=directory, env=os.environ | own, stdout=silent, stderr=silent
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def memory(process: subprocess.Popen[bytes], *, alone: bool) -> float:
    """MB resident, of the process alone or with those it started."""
    first = psutil.Process(process.pid)
    counted = [first] if alone else [first, *first.children(recursive=True)]
    return sum(each.memory_info().rss for each in counted) / MB


class Footprint:
    """Seconds until the first page of each start, and MB at rest."""

    def __init__(self) -> None:
        self.held: dict[str, float] = {}

    def ours(self) -> float:
        with tempfile.TemporaryDirectory() as directory:
            port = free_port()
            own = {
                "SECRETARIAT_DATA_DIR": directory,
                "SECRETARIAT_PORT": str(port),
                "SECRETARIAT_PREFECT_PORT": str(free_port()),
            }
            with started([SECRETARIAT, "init"], directory, **own) as process:
                assert process.wait(60) == 0
            return self._start([SECRETARIAT, "up"], directory, port, **own)

    def theirs(self) -> float:
        with tempfile.TemporaryDirectory() as directory:
            port = free_port()
            command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
            own = {"PREFECT_HOME": directory, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
            return self._start(command, directory, port, **own)

    def _start(self, command: list[str], directory: str, port: int, **own: str) -> float:
        begun = time.perf_counter()
        with started(command, directory, **own) as process:
            wait_until_up(f"http://127.0.0.1:{port}/")
            seconds = time.perf_counter() - begun
            time.sleep(RESTS)
            ours = command[0] == SECRETARIAT
            self.held["secretariat" if ours else "prefect"] = memory(process, alone=ours)
        return seconds


def main() -> None:
    footprint = Footprint()
    runners = {"secretariat": footprint.ours, "prefect": footprint.theirs}
    seconds = race("start", runners, runs=3, unit="s to the first page")
    held = footprint.held
    print(
        "start: MB at rest: "
        f"{held['secretariat']:.0f} without Prefect, Prefect {held['prefect']:.0f}"
    )
    met = [
        wanted("start, to the first page", seconds["secretariat"], at_most=2, unit="s"),
        ratio("start, against Prefect", seconds["prefect"], seconds["secretariat"], 1),
        wanted("memory, at rest without Prefect", held["secretariat"], at_most=150, unit="MB"),
        ratio("memory, against Prefect", held["prefect"], held["secretariat"], 1),
    ]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

"""How dear is reading? ``secretariat status`` against ``python -c "import sqlmodel"``.

Run it with ``make bench``. Both are whole processes, in turn, on the same machine in the same run;
what counts is the ratio of the medians. The bound is 8: reading must never load what only doing
needs (Prefect alone takes some three seconds to import).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.race import wanted

BOUND = 8
RUNS = 7
SECRETARIAT = str(Path(sys.executable).parent / "secretariat")


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.environ["SECRETARIAT_DATA_DIR"] = directory
        subprocess.run([SECRETARIAT, "demo", "--no-serve"], check=True, capture_output=True)
        peer = [sys.executable, "-c", "import sqlmodel"]
        commands = {
            "status": [SECRETARIAT, "status"],
            "status --at 2018-12-31 --json": [
                SECRETARIAT, "status", "--at", "2018-12-31", "--json",
            ],
        }  # fmt: skip
        met = True
        for name, command in commands.items():
            pairs = [(seconds(command), seconds(peer)) for _ in range(RUNS)]
            ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
            print(f"{name}: {ours:.2f} s, import sqlmodel {theirs:.2f} s")
            met &= wanted(f"reading, {name}, against import sqlmodel", ours / theirs, at_most=BOUND)
    sys.exit(not met)


if __name__ == "__main__":
    main()

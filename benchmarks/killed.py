"""What is lost, and what comes twice, when the sender is killed again and again?

Ours as the suite has it (a process killed at a random step, or leaving at a named point), and
django-mailer and django-post_office, killed after a moment until their queue is empty. The sink has
each mail on disk before it answers.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from benchmarks.draining import OCTETS, PEERS
from benchmarks.race import keep
from benchmarks.sink import sink
from secretariat.store import open_store
from tests import kills

MAILS, KILLS = 300, 50
ROUND_TRIP = 4  # milliseconds


def ours(directory: Path) -> dict[str, float]:
    url = f"sqlite:///{directory}/secretariat.db"
    open_store(url).migrate()
    found = kills.main(url, directory, KILLS, seed=1)
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def peer(which: str, directory: Path) -> dict[str, float]:
    taken, database = directory / "taken", str(directory / "peer.db")
    rng = random.Random(1)
    killed = 0
    with sink(ROUND_TRIP, taken) as port:

        def run(what: str) -> "subprocess.Popen[bytes]":
            words = [which, what, str(port), str(MAILS), str(OCTETS), database]
            silent = subprocess.DEVNULL
            return subprocess.Popen(
                [sys.executable, PEERS, *words], cwd=directory, stdout=silent, stderr=silent
            )

        run("queue").wait()
        while killed < KILLS:
            for lock in directory.glob("*.lock*"):
                lock.unlink()  # its own leftovers keep django-mailer from sending
            sending = run("send")
            with suppress(subprocess.TimeoutExpired):
                sending.wait(rng.uniform(0.9, 1.9))
                break
            sending.kill()
            sending.wait()
            killed += 1
        else:
            run("send").wait()
    return counted(taken, killed)


def counted(taken: Path, killed: int) -> dict[str, float]:
    copies: dict[str, list[str]] = defaultdict(list)
    for line in taken.read_text().splitlines():
        subject, _, digest = json.loads(line)
        copies[subject].append(digest)
    twice = [found for found in copies.values() if len(found) > 1]
    alike = sum(len(set(found)) == 1 for found in twice)
    again = sum(len(found) - 1 for found in copies.values())
    return {
        "kills": killed,
        "lost": MAILS - len(copies),
        "copies": again,
        "copies for each kill": round(again / max(killed, 1), 2),
        "identical copies": f"{alike} of {len(twice)}",  # type: ignore[dict-item]
    }


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        found["secretariat"] = ours(Path(directory))
    for which in ("django-mailer", "post_office"):
        with tempfile.TemporaryDirectory() as directory:
            found[which] = peer(which, Path(directory))
    for who, figures in found.items():
        print(f"killed: {who}: {figures}")
    keep("killed", {"found": found})
    sys.exit(found["secretariat"].get("lost", 1) != 0)


if __name__ == "__main__":
    main()

"""How many days of a simulated office pass in a second of one core?"""

import logging
import sys
import time

from benchmarks.race import keep, wanted
from tests.world import DAYS, World, broken_promises

SEEDS = 100
WANTED = 1000  # 2,000 worlds of 90 days in three minutes


def main() -> None:
    logging.disable(logging.CRITICAL)
    World(0).live()
    begun = time.process_time()
    for seed in range(SEEDS):
        world = World(seed)
        world.live()
        assert not list(broken_promises(world)), f"seed {seed}"
    seconds = time.process_time() - begun
    rate = SEEDS * DAYS / seconds
    keep("worlds", {"unit": "days/s of one core", "worlds": SEEDS, "days/s": rate})
    print(f"worlds: {rate:,.0f} days a second; real time is {rate * 86400:,.0f} x as slow")
    sys.exit(not wanted("worlds, days of one core", rate, at_least=WANTED, unit="days/s"))


if __name__ == "__main__":
    main()

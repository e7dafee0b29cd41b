"""Prefect's own server, its memory tidied beside its event loop and not within.

Prefect leaves cursors of SQLite behind in cycles that only Python's collector finds. To free one,
SQLite waits for what its connection is at, which may be waiting for its turn to write. Whose turn
it is waits for the event loop; so if the collector works within that, all three stand still until
SQLite gives up after a minute. In a thread of its own the collector may wait as it likes.
"""

import gc
import runpy
import threading
import time

EVERY = 1.0  # seconds between two looks at what is young
WHOLE = 60  # looks, until it is all looked at


def tidy_beside() -> None:
    """Collect in a thread of its own from now on."""
    gc.disable()
    threading.Thread(target=_tidy, name="tidy", daemon=True).start()


def _tidy() -> None:
    look = 0
    while True:
        time.sleep(EVERY)
        look += 1
        gc.collect(1 if look % WHOLE else 2)


if __name__ == "__main__":
    tidy_beside()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)

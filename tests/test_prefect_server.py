"""Why our Prefect server collects its garbage beside the event loop, and that it does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# A writer waits for another in its connection's thread. Nobody closed a cursor of that connection,
# and it can only be freed by the collector.
STANDS_STILL = """
import asyncio, gc, sqlite3, sys, time
import aiosqlite
from flows import server

async def main(path):
    one = await aiosqlite.connect(path, isolation_level=None)
    other = await aiosqlite.connect(path, isolation_level=None)
    await one.execute("create table told (it)")
    await other.execute("pragma busy_timeout = 4000")
    left = await other.execute("select 1 union select 2")
    await left.fetchone()
    cycle = [left]
    cycle.append(cycle)
    del left, cycle
    await one.execute("begin immediate")

    async def end():
        await asyncio.sleep(1.5)
        await one.execute("commit")

    async def write():
        begun = time.monotonic()
        try:
            await other.execute("insert into told values (1)")
        finally:
            print("waited for", time.monotonic() - begun)

    async def collect():
        await asyncio.sleep(0.3)
        gc.collect() if sys.argv[2] == "within" else None

    await asyncio.gather(end(), write(), collect(), return_exceptions=True)
    await one.close()
    await other.close()

server.WHOLE = 1
server.tidy_beside()
asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("where", ["within", "beside"])
def test_a_cursor_left_behind_holds_up_only_who_collects_it(tmp_path: Path, where: str) -> None:
    if where == "within":  # the collector is then run by the event loop, as Python does by itself
        program = STANDS_STILL.replace("server.tidy_beside()", "gc.disable()")
    else:
        program = STANDS_STILL
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "db"), where],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    waited = re.search(r"waited for (\S+)", done.stdout)
    assert waited, done.stdout + done.stderr
    until_it_gave_up = float(waited[1]) > 3.9
    assert until_it_gave_up == (where == "within")

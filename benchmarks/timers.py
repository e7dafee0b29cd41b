"""Ten thousand reminders due in one second: do all fire, and how late is the last?

Against APScheduler with its SQLAlchemy job store (2,000 jobs, as they come, and told to drop
none). Ours writes each into the ledger and asks for its mail; theirs call a function. Then what
a tick costs that takes ten steps, while 10,000 or 1,000,000 timers wait for later.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import text

from benchmarks.race import keep, race, ratio, wanted
from schemas.tables import Obligation, Timer
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import open_store
from secretariat.timers import tick

OURS, THEIRS = 10_000, 2_000
TICKS, TEN = 30, 10
FEW, MANY = 10_000, 1_000_000
DUE = datetime(2019, 6, 4, 3, tzinfo=UTC)
LATER = text(
    """with recursive number(n) as (select 1 union all select n + 1 from number where n < :count)
    insert into timer (kind, subject, step, turn, due_at)
    select 'step', 'later/' || n, 0, 0, '2030-01-01 00:00:00.' || printf('%06d', n % 1000000)
    from number"""
)


def an_office(directory: Path, due: datetime) -> Office:
    store = open_store(f"sqlite:///{directory}/secretariat.db")
    store.migrate()
    office = Office(store, load_programme(SHIPPED / "commit.yaml"), VirtualClock(due))
    adopt(office)
    return office


def ask(office: Office, count: int, due: Callable[[int], datetime]) -> None:
    """So many obligations, each with a step that is due when ``due`` says."""
    frozen = office.programme.ladders[0].model_dump(mode="json")
    forces = office.programme.task_forces()
    with office.store.write() as session:
        for number in range(count):
            body, at = forces[number % len(forces)], due(number)
            key = f"indicator-collection/{number}/data@{body}"
            session.add(
                Obligation(
                    id=key,
                    cycle=f"indicator-collection/{number}",
                    function="indicator-collection",
                    milestone="data",
                    title="Indicators handed in",
                    body=body,
                    asked_at=at,
                    acknowledge_by=at + timedelta(days=5),
                    planned_on=date(2019, 7, 1),
                    promised_on=date(2019, 7, 1),
                    due_on=date(2019, 7, 1),
                    do_by=at + timedelta(days=30),
                    ladder=frozen,
                )
            )
            session.add(Timer(kind="step", subject=key, step=1, due_at=at))


def ours(directory: Path) -> tuple[float, float]:
    """The share of timers that fired, and how many seconds after they were due the last did."""
    office = an_office(directory, DUE)
    ask(office, OURS, lambda _: DUE)
    begun = time.perf_counter()
    fired = tick(office)
    return fired / OURS, time.perf_counter() - begun


def one_tick(waiting: int) -> float:
    """Milliseconds of a tick that takes ten steps, while so many timers wait for other days."""
    with tempfile.TemporaryDirectory() as directory:
        office = an_office(Path(directory), DUE - timedelta(minutes=1))
        ask(office, TICKS * TEN, lambda number: DUE + timedelta(minutes=number // TEN))
        with office.store.queue() as session:
            session.connection().execute(LATER, {"count": waiting})
        took = []
        for number in range(TICKS):
            clock = VirtualClock(DUE + timedelta(minutes=number))
            begun = time.perf_counter()
            assert tick(replace(office, clock=clock)) == TEN
            took.append(1000 * (time.perf_counter() - begun))
        return statistics.median(took)


def job() -> None:
    """Module-level, as a job store wants it."""


def theirs(directory: Path, grace: int | None) -> tuple[float, float]:
    """The same of APScheduler; ``grace`` is its misfire_grace_time in seconds."""
    url = f"sqlite:///{directory}/jobs-{grace}.db"
    scheduler = BackgroundScheduler(job_defaults={"misfire_grace_time": grace})
    scheduler.add_jobstore("sqlalchemy", url=url)
    ran, missed, last = 0, 0, 0.0
    due = datetime.now(UTC) + timedelta(seconds=2 + THEIRS / 300)

    def note(event: object) -> None:
        nonlocal ran, missed, last
        if getattr(event, "code", 0) == EVENT_JOB_EXECUTED:
            ran, last = ran + 1, (datetime.now(UTC) - due).total_seconds()
        else:
            missed += 1

    scheduler.add_listener(note, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED)
    scheduler.start(paused=True)
    for number in range(THEIRS):
        scheduler.add_job(job, "date", run_date=due, id=str(number))
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    scheduler.resume()
    end = time.monotonic() + 120
    while ran + missed < THEIRS and time.monotonic() < end:
        time.sleep(0.1)
    scheduler.shutdown()
    return ran / THEIRS, last


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        found["secretariat"] = ours(Path(directory))
        found["APScheduler, as it comes"] = theirs(Path(directory), 1)
        found["APScheduler, none dropped"] = theirs(Path(directory), None)
    for who, (share, lateness) in found.items():
        print(f"timers: {who}: {share:.0%} fired, the last {lateness:.1f} s late")
    keep("timers", {"ours": OURS, "theirs": THEIRS, "share and lateness": found})
    per_timer = found["secretariat"][1] / OURS
    peer = found["APScheduler, none dropped"][1] / THEIRS
    took = race(
        "ticks",
        {"among 10,000": lambda: one_tick(FEW), "among 1,000,000": lambda: one_tick(MANY)},
        runs=3,
        unit="ms",
    )
    met = [
        wanted("timers, share that fired", found["secretariat"][0], at_least=1),
        wanted("timers, the last of 10,000", found["secretariat"][1], at_most=2, unit="s late"),
        ratio("timers, each against APScheduler", peer, per_timer, 1),
        wanted(
            "timers, a tick among 1,000,000 against among 10,000",
            took["among 1,000,000"] / took["among 10,000"],
            at_most=1.2,
        ),
    ]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

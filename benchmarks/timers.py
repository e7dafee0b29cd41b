"""Ten thousand reminders due in one second: do all fire, and how late is the last?

Against APScheduler with its SQLAlchemy job store (2,000 jobs, as they come, and told to drop
none). Ours writes each into the ledger and asks for its mail; theirs call a function.
"""

import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.race import keep
from schemas.tables import Obligation, Timer
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import open_store
from secretariat.timers import tick

OURS, THEIRS = 10_000, 2_000


def ours(directory: Path) -> tuple[float, float]:
    """The share of timers that fired, and how many seconds after they were due the last did."""
    store = open_store(f"sqlite:///{directory}/secretariat.db")
    store.migrate()
    programme = load_programme(SHIPPED / "commit.yaml")
    due = datetime(2019, 6, 4, 3, tzinfo=UTC)
    office = Office(store, programme, VirtualClock(due))
    adopt(office)
    frozen = programme.ladders[0].model_dump(mode="json")
    forces = programme.task_forces()
    with store.write() as session:
        for number in range(OURS):
            body = forces[number % len(forces)]
            key = f"indicator-collection/{number}/data@{body}"
            session.add(
                Obligation(
                    id=key,
                    cycle=f"indicator-collection/{number}",
                    function="indicator-collection",
                    milestone="data",
                    title="Indicators handed in",
                    body=body,
                    asked_at=due,
                    acknowledge_by=due + timedelta(days=5),
                    planned_on=date(2019, 7, 1),
                    promised_on=date(2019, 7, 1),
                    due_on=date(2019, 7, 1),
                    do_by=due + timedelta(days=30),
                    ladder=frozen,
                )
            )
            session.add(Timer(kind="step", subject=key, step=1, due_at=due))
    begun = time.perf_counter()
    fired = tick(office)
    return fired / OURS, time.perf_counter() - begun


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
    print(f"timers: each takes {peer / per_timer:.2f} x as long in APScheduler")
    sys.exit(found["secretariat"][0] < 1)


if __name__ == "__main__":
    main()

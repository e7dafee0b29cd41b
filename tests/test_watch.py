"""When the machine's clock jumps, nothing is sent until it is put right or somebody agrees."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import engine, timers, watch
from secretariat.clock import Reading, jump
from secretariat.commands import Office
from secretariat.errors import ConflictError
from secretariat.installation import DemoClock, set_clock
from secretariat.store import Store
from secretariat.watch import Watch
from tests.conftest import Bench, at
from tests.test_ticks import asked

START = at("2026-06-03T01:00Z")  # a Wednesday morning
SECOND, HOUR, YEAR = timedelta(seconds=1), timedelta(hours=1), timedelta(days=365)
every_jump = pytest.mark.parametrize("by", [HOUR, -HOUR, YEAR, -YEAR], ids=str)


@dataclass
class Machine:
    """Both clocks of a machine, in the hands of a test; it is its office's clock too."""

    wall: datetime = START
    steady: float = 1000.0

    def now(self) -> datetime:
        return self.wall

    def read(self) -> Reading:
        return Reading(self.wall, self.steady)

    def pass_(self, time: timedelta) -> None:
        self.wall += time
        self.steady += time.total_seconds()

    def watch(self, store: Store) -> Watch:
        return Watch(store, self, self.read)


@given(st.datetimes(timezones=st.just(UTC)), st.floats(0, 1e9), st.integers(0, 10**8))
def test_time_that_passes_is_no_jump(wall: datetime, steady: float, seconds: int) -> None:
    before = Reading(wall, steady)
    try:
        after = Reading(wall + timedelta(seconds=seconds), steady + seconds)
    except OverflowError:
        return
    assert abs(jump(before, after)) < timedelta(milliseconds=1)


@every_jump
def test_a_jump_is_held_until_somebody_agrees(store: Store, by: timedelta) -> None:
    machine = Machine()
    watching = machine.watch(store)
    assert watching.trusts()
    machine.pass_(SECOND)
    machine.wall += by
    assert not watching.trusts()
    assert ("forward" if by > timedelta() else "back") in watching.trouble
    machine.pass_(HOUR)
    assert not watching.trusts()
    assert "jumped" in watch.agree(store)
    assert watching.trusts()
    assert watching.trouble == ""
    machine.pass_(SECOND)
    assert watching.trusts()


@every_jump
def test_a_clock_that_is_put_right_needs_nobody(store: Store, by: timedelta) -> None:
    machine = Machine()
    watching = machine.watch(store)
    watching.trusts()
    machine.wall += by
    assert not watching.trusts()
    machine.pass_(HOUR)
    machine.wall -= by
    assert watching.trusts()
    with pytest.raises(ConflictError, match="nothing to agree to"):
        watch.agree(store)


@pytest.mark.parametrize("by", [timedelta(minutes=9), -timedelta(minutes=9), SECOND])
def test_small_corrections_are_no_jumps(store: Store, by: timedelta) -> None:
    machine = Machine()
    watching = machine.watch(store)
    watching.trusts()
    for _ in range(5):
        machine.pass_(SECOND)
        machine.wall += by
        assert watching.trusts()


def test_a_restart_forgets_no_jump(store: Store) -> None:
    machine = Machine()
    watching = machine.watch(store)
    watching.trusts()
    machine.wall += YEAR
    assert not watching.trusts()
    again = machine.watch(store)
    assert not again.trusts()
    assert "forward by 365 days" in again.trouble
    watch.agree(store)
    assert again.trusts()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_clock_behind_the_ledger_at_the_start_is_held(
    open_office: Callable[[str], Bench], store: Store
) -> None:
    open_office("2026-06-03T01:00Z")
    machine = Machine(wall=START - YEAR)  # the battery of its clock is empty
    watching = machine.watch(store)
    assert not watching.trusts()
    assert "back by 365 days" in watching.trouble
    watch.agree(store)
    assert watching.trusts()
    assert machine.watch(store).trusts()  # agreed once is agreed


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_moved_clock_of_a_demo_is_no_jump(store: Store) -> None:
    set_clock(store, at("2019-01-03"))
    machine, clock = Machine(), DemoClock(store)
    watching = Watch(store, clock, machine.read)
    assert watching.trusts()
    clock.advance_to(at("2019-06-01"))
    machine.pass_(SECOND)
    assert watching.trusts()


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "stops"])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_laptop_that_slept_catches_up_once(
    store: Store, commit: Programme, goes_on: bool
) -> None:
    """Whether the steady clock goes on while it sleeps or, in a paused virtual machine, stops."""
    asked(store, commit, 6, {0: at("2026-06-03T02:00Z"), 1: at("2026-06-03T07:00Z")})
    machine = Machine()
    watching, office = machine.watch(store), Office(store, commit, machine)

    def tick() -> int:
        return timers.tick(office) if watching.trusts() else 0

    assert tick() == 0
    machine.pass_(8 * HOUR)
    if not goes_on:
        machine.steady -= 8 * 3600
        assert tick() == 0
        watch.agree(store)
    assert tick() == 12
    assert tick() == 0
    with store.read() as session:
        sent = session.exec(select(Mail).order_by(col(Mail.id))).all()
    assert [mail.context["step"] for mail in sent] == ["acknowledge-reminder"] * 6


@every_jump
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_no_step_is_taken_twice_or_skipped_by_a_jump(
    store: Store, commit: Programme, by: timedelta
) -> None:
    asked(store, commit, 6, {0: at("2026-06-03T01:30Z"), 1: at("2026-06-03T07:00Z")})
    machine = Machine()
    watching, office = machine.watch(store), Office(store, commit, machine)
    taken = []
    for minute in range(0, 8 * 60, 10):
        if minute == 60:
            machine.wall += by
        if minute == 180:
            machine.wall -= by
        if watching.trusts():
            taken.append(timers.tick(office))
        machine.pass_(timedelta(minutes=10))
    assert [count for count in taken if count] == [6, 6]


def test_the_scheduler_ticks_on_when_the_clock_is_put_back() -> None:
    scheduler = engine._Scheduler(timezone=UTC)
    job = scheduler.add_job(print, IntervalTrigger(seconds=1, timezone=UTC))
    scheduler.start(paused=True)
    scheduler._process_jobs()
    job.modify(next_run_time=datetime.now(UTC) + YEAR)  # as it looks from a year before
    scheduler._process_jobs()
    assert job.next_run_time - datetime.now(UTC) <= 2 * SECOND
    scheduler.shutdown()

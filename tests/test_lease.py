"""Of two programs on one store one ticks; the other takes over, and who is overtaken is stopped."""

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import create_engine, make_url
from sqlmodel import col, func, select

from notifications.catcher import Catcher, caught, read
from schemas.programme import Programme
from schemas.tables import Lease, Mail
from secretariat import timers
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.errors import ConflictError
from secretariat.lease import BEAT, HOLDS, LAPSES, Turn
from secretariat.store import Store, open_store
from tests.conftest import Running, at, start
from tests.test_ticks import asked

GONE = LAPSES + BEAT  # seconds after which somebody who looks again and again has noticed


@dataclass
class Steady:
    """A steady clock the test moves."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Steady:
    return Steady()


def turns(store: Store, clock: Steady) -> tuple[Turn, Turn]:
    """Two processes that may tick, the first of which does."""
    first, second = Turn(store, "first", clock), Turn(store, "second", clock)
    assert first.look()
    assert not second.look()
    return first, second


# -- whose turn it is ------------------------------------------------------------------------------


def test_while_one_is_heard_of_the_other_stands_by_and_says_for_whom(
    store: Store, clock: Steady
) -> None:
    first, second = turns(store, clock)
    for _ in range(20):
        clock.seconds += BEAT
        assert first.look()
        assert not second.look()
    assert first.is_ours
    assert not second.is_ours
    assert second.words == "standing by for first, which ticks"


def test_who_gives_its_turn_back_is_followed_at_once(store: Store, clock: Steady) -> None:
    first, second = turns(store, clock)
    first.give_back()
    assert second.look()
    assert not first.is_ours
    assert second.words == ""


def test_one_that_is_silent_stops_before_the_other_takes_over(store: Store, clock: Steady) -> None:
    first, second = turns(store, clock)
    clock.seconds += HOLDS
    assert not first.is_ours
    assert not second.look()
    clock.seconds += GONE - HOLDS
    assert second.look()
    with pytest.raises(ConflictError, match="has taken over"):
        first.look()


def test_one_that_begins_anew_after_a_crash_waits_for_nobody(store: Store, clock: Steady) -> None:
    first, _ = turns(store, clock)
    again = Turn(store, "first", clock)
    assert again.look()
    assert again.number == (first.number or 0) + 1


def test_nobody_takes_over_because_the_store_was_away(tmp_path: Path, clock: Steady) -> None:
    file = tmp_path / "one.db"
    store = open_store(f"sqlite:///{file}")
    store.migrate()
    first, second = turns(store, clock)
    store.engine.dispose()
    away = file.rename(tmp_path / "away.db")
    file.mkdir()
    clock.seconds += LAPSES * 3
    assert not second.look()
    assert not first.look()
    file.rmdir()
    away.rename(file)
    assert not second.look()
    assert first.look()


def test_of_many_who_look_at_once_one_gets_the_turn(store: Store) -> None:
    processes = [Turn(store, str(number)) for number in range(8)]
    threads = [threading.Thread(target=each.look) for each in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.look() for each in processes) == 1


# -- the fence -------------------------------------------------------------------------------------


def test_who_slept_through_its_turn_can_write_nothing(
    store: Store, commit: Programme, clock: Steady
) -> None:
    asked(store, commit, 6, {0: at("2026-06-03T01:30Z")})
    first, second = turns(store, clock)
    office = Office(store, commit, VirtualClock(at("2026-06-03T01:31Z")))
    slept = replace(office, store=first.fenced())
    clock.seconds += LAPSES
    assert second.look()
    for attempt in (slept.store.write, slept.store.queue, slept.store.note):
        with pytest.raises(ConflictError, match="taken over"), attempt():
            pass
    with pytest.raises(ConflictError, match="taken over"):
        timers.tick(slept)
    assert timers.tick(replace(office, store=second.fenced())) == 6


def test_who_takes_over_waits_for_what_the_other_is_writing(store: Store, clock: Steady) -> None:
    first, second = turns(store, clock)
    clock.seconds += LAPSES
    order = []
    with first.fenced().queue():
        taking = threading.Thread(target=lambda: (second.look(), order.append("taken over")))
        taking.start()
        taking.join(0.5)
        order.append("written")
    taking.join()
    assert order == ["written", "taken over"]
    assert second.is_ours


# -- two whole programs ----------------------------------------------------------------------------


@dataclass
class Two:
    """Two programs on one PostgreSQL, with directories of their own and the same keys."""

    store: Store
    programs: list[Running]
    caught: Path

    def clocks(self) -> dict[str, Running]:
        """What the clock of each that answers says of itself."""
        return {
            each.health().get("Clock", ""): each
            for each in self.programs
            if each.process.poll() is None and each.answers()
        }

    def signs_in(self, at: Running, address: str) -> None:
        """Ask one of them for a link to sign in: the mail wants to leave at once."""
        assert httpx.post(f"{at.url}/sign-in", data={"address": address}).is_success

    def under_way(self) -> int:
        with self.store.read() as session:
            return session.exec(select(func.count()).where(Mail.state == "sending")).one()

    def mails_to(self, address: str) -> int:
        """How many a relay has taken for somebody."""
        found = (read(self.caught, name) for name in caught(self.caught))
        return sum(address in str(mail["to"]) for mail in found if mail)


@pytest.fixture
def two(postgresql: str, tmp_path: Path) -> Iterator[Two]:
    url = make_url(postgresql).set(database="two")
    server = create_engine(
        url.set(drivername="postgresql+psycopg", database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.exec_driver_sql("drop database if exists two with (force)")
        connection.exec_driver_sql("create database two")
    postgresql = url.render_as_string(hide_password=False)
    store = open_store(postgresql)
    with Catcher(tmp_path / "caught") as catcher:
        more = {
            "SECRETARIAT_DATABASE_URL": postgresql,
            "SECRETARIAT_SMTP_URL": catcher.url.geturl(),
            "SECRETARIAT_KEYS_DIR": str(tmp_path / "keys"),
        }
        programs = [start(tmp_path / name, "up", **more) for name in ("one", "other")]
        yield Two(store, programs, tmp_path / "caught")
        for each in programs:
            each.stop()
    store.engine.dispose()


@pytest.mark.timeout(240)
def test_with_one_killed_the_other_goes_on_within_half_a_minute_and_nothing_is_had_twice(
    two: Two,
) -> None:
    one = two.programs[0]
    one.wait_for(lambda: len(two.clocks()) == 2 and "ticking" in two.clocks(), 90, "both")
    first = two.clocks()["ticking"]
    (other,) = (each for each in two.programs if each is not first)
    assert other.health()["Clock"].startswith("standing by for ")

    two.signs_in(other, "focal-point@donors.example")
    other.wait_for(lambda: two.mails_to("focal-point@donors.example") == 1, 20, "a mail by the one")
    other.wait_for(
        lambda: not two.under_way(), 20, "its outcome, or a copy would be marked rightly"
    )
    first.process.kill()
    killed_at = time.monotonic()
    two.signs_in(other, "head.task-force@vn.example")
    other.wait_for(
        lambda: two.mails_to("head.task-force@vn.example") == 1, 60, "a mail by the other"
    )
    assert time.monotonic() - killed_at <= 30
    assert other.health()["Clock"] == "ticking"
    with two.store.read() as session:
        assert session.get_one(Lease, "clock").number == 2
        copies = select(func.count()).where(col(Mail.possible_duplicate))
        assert session.exec(copies).one() == 0
    assert two.mails_to("focal-point@donors.example") == 1


@pytest.mark.long
@pytest.mark.timeout(300)
def test_one_that_was_frozen_ends_when_it_wakes_and_its_children_with_it(two: Two) -> None:
    one = two.programs[0]
    one.wait_for(lambda: len(two.clocks()) == 2 and "ticking" in two.clocks(), 90, "both")
    first = two.clocks()["ticking"]
    (other,) = (each for each in two.programs if each is not first)
    first.wait_for(lambda: first.health()["Prefect"] == "up", 120, "its Prefect")
    children = psutil.Process(first.process.pid).children(recursive=True)
    first.process.send_signal(signal.SIGSTOP)
    other.wait_for(lambda: other.health()["Clock"] == "ticking", 60, "the other's turn")
    first.process.send_signal(signal.SIGCONT)
    assert first.process.wait(60) == 2
    assert (
        "has taken over"
        in (first.settings.directory.parent / "one.log").read_text()
        + (first.settings.directory.parent / "other.log").read_text()
    )
    psutil.wait_procs(children, 20)
    assert not [each for each in children if each.is_running()]

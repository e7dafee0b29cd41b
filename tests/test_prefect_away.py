"""Prefect hangs or loses its database, power fails: business goes on, each run is started once."""

import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from sqlmodel import col, select

from flows.relay import begin_here
from notifications import catcher
from schemas.acts import Offer, RunFlow
from schemas.programme import Programme
from schemas.tables import Run
from secretariat import service
from secretariat.installation import open_office, set_clock
from secretariat.settings import Settings
from secretariat.store import open_store
from tests.conftest import Running, at, start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of it, on a Monday morning in 2019 whose time can be moved on."""
    directory = tmp_path_factory.mktemp("away") / "data"
    settings = Settings(data_dir=directory, _env_file=None)
    store = open_store(settings.store_url)
    _ = settings.directory
    store.migrate()
    set_clock(store, at("2019-01-07T03:00"))
    begin_here(service.begin(settings))
    found = start(directory, "up")
    try:
        found.wait_for(lambda: found.answers() and found.health()["Prefect"] == "up", 240, "all")
        yield found
    finally:
        found.stop()


def child(running: Running, word: str) -> psutil.Process:
    """The Prefect server or worker of the running program."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    return next(each for each in children if word in each.cmdline() and "start" in each.cmdline())


def prefect(running: Running, path: str, **body: Any) -> Any:
    url = f"{running.settings.prefect_api}{path}"
    auth = running.settings.prefect_auth
    return httpx.post(url, json=body, auth=auth, timeout=120).raise_for_status().json()


def flow_runs(running: Running, key: str) -> list[Any]:
    tagged = {"tags": {"all_": [f"run:{key}"]}}
    found: list[Any] = prefect(running, "/flow_runs/filter", flow_runs=tagged)
    return found


def run(running: Running, key: str) -> Run:
    with open_office(running.settings).store.read() as session:
        return session.get_one(Run, key)


def ask(running: Running, function: str) -> str:
    """Ask for a run as a person does; returns its key."""
    office = open_office(running.settings)
    office.do(RunFlow(function=function, cycle="2019"), by="un-act")
    return f"{function}/2019#1"


def seconds_of_the_board(running: Running) -> float:
    begun = time.monotonic()
    assert httpx.get(running.url, timeout=20).is_success
    return time.monotonic() - begun


@pytest.mark.long
def test_while_prefect_hangs_board_clock_and_mail_go_on_and_its_work_waits_to_be_seen(
    running: Running,
) -> None:
    office = open_office(running.settings)
    caught = running.settings.directory / "caught"
    server = child(running, "server")
    server.send_signal(signal.SIGSTOP)
    try:
        key = ask(running, "budget-advocacy")
        before = len(catcher.caught(caught))
        office.do(Offer(holding="regional-liaison/destinations@chair"), by="un-act")
        assert running.cli("forward", "2019-01-08T11:00+07:00").returncode == 0
        running.wait_for(lambda: len(catcher.caught(caught)) > before, 90, "mail")
        hangs = lambda: running.health()["Prefect"].startswith("does not answer")  # noqa: E731
        running.wait_for(hangs, 90, "its being noticed")
        assert running.health()["Clock"] == "ticking"
        assert seconds_of_the_board(running) < 3
        assert run(running, key).state == "waiting"
        page = httpx.get(f"{running.url}/runs/{key.replace('#', '%23')}").text
        assert "starts as soon as Prefect is ready (Prefect: does not answer" in page
    finally:
        server.send_signal(signal.SIGCONT)
    running.wait_for(lambda: run(running, key).state == "done", 240, "the waiting run")
    assert len(flow_runs(running, key)) == 1
    assert run(running, key).lost == 0


@pytest.mark.long
def test_with_its_database_deleted_deployments_come_back_and_each_run_is_started_once(
    running: Running, commit: Programme
) -> None:
    done = ask(running, "workplan-coordination")
    running.wait_for(lambda: run(running, done).state == "done", 240, "a run before")
    worker, server = child(running, "worker"), child(running, "server")
    worker.send_signal(signal.SIGSTOP)
    handed_over = ask(running, "national-planning")
    running.wait_for(lambda: run(running, handed_over).state == "started", 240, "the handing over")
    server.kill()
    for file in (running.settings.directory / "prefect").glob("prefect.db*"):
        file.unlink()
    worker.send_signal(signal.SIGCONT)
    asked_meanwhile = ask(running, "activity-cofinancing")
    both = [handed_over, asked_meanwhile]
    running.wait_for(
        lambda: all(run(running, key).state == "done" for key in both), 300, "both runs"
    )
    known = {each["name"] for each in prefect(running, "/deployments/filter")}
    assert known == {function.slug for function in commit.functions}
    assert [len(flow_runs(running, key)) for key in [done, *both]] == [0, 1, 1]
    with open_office(running.settings).store.read() as session:
        asked = session.exec(select(Run).where(col(Run.asked_by) == "un-act")).all()
    assert {each.key: each.lost for each in asked if each.key in [done, *both]} == {
        done: 0,
        handed_over: 1,
        asked_meanwhile: 0,
    }


@pytest.mark.long
def test_a_run_that_was_killed_is_taken_up_again_and_finished_once(running: Running) -> None:
    """Power fails while a flow runs; the next start does the work, the board never says it runs."""
    key = ask(running, "joint-operations")
    running.wait_for(lambda: run(running, key).prefect_id is not None, 240, "the run's start")
    parent = psutil.Process(running.process.pid)
    for process in [*reversed(parent.children(recursive=True)), parent]:
        process.kill()
    again = start(running.settings.directory, "up")
    again.wait_for(lambda: run(again, key).state == "done", 300, "the run's end")
    assert "2019: the cycle is opened" in run(again, key).steps
    again.stop()

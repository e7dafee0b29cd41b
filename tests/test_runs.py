"""A run is at work in one place; who lost it leaves it alone; how far its cycle is can be shown."""

from datetime import date, datetime, timedelta
from importlib import import_module

import pytest
import yaml
from sqlmodel import select

from flows import steps
from schemas.programme import Programme
from schemas.tables import Cycle, Obligation, Run
from secretariat import progress, runs
from secretariat.errors import ConflictError
from secretariat.store import Store
from tests.conftest import REPO, at

NOW = at("2019-01-07T03:00")
KEY = "som-hosting/SOM14#1"


def begun_by(store: Store, prefect_id: str) -> Run:
    with store.write() as session:
        return runs.begin(session, KEY, "som-hosting", "SOM14", prefect_id, NOW)


def lost(store: Store, seen: Run) -> Run:
    with store.write() as session:
        runs.take_back(session, seen, "Its worker had ended.", NOW)
    with store.read() as session:
        return session.get_one(Run, KEY)


@pytest.fixture
def asked(store: Store) -> Store:
    with store.write() as session:
        runs.ask(session, "som-hosting", "SOM14", by="un-act", now=NOW)
    return store


def test_a_run_that_was_taken_back_waits_anew_and_says_why(asked: Store) -> None:
    run = lost(asked, begun_by(asked, "first"))
    assert (run.state, run.prefect_id, run.lost) == ("waiting", None, 1)
    assert run.words == "Its worker had ended. It is started again."


def test_who_lost_a_run_can_neither_go_on_with_it_nor_begin_nor_end_it(asked: Store) -> None:
    lost(asked, begun_by(asked, "first"))
    begun_by(asked, "second")
    for act in (runs.beat, lambda *those: runs.note(*those, "a step")):
        with pytest.raises(ConflictError, match="was given to another worker"), asked.write() as s:
            act(s, KEY, "first")
    with pytest.raises(ConflictError, match="leaves it alone"):
        begun_by(asked, "first")
    with asked.write() as session:
        runs.end(session, KEY, "first", "failed", "", NOW)
    with asked.read() as session:
        run = session.get_one(Run, KEY)
    assert (run.state, run.steps, run.beat) == ("running", [], 0)


def test_a_run_that_is_done_is_not_begun_by_another(asked: Store) -> None:
    begun_by(asked, "first")
    with asked.write() as session:
        runs.end(session, KEY, "first", "done", "", NOW)
    with pytest.raises(ConflictError):
        begun_by(asked, "second")


def test_a_run_with_a_sign_of_life_since_it_was_looked_at_is_not_taken_back(asked: Store) -> None:
    seen = begun_by(asked, "first")
    with asked.queue() as session:
        runs.beat(session, KEY, "first")
    assert lost(asked, seen).state == "running"


def test_a_run_that_three_workers_died_of_has_failed(asked: Store) -> None:
    states = [lost(asked, begun_by(asked, worker)).state for worker in ("one", "two", "three")]
    assert states == ["waiting", "waiting", "failed"]


# -- what an event sets off ------------------------------------------------------------------------

SOON, LATE = NOW + timedelta(seconds=59), NOW + timedelta(seconds=61)


def all_runs(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        return [(run.key, run.state) for run in session.exec(select(Run).order_by(Run.key))]


def due(store: Store, now: datetime) -> list[str]:
    with store.read() as session:
        return [run.key for run in runs.waiting(session, now)]


@pytest.fixture
def told(store: Store) -> Store:
    with store.write() as session:
        runs.expect(session, "som-hosting", NOW)
    return store


def test_what_an_event_sets_off_is_left_to_prefect_for_a_minute(told: Store) -> None:
    assert due(told, SOON) == []
    assert due(told, LATE) == ["som-hosting/open#1"]


def test_what_prefect_sets_off_in_time_is_the_run_that_was_expected(told: Store) -> None:
    with told.write() as session:
        runs.begin(session, None, "som-hosting", None, "flow-run", NOW)
    assert all_runs(told) == [("som-hosting/open#1", "running")]
    assert due(told, LATE) == []


def test_a_run_of_one_cycle_is_not_the_one_an_event_sets_off(told: Store) -> None:
    with told.write() as session:
        runs.begin(session, None, "som-hosting", "SOM14", "flow-run", NOW)
    assert due(told, LATE) == ["som-hosting/open#1"]


def test_whoever_asks_for_it_does_not_wait_for_the_event(told: Store) -> None:
    with told.write() as session:
        runs.ask(session, "som-hosting", None, by="un-act", now=NOW)
    assert due(told, NOW) == ["som-hosting/open#1"]


def test_events_before_a_run_begins_are_looked_after_by_it_and_later_ones_by_another(
    told: Store,
) -> None:
    with told.write() as session:
        runs.expect(session, "som-hosting", SOON)
        runs.begin(session, None, "som-hosting", None, "flow-run", SOON)
        runs.expect(session, "som-hosting", SOON)
    assert all_runs(told) == [("som-hosting/open#1", "running"), ("som-hosting/open#2", "waiting")]


def test_no_result_is_kept_and_none_would_be_pickled() -> None:
    tried = [value for value in vars(steps).values() if hasattr(value, "retry_delay_seconds")]
    assert len(tried) >= 6
    for step in tried:
        assert (step.persist_result, step.result_serializer) == (False, "json")
        assert (step.retries, step.retry_delay_seconds) == (3, [1, 5, 15])
    written = yaml.safe_load((REPO / "prefect.yaml").read_text())["deployments"]
    for entrypoint in {each["entrypoint"] for each in written}:
        path, _, name = entrypoint.partition(":")
        flow = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
        assert not flow.persist_result
        assert flow.flow_run_name is steps.run_name


# -- how far a cycle is ----------------------------------------------------------------------------

CYCLE = Cycle(
    id="indicator-collection/2018",
    function="indicator-collection",
    name="2018",
    anchor="2018-12-31",
    opened_at=NOW,
)


def an_obligation(body: str, due: str, **more: object) -> Obligation:
    facts = {"title": "Indicators handed in", "body": body, "due_on": date.fromisoformat(due)}
    return Obligation(**facts | more)


def test_a_cycle_is_as_far_as_what_was_asked_is_done() -> None:
    asked = [
        an_obligation("tf-kh", "2018-12-18", done_at=NOW),
        an_obligation("tf-cn", "2018-12-18"),
    ]
    assert progress.share(CYCLE, asked) == 50.0
    assert progress.share(CYCLE, []) == 0.0
    assert progress.share(Cycle(**CYCLE.model_dump() | {"closed_at": NOW}), []) == 100.0
    assert progress.key(CYCLE.id) == "indicator-collection-2018"


def test_each_thing_asked_is_a_row_the_first_due_first(commit: Programme) -> None:
    asked = [
        an_obligation("tf-vn", "2019-02-01", provisional=True),
        an_obligation("tf-th", "2019-01-20", acknowledged_at=NOW),
        an_obligation("tf-kh", "2018-12-18", done_at=NOW),
        an_obligation("tf-cn", "2018-12-18"),
    ]
    rows = progress.rows(commit, asked, date(2019, 1, 7))
    assert [tuple(row.values())[1:] for row in rows] == [
        ("China task force", "2018-12-18", "late by 20 days"),
        ("Cambodia task force", "2018-12-18", "done on 2019-01-07"),
        ("Thailand task force", "2019-01-20", "acknowledged"),
        ("Viet Nam task force", "2019-02-01, provisional", "asked"),
    ]

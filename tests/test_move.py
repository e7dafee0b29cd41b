"""A store moves from SQLite to PostgreSQL: all of it, or nothing, however often it is killed."""

import shutil
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from schemas.acts import Offer
from schemas.programme import Programme
from schemas.tables import Setting
from secretariat import audit, copying, ledger, service
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.settings import Settings
from secretariat.store import Store, open_store
from tests.conftest import BARE, Bench, at, cli
from tests.test_obligations import a_meeting


@pytest.fixture
def source(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Store]:
    """A SQLite store in which something has happened."""
    shutil.copy(blank, tmp_path / "secretariat.db")
    store = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    clock = VirtualClock(at("2019-01-03T03:00"))
    bench = Bench(Office(store, commit, clock), clock)
    adopt(bench.office)
    a_meeting(bench)
    yield store
    store.engine.dispose()


@pytest.fixture
def target(empty_postgresql: str) -> Iterator[Store]:
    store = open_store(empty_postgresql)
    yield store
    store.engine.dispose()


def url_of(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def held(store: Store) -> tuple[object, str]:
    with store.snapshot() as connection, store.read() as session:
        return copying.contents(connection), str(ledger.head(session))


def move_until(source: str, target: str, lines: int) -> None:
    """Move in another process, which is killed when it has told of so many tables."""

    def move(say: Connection) -> None:
        copying.move_to_postgresql(source, target, say.send)

    hear, say = get_context("fork").Pipe(duplex=False)
    child = get_context("fork").Process(target=move, args=(say,))
    child.start()
    say.close()
    for _ in range(lines):
        hear.recv()
    child.kill()
    child.join()
    assert child.exitcode == -9


def test_killed_at_any_table_nothing_is_there_and_running_it_again_completes(
    source: Store, target: Store
) -> None:
    tables = len(SQLModel.metadata.tables)
    for lines in (1, tables // 3, 2 * tables // 3, tables):
        move_until(url_of(source), url_of(target), lines)
        assert target.is_empty()
    head = copying.move_to_postgresql(url_of(source), url_of(target), lambda _: None)
    assert held(target) == held(source)
    assert str(head) == held(source)[1]
    with target.read() as session:
        assert audit.check(session).fault is None


def test_run_again_when_it_is_done_it_only_compares(source: Store, target: Store) -> None:
    first = copying.move_to_postgresql(url_of(source), url_of(target), lambda _: None)
    told: list[str] = []
    assert copying.move_to_postgresql(url_of(source), url_of(target), told.append) == first
    assert told == []


def test_what_is_new_after_the_move_is_numbered_on(
    source: Store, target: Store, commit: Programme
) -> None:
    copying.move_to_postgresql(url_of(source), url_of(target), lambda _: None)
    office = Office(target, commit, VirtualClock(at("2019-01-04T03:00")))
    office.do(Offer(holding="som-preparation/documents@chair"), by="un-act")
    with target.read() as session:
        assert audit.check(session).fault is None
    assert audit.differing(target) == []


def test_a_move_says_what_to_set_and_refuses_what_is_not_empty_or_served(
    source: Store, target: Store, tmp_path: Path
) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path)}
    settings = Settings(data_dir=tmp_path, database_url=url_of(source), _env_file=None)
    with service.only_one(settings):
        refused = cli("move", "--to", url_of(target), environment=environment)
    assert "already runs on this store" in refused.stderr
    with target.held():
        refused = cli("move", "--to", url_of(target), environment=environment)
    assert "already runs on that database" in refused.stderr
    refused = cli("move", "--to", url_of(source), environment=environment)
    assert "A move goes from SQLite to PostgreSQL" in refused.stderr
    assert target.is_empty()
    moved = cli("move", "--to", url_of(target), environment=environment)
    assert "From now on set SECRETARIAT_DATABASE_URL" in moved.stdout
    with source.write() as session:
        session.add(Setting(name="since", value="the move"))
    refused = cli("move", "--to", url_of(target), environment=environment)
    assert "holds something else" in refused.stderr

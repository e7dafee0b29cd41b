"""Stores of every earlier release come to today's tables, however often that is killed."""

import os
import shutil
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, event, insert, select
from sqlmodel import SQLModel

from schemas.programme import Programme
from secretariat import audit, backups, copying
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.copying import Rows
from secretariat.errors import ConflictError
from secretariat.history import adopt
from secretariat.settings import Settings
from secretariat.store import MIGRATIONS, Store, open_store
from tests.conftest import Bench, at
from tests.test_obligations import a_meeting

NOW = at("2026-11-27T03:10")


def releases() -> list[str]:
    """The revision of every schema there was, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in known][::-1]


@pytest.fixture(scope="module")
def first(blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as the first release left it: one of today, without what came since."""
    directory = tmp_path_factory.mktemp("first")
    shutil.copy(blank, directory / "today.db")
    today = open_store(f"sqlite:///{directory}/today.db")
    clock = VirtualClock(at("2019-01-03T03:00"))
    office = Office(today, commit, clock)
    adopt(office)
    a_meeting(Bench(office, clock))
    made = open_store(f"sqlite:///{directory}/first.db")
    made.migrate(to=releases()[0])
    then, now = MetaData(), SQLModel.metadata.tables
    then.reflect(made.engine)
    with today.read() as reading, made.note() as writing:
        for name in sorted(then.tables.keys() & now.keys()):
            kept = [column for column in now[name].c if column.name in then.tables[name].c]
            rows = reading.connection().execute(select(*kept)).mappings().all()
            if rows:
                writing.execute(insert(then.tables[name]), [dict(row) for row in rows])
    for store in (today, made):
        store.fold()
    return directory / "first.db"


@pytest.fixture
def old(first: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(first, tmp_path / "secretariat.db")
    store = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    yield store
    store.engine.dispose()


@pytest.fixture(scope="module")
def upgraded(first: Path) -> dict[str, Rows]:
    """What a store of the first release holds once it was brought to today's tables in one go."""
    shutil.copy(first, first.with_name("upgraded.db"))
    store = open_store(f"sqlite:///{first.with_name('upgraded.db')}")
    store.migrate()
    return held(store)


def held(store: Store) -> dict[str, Rows]:
    with store.snapshot() as connection:
        return copying.contents(connection)


def statements_of(store: Store) -> int:
    """How many statements an upgrade is; it is taken back."""
    seen: list[str] = []
    with store.engine.connect() as connection, connection.begin() as trial:
        event.listen(connection, "before_cursor_execute", lambda *said: seen.append(said[2]))
        store.migrate(within=connection)
        trial.rollback()
    return len(seen)


def upgrade_until(url: str, statement: int) -> None:
    """Upgrade in another process, which is killed before so many statements are over."""

    def upgrade() -> None:
        store, left = open_store(url), iter(range(statement))

        def count(*_: object) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(store.engine, "before_cursor_execute", count)
        store.migrate()

    child = get_context("fork").Process(target=upgrade)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def check_killed_and_run_again(store: Store, points: int, upgraded: dict[str, Rows]) -> None:
    before, every = held(store), statements_of(store)
    store.engine.dispose()
    for point in range(points):
        url = store.engine.url.render_as_string(hide_password=False)
        upgrade_until(url, 1 + point * (every - 2) // (points - 1))
        assert held(store) == before
        store.engine.dispose()
    store.migrate()
    assert held(store) == upgraded
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_killed_at_any_statement_a_sqlite_store_is_as_it_was_and_the_next_start_completes(
    old: Store, upgraded: dict[str, Rows]
) -> None:
    check_killed_and_run_again(old, 12, upgraded)


def test_killed_at_any_statement_a_postgresql_store_is_as_it_was_and_the_next_start_completes(
    old: Store, upgraded: dict[str, Rows], empty_postgresql: str
) -> None:
    store = open_store(empty_postgresql)
    copying.move(old, store, "")
    check_killed_and_run_again(store, 6, upgraded)
    store.engine.dispose()


def test_release_by_release_it_comes_to_the_same(old: Store, upgraded: dict[str, Rows]) -> None:
    for release in releases():
        old.migrate(to=release)
    assert held(old) == upgraded
    with old.read() as session:
        verdict = audit.check(session)
    assert verdict.fault is None
    assert verdict.head.seq > 100


@pytest.mark.parametrize("release", [releases()[0], releases()[-2]])
def test_a_backup_of_an_earlier_release_restores_into_todays_tables(
    old: Store, upgraded: dict[str, Rows], release: str, tmp_path: Path
) -> None:
    old.migrate(to=release)
    url = old.engine.url.render_as_string()
    here = Settings(data_dir=tmp_path, database_url=url, _env_file=None)
    made = backups.make(here, tmp_path / "one.zip", NOW)
    assert made.revision == release
    url = f"sqlite:///{tmp_path}/elsewhere/secretariat.db"
    there = Settings(data_dir=tmp_path / "elsewhere", database_url=url, _env_file=None)
    backups.restore(there, tmp_path / "one.zip", NOW, aside=False)
    restored = open_store(url)
    changed = {name for name, rows in held(restored).items() if rows != upgraded[name]}
    assert changed == {"outbox"}, "only mails are marked, as perhaps sent since"
    restored.engine.dispose()


def test_an_older_program_refuses_a_newer_schema_and_leaves_it(old: Store) -> None:
    old.migrate()
    with old.note() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    before = held(old)
    with pytest.raises(ConflictError, match="were made by a newer secretariat"):
        old.migrate()
    with pytest.raises(ConflictError, match="were made by a newer secretariat"):
        old.is_behind()
    assert held(old) == before

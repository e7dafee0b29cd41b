"""The store: its schema, its times, and what it says when it cannot be had."""

import threading
import time
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import SQLModel, select

from schemas.tables import Holding, Mail, Setting
from secretariat.errors import UnreachableError
from secretariat.rows import add_row
from secretariat.store import Store, open_store
from tests.conftest import at


def test_the_migrations_make_the_tables_the_code_expects(store: Store) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []


def laid_out(connection: Connection) -> dict[str, object]:
    """The columns, keys and indexes of every table."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: (
            {(one.name, str(one.type), one.nullable, one.primary_key) for one in table.c},
            {(one.parent.name, one.target_fullname) for one in table.foreign_keys},
            {(one.name, *one.columns.keys(), one.unique) for one in table.indexes},
        )
        for name, table in found.tables.items()
    }


def test_a_new_store_is_as_the_migrations_together_would_have_made_it(
    store: Store, tmp_path: Path, empty_postgresql: str
) -> None:
    url = f"sqlite:///{tmp_path}/new.db" if store.is_sqlite else empty_postgresql
    new = open_store(url)
    for _ in range(2):  # the second time it is there already
        new.make_tables()
    with store.snapshot() as migrated, new.snapshot() as made:
        assert new.revision(made) == store.revision(migrated)
        assert laid_out(made) == laid_out(migrated)
    assert not new.is_behind()
    new.engine.dispose()


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.write() as session:
        session.add(Setting(name="kept", value="yes"))
    store.migrate()
    with store.read() as session:
        assert session.get_one(Setting, "kept").value == "yes"


def test_a_plain_row_is_seen_by_who_asks_and_kept(store: Store) -> None:
    with store.write() as session:
        add_row(session, Setting, name="first", value="seen")
        assert session.exec(select(Setting.value)).all() == ["seen"]
        add_row(session, Setting, name="second", value="kept")
    with store.read() as session:
        assert session.exec(select(Setting.name).order_by(Setting.name)).all() == [
            "first",
            "second",
        ]


def test_a_plain_row_is_dropped_with_what_failed(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as session:
        add_row(session, Setting, name="first", value="lost")
        _ = 1 / 0
    with store.read() as session:
        assert session.exec(select(Setting)).all() == []


def test_instants_come_back_aware_and_in_utc(store: Store) -> None:
    yangon = at("2018-08-09T16:00+06:30")
    with store.write() as session:
        session.add(a_holding(since=yangon))
    with store.read() as session:
        since = session.get_one(Holding, "f/d@KH").since
    assert since == yangon
    assert since.utcoffset() == at("2018-01-01").utcoffset()


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="no time zone"), store.write() as session:
        session.add(a_holding(since=datetime(2018, 1, 1)))  # noqa: DTZ001
    with store.read() as session:
        assert session.get(Holding, "f/d@KH") is None


def test_the_database_itself_refuses_an_unknown_phase_or_outcome(store: Store) -> None:
    wrong = [
        a_holding(phase="half"),
        a_holding(offered_phase="shared"),
        a_mail(state="lost"),
        a_mail(state="accepted"),
    ]
    for row in wrong:
        with pytest.raises(IntegrityError), store.write() as session:
            session.add(row)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as session:
        session.add(Setting(name="half", value="done"))
        session.flush()
        _ = 1 / 0
    with store.read() as session:
        assert session.get(Setting, "half") is None


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_copy_need_not_last_and_what_is_committed_after_it_does(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as session:
        session.add(Setting(name="kept", value="yes"))
    store.write_to(tmp_path / "copy.db")
    copy = open_store(f"sqlite:///{tmp_path}/copy.db", lasting=False)
    for each, synced in ((store, 2), (copy, 0)):
        with each.read() as session:
            assert session.get_one(Setting, "kept").value == "yes"
            assert session.connection().exec_driver_sql("pragma synchronous").scalar() == synced


def test_writers_wait_for_each_other(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with store.write() as session:
        session.add(Setting(name="count", value="0"))

    def add_one(_: int) -> None:
        with store.write() as session:
            row = session.get_one(Setting, "count")
            row.value = str(int(row.value) + 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(80)))
    with store.read() as session:
        assert session.get_one(Setting, "count").value == "80"


def test_who_writes_without_end_lets_others_in(store: Store) -> None:
    written, over, others = count(), threading.Event(), []

    def write_without_end() -> None:
        while not over.is_set():
            with store.write() as session:
                session.exec(select(Setting.name)).all()
                time.sleep(0.05)
                next(written)

    busy = threading.Thread(target=write_without_end)
    busy.start()
    for _ in range(15):
        time.sleep(0.03)
        before = next(written)
        with store.write() as session:
            session.exec(select(Setting.name)).all()
            others.append(next(written) - before - 1)
    over.set()
    busy.join()
    assert max(others) <= 2, others  # what was under way, and one that came when we did


def test_a_writer_who_waits_too_long_is_told_and_those_behind_are_not_held_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secretariat.store.PATIENCE", 0.1)
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    store.migrate()
    with store.write(), pytest.raises(UnreachableError, match="Others write"), store.write():
        pass
    with store.write() as session:
        session.add(Setting(name="after", value="all"))


def a_holding(**other: object) -> Holding:
    facts = {
        "id": "f/d@KH",
        "function": "f",
        "duty": "d",
        "receiver": "KH",
        "takes_over": "tf-kh",
        "owner": "un-act",
        "phase": "un_led",
        "since": at("2018-01-01"),
    }
    return Holding(**facts | other)


def a_mail(**other: object) -> Mail:
    facts = {
        "idem_key": "k",
        "asked_at": at("2018-01-01"),
        "not_before": at("2018-01-01"),
        "contact": "c",
        "template": "obligation",
        "context": {},
    }
    return Mail(**facts | other)

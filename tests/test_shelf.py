"""The backups the program makes by itself: one a day, thinned out, proved again, told of."""

import fcntl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import backups, shelf
from secretariat.clock import VirtualClock
from secretariat.commands import Office, upkeep
from secretariat.errors import ConflictError
from secretariat.settings import Settings
from secretariat.shelf import Shelf, kept, name_at
from secretariat.store import open_store
from tests.conftest import at
from tests.served import opened_site
from tests.test_monitoring import figures
from tests.test_web import Site

NOW = at("2026-11-27T03:10")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2024, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


@pytest.fixture
def tended(site: Site, tmp_path: Path) -> Shelf:
    settings = Settings(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/secretariat.db", _env_file=None
    )
    office = site.bench.office
    return Shelf(settings, VirtualClock(NOW), lambda why: upkeep.tell(office, why))


def names(of: Shelf) -> list[str]:
    return sorted(path.name for path in of.settings.backups.glob("*"))


def mailed(office: Office) -> list[tuple[str, str]]:
    with office.store.read() as session:
        found = session.exec(select(Mail).where(Mail.template == "upkeep")).all()
        return [(mail.contact, mail.context["why"]) for mail in found]


def test_one_is_made_each_day_and_restores(tended: Shelf) -> None:
    assert tended.words() == "none yet"
    for hour in range(49):
        tended.clock = VirtualClock(NOW + timedelta(hours=hour))
        tended.tend()
    made = [NOW + timedelta(days=day) for day in range(3)]
    assert names(tended) == [name_at(moment) for moment in made]
    for path in shelf.on(tended.settings.backups).values():
        backups.prove(tended.settings, path)
    assert tended.words() == "the last of 2026-11-29 03:10 UTC, which restores"


def test_a_year_of_days_leaves_seven_days_five_weeks_and_twelve_months() -> None:
    year = [NOW - timedelta(days=day) for day in range(400)]
    left = kept(year, 7)
    assert left >= set(year[:7])
    assert {moment.isocalendar()[:2] for moment in left} >= {
        (NOW - timedelta(weeks=week)).isocalendar()[:2] for week in range(5)
    }
    assert len({(moment.year, moment.month) for moment in left}) == 12
    assert len(left) <= 7 + 5 + 12


@given(st.lists(moments, unique=True), st.integers(1, 30))
def test_thinning_out_again_takes_nothing_more_and_the_last_one_always_stays(
    made: list[datetime], days: int
) -> None:
    left = kept(made, days)
    assert kept(left, days) == left
    assert set(sorted(made)[-1:]) <= left <= set(made)


@given(st.lists(moments, unique=True, min_size=1), st.integers(1, 30))
def test_thinning_out_every_day_keeps_what_thinning_out_at_the_end_keeps(
    made: list[datetime], days: int
) -> None:
    left: set[datetime] = set()
    for moment in sorted(made):
        left = kept(left | {moment}, days)
    assert left == kept(made, days)


def test_only_what_is_too_old_and_ours_is_taken_away(tended: Shelf) -> None:
    directory = tended.settings.backups
    directory.mkdir()
    ours = [directory / name_at(NOW - timedelta(days=day)) for day in range(1, 500)]
    others = [directory / "secretariat-mine.zip", directory / "notes.txt"]
    for path in (*ours, *others):
        path.write_text("made by a test")
    tended.settings.backups_kept = 2
    tended.tend()
    left = {path.name for path in others} | {
        name_at(moment) for moment in kept([NOW - timedelta(days=day) for day in range(500)], 2)
    }
    assert {name.removesuffix(".damaged") for name in names(tended)} == left


def test_one_that_rots_on_the_disk_is_found_within_the_week_and_told_of(
    tended: Shelf, site: Site
) -> None:
    tended.settings.backups_kept = 30
    tended.tend()
    path = tended.settings.backups / name_at(NOW)
    path.write_bytes(path.read_bytes()[:-1000])
    tended.clock = VirtualClock(NOW + timedelta(days=6))
    tended.tend()
    assert mailed(site.bench.office) == []
    tended.clock = VirtualClock(NOW + timedelta(days=7))
    tended.tend()
    [(contact, why)] = mailed(site.bench.office)
    assert contact == "operations-focal-point"
    assert "is damaged or was cut short" in why
    assert f"It is called {path.name}.damaged now" in why == tended.trouble
    assert not path.exists()


def test_what_cannot_be_made_is_told_once_a_day_and_tried_every_hour(
    tended: Shelf, site: Site
) -> None:
    tended.settings.backups.write_text("a file where the directory should be")
    tended.tend()
    tended.tend()
    assert [contact for contact, _ in mailed(site.bench.office)] == ["operations-focal-point"]
    assert "cannot be written" in tended.words()
    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(days=1))
    tended.tend()
    assert len(mailed(site.bench.office)) == 2
    tended.settings.backups.unlink()
    tended.tend()
    assert tended.trouble == ""


def test_a_history_that_was_changed_is_not_backed_up_as_if_it_were_whole(
    tended: Shelf, site: Site
) -> None:
    with site.bench.office.store.note() as connection:
        connection.exec_driver_sql("update ledger set data = '{}' where seq = 3")
    tended.tend()
    assert "does not match its seal" in tended.trouble
    assert names(tended) == []


def test_the_age_of_the_last_one_is_a_figure_for_who_watches(tended: Shelf, site: Site) -> None:
    settings = site.app.state.parts.settings
    assert "backup_age_seconds" not in figures(site)
    made = datetime.now(UTC) - timedelta(hours=5)
    backups.make(tended.settings, settings.backups / name_at(made), made)
    assert figures(site)["backup_age_seconds"] == pytest.approx(5 * 3600, abs=60)


def test_only_one_is_made_at_a_time(tended: Shelf) -> None:
    lock = tended.settings.directory / "scratch.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConflictError, match="Another backup is being made"):
            backups.make(tended.settings, tended.settings.directory / "one.zip", NOW)
    assert not (tended.settings.directory / "one.zip").exists()


def test_before_new_tables_are_made_the_old_ones_are_backed_up(tmp_path: Path) -> None:
    from secretariat import service

    settings = Settings(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/secretariat.db", _env_file=None
    )
    store = open_store(settings.store_url)
    store.migrate(to="0006")
    store.engine.dispose()
    service.begin(settings).store.engine.dispose()
    [path] = shelf.on(settings.backups).values()
    assert backups.prove(settings, path).revision == "0006"
    service.begin(settings)
    assert len(shelf.on(settings.backups)) == 1

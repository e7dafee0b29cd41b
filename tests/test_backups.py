"""Backups: made while people write, proved by restoring, refused when they were changed."""

import json
import random
import resource
import signal
import stat
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlmodel import Session, col, select

from schemas.account_tables import SignedIn
from schemas.acts import Offer
from schemas.backup import Manifest
from schemas.programme import Programme
from schemas.tables import Mail, Setting
from secretariat import archive, audit, backups, copying, ledger, service
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.errors import BadInputError, ConflictError, DamagedError, SecretariatError
from secretariat.settings import Settings
from secretariat.store import Store, open_store
from tests.conftest import BARE, Bench, at, cli
from tests.test_obligations import a_meeting

NOW = at("2026-11-27T03:10")
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""Where the database it was made of makes no difference."""


@pytest.fixture
def here(store: Store, open_office: Callable[[str], Bench], tmp_path: Path) -> Settings:
    """The settings of an installation that has begun, on each database, with mails that wait."""
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    return installed(tmp_path, url_of(store))


@pytest.fixture
def backup(here: Settings) -> Path:
    path = here.directory / "one.zip"
    backups.make(here, path, NOW)
    return path


def url_of(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def installed(directory: Path, url: str = "") -> Settings:
    url = url or f"sqlite:///{directory}/secretariat.db"
    return Settings(data_dir=directory, database_url=url, _env_file=None)


def elsewhere(tmp_path: Path) -> Settings:
    return installed(tmp_path / "elsewhere")


def held(settings: Settings) -> tuple[dict[str, object], str]:
    """Everything in a store but what a restore is to change, and its ledger's head."""
    store = open_store(settings.store_url)
    with store.snapshot() as connection:
        rows = copying.contents(connection)
    with store.read() as session:
        assert audit.check(session).fault is None
        head = str(ledger.head(session))
    store.engine.dispose()
    return {name: each for name, each in rows.items() if name not in ("outbox", "signed_in")}, head


def resealed(backup: Path, **other: object) -> Path:
    """The same backup, soundly made, with another manifest."""
    with ZipFile(backup) as file:
        file.extract(archive.STORE, backup.parent)
        manifest = Manifest.model_validate_json(file.read("manifest.json"))
    made = backup.with_name("resealed.zip")
    files = {archive.STORE: backup.parent / archive.STORE}
    archive.pack(made, manifest.model_copy(update=other), files)
    return made


def of_layout_1(settings: Settings, to: Path) -> None:
    """A backup as releases before the second layout made it: copied row by row, with digests."""
    copy, store = to.with_name("store.db"), open_store(settings.store_url)
    made = open_store(f"sqlite:///{copy}")
    with store.snapshot() as reading:
        revision, head = store.revision(reading), str(ledger.head(Session(reading)))
        made.migrate(to=revision)
        with made.note() as writing:
            rows = copying.pour(reading, writing)
    made.fold()
    manifest = {
        "product": "secretariat",
        "layout": 1,
        "version": "0.1.0",
        "revision": revision,
        "made_at": NOW.isoformat(),
        "head": head,
        "tables": {name: {"count": r.count, "sha256": r.sha256} for name, r in rows.items()},
    }
    with ZipFile(to, "w", ZIP_DEFLATED) as file:
        file.writestr("manifest.json", json.dumps(manifest, indent=1))
        file.write(copy, "store.db")
        file.comment = b"0" * 64
    sealed = to.read_bytes()[:-64]
    to.write_bytes(sealed + sha256(sealed).hexdigest().encode())


# -- what comes back -------------------------------------------------------------------------------


def test_a_backup_of_either_database_restores_into_sqlite_and_into_postgresql(
    here: Settings, backup: Path, tmp_path: Path, empty_postgresql: str
) -> None:
    for there in (elsewhere(tmp_path), installed(tmp_path / "pg", empty_postgresql)):
        made = backups.restore(there, backup, NOW, aside=False)
        assert held(there) == held(here)
        assert held(there)[1] == made.head


def test_a_backup_of_the_first_layout_still_restores(
    here: Settings, tmp_path: Path, empty_postgresql: str
) -> None:
    of_layout_1(here, tmp_path / "old.zip")
    for there in (elsewhere(tmp_path), installed(tmp_path / "pg", empty_postgresql)):
        made = backups.restore(there, tmp_path / "old.zip", NOW, aside=False)
        assert held(there) == held(here)
        assert made.rows > 100


def test_work_goes_on_in_what_was_restored(
    backup: Path, tmp_path: Path, empty_postgresql: str, commit: Programme
) -> None:
    for there in (elsewhere(tmp_path), installed(tmp_path / "pg", empty_postgresql)):
        backups.restore(there, backup, NOW, aside=False)
        office = Office(open_store(there.store_url), commit, VirtualClock(at("2019-01-04T03:00")))
        office.do(Offer(holding="som-preparation/documents@chair"), by="un-act")
        with office.store.read() as session:
            assert audit.check(session).fault is None
        assert audit.differing(office.store) == []
        office.store.engine.dispose()


def test_a_backup_while_people_write_is_of_one_moment(
    here: Settings, open_office: Callable[[str], Bench], tmp_path: Path
) -> None:
    office = open_office("2019-01-03T03:00").office
    begun, over = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            with office.store.write() as session:
                session.merge(Setting(name="first", value=str(number)))
                session.merge(Setting(name="second", value=str(number)))
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait()
        backups.make(here, tmp_path / "busy.zip", NOW)
    finally:
        over.set()
        writer.join()
    there = elsewhere(tmp_path)
    backups.restore(there, tmp_path / "busy.zip", NOW, aside=False)
    with open_store(there.store_url).read() as session:
        values = [session.get_one(Setting, name).value for name in ("first", "second")]
        assert values[0] == values[1]


@on_sqlite
def test_documents_come_back_and_keys_are_in_no_backup(here: Settings, tmp_path: Path) -> None:
    from secretariat.documents import file_letter

    (tmp_path / "letter.pdf").write_bytes(b"%PDF a letter")
    letter = file_letter(here.directory, tmp_path / "letter.pdf", "un-act")
    secrets = [here.factor_key, here.prefect_auth[1]]
    backups.make(here, tmp_path / "one.zip", NOW)
    there = elsewhere(tmp_path)
    backups.restore(there, tmp_path / "one.zip", NOW, aside=False)
    kept = there.directory / "documents" / f"{letter.sha256}.pdf"
    assert kept.read_bytes() == b"%PDF a letter"
    with ZipFile(tmp_path / "one.zip") as file:
        assert set(file.namelist()) == {
            "manifest.json", "store.db", "programme.yaml", f"documents/{kept.name}"
        }  # fmt: skip
        content = b"".join(file.read(name) for name in file.namelist())
    assert not any(secret.encode() in content for secret in secrets)


@on_sqlite
def test_what_was_deleted_is_in_no_backup(here: Settings, store: Store, tmp_path: Path) -> None:
    with store.write() as session:
        session.add(Setting(name="secret", value="of somebody erased since"))
    with store.write() as session:
        session.delete(session.get_one(Setting, "secret"))
    backups.make(here, tmp_path / "one.zip", NOW)
    with ZipFile(tmp_path / "one.zip") as file:
        assert b"of somebody erased" not in file.read(archive.STORE)


@on_sqlite
def test_only_its_owner_can_read_a_backup(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


@on_sqlite
def test_what_may_have_left_meanwhile_is_marked_and_nobody_is_signed_in(
    here: Settings, store: Store, tmp_path: Path
) -> None:
    with store.write() as session:
        for kind in ("browser", "program"):
            session.add(
                SignedIn(
                    id=kind, kind=kind, contact="un-act-head", role="staff", made_at=NOW,
                    seen_at=NOW, expires_at=NOW, wants_factor=False,
                )
            )  # fmt: skip
    backups.make(here, tmp_path / "one.zip", NOW)
    there = elsewhere(tmp_path)
    backups.restore(there, tmp_path / "one.zip", NOW, aside=False)
    with open_store(there.store_url).read() as session:
        waiting = session.exec(select(Mail).where(col(Mail.ended_at).is_(None))).all()
        assert waiting and all(mail.possible_duplicate for mail in waiting)
        assert session.exec(select(SignedIn.kind)).all() == ["program"]


# -- what is refused, with the store as it was -----------------------------------------------------


@on_sqlite
def test_a_byte_that_changed_anywhere_or_a_cut_is_noticed(backup: Path, tmp_path: Path) -> None:
    rng, whole = random.Random(1), backup.read_bytes()
    wrong = tmp_path / "wrong.zip"
    ends = [0, len(whole) - 1, *rng.sample(range(len(whole)), 100)]
    for place in ends:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        wrong.write_bytes(changed)
        with pytest.raises(BadInputError, match=r"wrong\.zip is (damaged|no backup)"):
            archive.unpack(wrong, tmp_path / "laid-out")
        wrong.write_bytes(whole[:place])
        with pytest.raises(BadInputError, match=r"wrong\.zip is (damaged|no backup)"):
            archive.unpack(wrong, tmp_path / "laid-out")
    assert not (tmp_path / "laid-out").exists()


@on_sqlite
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"product": "another"}, "is a backup of another, not of secretariat"),
        ({"layout": 3}, "was made by a newer secretariat"),
        ({"head": "1:ab12cd34ef567890"}, "does not restore"),
        ({"tables": {}}, "holds other rows than it says"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused_and_the_store_stays_as_it_is(
    here: Settings, backup: Path, other: dict[str, object], said: str
) -> None:
    before, wrong = held(here), resealed(backup, **other)
    with pytest.raises(SecretariatError, match=said):
        backups.restore(here, wrong, NOW, aside=True)
    assert held(here) == before
    assert not list(here.directory.glob("*before*"))


@on_sqlite
def test_a_backup_of_a_newer_schema_is_refused(
    here: Settings, store: Store, tmp_path: Path
) -> None:
    made = tmp_path / "newer.zip"
    backups.make(here, made, NOW)
    with ZipFile(made) as file:
        file.extract(archive.STORE, tmp_path / "newer")
        manifest = Manifest.model_validate_json(file.read("manifest.json"))
    newer = open_store(f"sqlite:///{tmp_path}/newer/{archive.STORE}")
    with newer.note() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    newer.fold()
    archive.pack(made, manifest, {archive.STORE: tmp_path / "newer" / archive.STORE})
    with pytest.raises(ConflictError, match="by a newer secretariat"):
        backups.restore(here, made, NOW, aside=True)


def test_a_store_that_holds_something_is_kept_unless_it_is_to_be_set_aside(
    here: Settings, backup: Path, store: Store
) -> None:
    with store.write() as session:
        session.add(Setting(name="since", value="the backup"))
    since = held(here)
    store.engine.dispose()
    with pytest.raises(ConflictError, match="add --set-aside"):
        backups.restore(here, backup, NOW, aside=False)
    assert held(here) == since
    backups.restore(here, backup, NOW, aside=True)
    assert held(here) != since
    if store.is_sqlite:
        [kept] = here.directory.glob("secretariat.db.before-*")
        assert held(installed(here.directory, f"sqlite:///{kept}")) == since
    else:
        with store.note() as connection:
            connection.exec_driver_sql("set local search_path to before_20261127t031000z")
            assert Session(connection).get_one(Setting, "since").value == "the backup"
            connection.exec_driver_sql("drop schema before_20261127t031000z cascade")


@on_sqlite
def test_a_damaged_store_is_set_aside_as_it_is(here: Settings, backup: Path, store: Store) -> None:
    before, path = held(here), here.directory / "secretariat.db"
    store.engine.dispose()
    damaged = b"not a database" + path.read_bytes()[14:]
    path.write_bytes(damaged)
    with pytest.raises(DamagedError, match="put it back from a backup"):
        held(here)
    with pytest.raises(ConflictError, match="add --set-aside"):
        backups.restore(here, backup, NOW, aside=False)
    backups.restore(here, backup, NOW, aside=True)
    assert held(here) == before
    [kept] = here.directory.glob("secretariat.db.before-*")
    assert kept.read_bytes() == damaged


@on_sqlite
def test_nothing_is_restored_under_a_program_that_runs(here: Settings) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(here.data_dir)}
    made = cli("backup", "-o", str(here.data_dir / "one.zip"), environment=environment)
    assert "It was restored, and is whole." in made.stdout
    with service.only_one(here):
        refused = cli("restore", str(here.data_dir / "one.zip"), environment=environment)
    assert (refused.returncode, "already runs" in refused.stderr) == (2, True)
    again = cli("backup", "-o", str(here.data_dir / "one.zip"), environment=environment)
    assert "exists already; nothing was written" in again.stderr
    proved = cli("prove", str(here.data_dir / "one.zip"), environment=environment)
    assert proved.stdout.startswith("It restores: ")


# -- killed ----------------------------------------------------------------------------------------


def test_a_restore_killed_at_any_moment_leaves_the_old_store_or_the_new_one(
    here: Settings, backup: Path, store: Store
) -> None:
    store.engine.dispose()
    begun = time.monotonic()
    backups.restore(here, backup, NOW - timedelta(days=1), aside=True)
    whole, new, ends = time.monotonic() - begun, held(here), []
    with store.write() as session:
        session.add(Setting(name="since", value="the backup"))
    old = held(here)
    store.engine.dispose()
    for part in (0.1, 0.4, 0.7, 1, None):
        moment = NOW + timedelta(days=len(ends))
        child = get_context("fork").Process(
            target=backups.restore, args=(here, backup, moment), kwargs={"aside": True}
        )
        child.start()
        child.join(part and part * whole)
        child.kill()
        child.join()
        ends.append(held(here))
        assert ends[-1] in ((new,) if child.exitcode == 0 or new in ends[:-1] else (old, new))
    assert (ends[0], ends[-1]) == (old, new)


@on_sqlite
def test_a_backup_that_was_killed_leaves_no_file_of_its_name_and_the_next_one_is_made(
    here: Settings, store: Store, tmp_path: Path
) -> None:
    store.engine.dispose()
    made = tmp_path / "one.zip"
    for seconds in (0.05, 0.1, 0.2, 0.4):
        child = get_context("fork").Process(target=backups.make, args=(here, made, NOW))
        child.start()
        child.join(seconds)
        child.kill()
        child.join()
        if made.exists():
            backups.prove(here, made)
            made.unlink()
    backups.make(here, made, NOW)
    backups.prove(here, made)
    assert not (here.directory / "scratch").exists()


@on_sqlite
def test_where_there_is_no_room_nothing_is_left_behind(here: Settings, tmp_path: Path) -> None:
    def make() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        with pytest.raises(SecretariatError):
            backups.make(here, tmp_path / "one.zip", NOW)

    before = held(here)
    child = get_context("fork").Process(target=make)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert held(here) == before
    assert [path.name for path in tmp_path.glob("*one*")] == []

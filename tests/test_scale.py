"""What docs/compose.yaml says of several machines holds: its commands with its settings, for real.

PostgreSQL, redis, Prefect's server and its services, two programs and a worker, as processes here.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from secretariat.settings import Settings
from tests.conftest import BARE, REPO, Running, free_port

COMPOSE = yaml.safe_load((REPO / "docs/compose.yaml").read_text(encoding="utf-8"))["services"]
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
FOUND = BINARIES and shutil.which("redis-server") and shutil.which("runuser")

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(580),
    pytest.mark.skipif(not FOUND, reason="wants PostgreSQL with its extensions, redis and runuser"),
]


@dataclass
class Machines:
    """Every service of the compose file, each with a directory of its own and the keys of all."""

    directory: Path
    ports: dict[str, int]
    running: dict[str, Running]

    def start(self, name: str) -> None:
        service = COMPOSE[name]
        board = free_port()
        home = self.directory / name
        own = {
            "SECRETARIAT_DATA_DIR": str(home),
            "SECRETARIAT_KEYS_DIR": str(self.directory / "keys"),
            "SECRETARIAT_HOST": "127.0.0.1",
            "SECRETARIAT_PORT": str(board),
        }
        said = {key: self.here(str(value)) for key, value in service["environment"].items()}
        words = [self.here(word) for word in shlex.split(service["command"])]
        words[0] = str(Path(sys.executable).parent / words[0])
        home.mkdir()
        with (self.directory / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                words, env=BARE | said | own, cwd=home, stdout=log, stderr=log, text=True
            )
        known = {
            key.removeprefix("SECRETARIAT_").lower(): value
            for key, value in (said | own).items()
            if key.startswith("SECRETARIAT_")
        }
        settings = Settings(**known | {"base_url": ""}, _env_file=None)
        self.running[name] = Running(process, settings, BARE | said | own)

    def here(self, text: str) -> str:
        """A word of the compose file for processes of this machine."""
        for host, (port, own) in {
            "postgres": (5432, self.ports["postgres"]),
            "prefect": (4200, self.ports["prefect"]),
        }.items():
            text = text.replace(f"@{host}:{port}", f"@127.0.0.1:{own}")
            text = text.replace(f"//{host}:{port}", f"//127.0.0.1:{own}")
        known = {"redis": "127.0.0.1", "6379": str(self.ports["redis"]), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        known |= {"4200": str(self.ports["prefect"])}
        filled = re.sub(r"\$\{(\w+)\}", lambda found: VALUES[found[1]], text)
        return known.get(filled, filled)


VALUES = {"POSTGRES_PASSWORD": "none", "SMTP_URL": "", "BASE_URL": "http://board.example"}


@contextmanager
def postgres(port: int) -> Iterator[None]:
    """A server of its own with what docs/databases.sql makes, as the user PostgreSQL wants."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as home:
        shutil.chown(home, "postgres")
        data, options = f"{home}/data", f"-p {port} -k {home} -c listen_addresses=127.0.0.1"
        control = ("pg_ctl", "-D", data, "-w", "-s")
        query = ("psql", "-h", "127.0.0.1", "-p", str(port), "-U", "secretariat", "-q")
        _as_postgres(home, "initdb", "-D", data, "-A", "trust", "-U", "secretariat")
        _as_postgres(home, *control, "-o", options, "-l", f"{home}/log", "start")
        try:
            _as_postgres(home, *query, "postgres", "-c", "create database secretariat")
            (Path(home) / "databases.sql").write_text((REPO / "docs/databases.sql").read_text())
            _as_postgres(home, *query, "secretariat", "-f", f"{home}/databases.sql")
            yield
        finally:
            _as_postgres(home, *control, "-m", "fast", "stop")


def _as_postgres(home: str, program: str, *words: str) -> None:
    command = ["runuser", "-u", "postgres", "--", str(BINARIES[-1] / program), *words]
    subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL)


@contextmanager
def redis(directory: Path, port: int) -> Iterator[None]:
    directory.mkdir()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield
    process.terminate()
    process.wait()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    ports = {name: free_port() for name in ("postgres", "redis", "prefect")}
    with ExitStack() as stack:
        stack.enter_context(postgres(ports["postgres"]))
        stack.enter_context(redis(tmp_path / "redis", ports["redis"]))
        found = Machines(tmp_path, ports, {})
        try:
            for name in ("prefect", "prefect-services", "board", "standby", "worker"):
                found.start(name)
            yield found
        finally:
            for each in found.running.values():
                each.process.terminate()
            for each in found.running.values():
                each.process.wait(30)


def clock(each: Running) -> str:
    return each.health().get("Clock", "") if each.answers() else ""


def test_work_is_shared_and_goes_on_when_the_one_that_ticks_is_killed(machines: Machines) -> None:
    two = [machines.running[name] for name in ("board", "standby")]
    first = two[0]

    def ticking() -> list[Running]:
        return [each for each in two if each.process.poll() is None and clock(each) == "ticking"]

    first.wait_for(lambda: bool(ticking()), 120, "a clock")
    one = ticking()[0]
    (other,) = (each for each in two if each is not one)
    one.wait_for(lambda: one.health()["Prefect"] == "up", 240, "Prefect")
    assert "standing by" in clock(other)

    asked = one.cli(
        "som", "prepare", "SOM14", "--host", "VN", "--on", "2030-03-12", "--wait", "120"
    )
    assert "som-hosting/SOM14#1: done" in asked.stdout

    one.process.kill()
    killed_at = time.monotonic()
    other.wait_for(lambda: clock(other) == "ticking", 60, "the other's turn")
    assert time.monotonic() - killed_at <= 30
    again = other.cli("run", "chair-rotation", "--cycle", "SOM14", "--wait", "120")
    assert ": done" in again.stdout
    health = httpx.get(f"{machines.running['standby'].settings.prefect_api}/health", timeout=10)
    assert health.json() is True

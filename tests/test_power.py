"""The power is cut at any moment: what was told to be done is there, with its mails."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import audit
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.errors import DamagedError
from secretariat.history import adopt
from secretariat.store import open_store
from tests.conftest import BARE, REPO, at
from tests.power import TRACED, Disk, Step, traced

ACTS = 9


pytestmark = pytest.mark.skipif(
    not shutil.which("strace")
    or subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False).returncode != 0,
    reason="strace is not installed, or may trace nothing here",
)


@dataclass(frozen=True)
class Traced:
    """A store's file as it was before, and what was done to it then."""

    before: bytes
    steps: list[Step]


@pytest.fixture(scope="module")
def trace(blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    directory = tmp_path_factory.mktemp("traced")
    path = directory / "secretariat.db"
    shutil.copy(blank, path)
    store = open_store(f"sqlite:///{path}")
    adopt(Office(store, commit, VirtualClock(at("2019-01-03T02:00"))))
    store.fold()
    before = path.read_bytes()
    done = subprocess.run(
        ["strace", "-f", "-qq", "-y", "-xx", "-s", "10000000", "-e", f"trace={TRACED}",
         "-o", str(directory / "log"), sys.executable, "-m", "tests.power",
         f"sqlite:///{path}", str(ACTS)],
        capture_output=True, text=True, cwd=REPO, env=BARE, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = traced(directory / "log", path)
    assert sum(step.kind == "say" for step in steps) == ACTS
    assert {(step.kind, step.file.removeprefix("secretariat.db")) for step in steps} >= {
        *(("write", ""), ("sync", ""), ("write", "-wal"), ("sync", "-wal"), ("remove", "-wal"))
    }, "the log is brought into the database, too"
    return Traced(before, steps)


def lost(trace: Traced, directory: Path, keep: Callable[[Step], bool]) -> Iterator[str]:
    """After a cut behind each step: what was told to be done and is not there, or is not whole."""
    disk, told, rng = Disk({"secretariat.db": trace.before}), [], random.Random(3)
    for step in trace.steps:
        if step.kind == "say":
            told.append(step.data.decode())
        elif keep(step):
            disk.do(step)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for name, content in disk.after_a_cut(rng).items():
            (directory / name).write_bytes(content)
        yield from missing(directory / "secretariat.db", told)


def missing(path: Path, told: list[str]) -> list[str]:
    store = open_store(f"sqlite:///{path}")
    try:
        with store.read() as session:
            verdict = audit.check(session)
            whole = session.connection().exec_driver_sql("pragma integrity_check").scalar()
            mails = set(session.exec(select(Mail.holding)))
    except DamagedError as error:
        return [str(error)]
    finally:
        store.engine.dispose()
    if verdict.fault or whole != "ok":
        return [audit.said(verdict)]
    done = (line.split() for line in told)
    return [h for seq, h in done if int(seq) > verdict.head.seq or h not in mails]


def test_cut_behind_any_write_all_that_was_told_to_be_done_is_there(
    trace: Traced, tmp_path: Path
) -> None:
    assert list(lost(trace, tmp_path / "found", lambda _: True)) == []


def test_on_a_disk_that_does_not_sync_it_would_be_noticed(trace: Traced, tmp_path: Path) -> None:
    assert any(lost(trace, tmp_path / "found", lambda step: step.kind != "sync"))

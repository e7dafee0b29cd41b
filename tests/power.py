"""A disk whose power is cut: what a traced program wrote, and what of it must be there after that.

``python -m tests.power URL COUNT`` does so many acts and says which are done; run under strace, its
writes and syncs are known. A cut keeps what was synced. Of what was not, each sector of 512 bytes
is there or not, as it falls.
"""

import os
import random
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select

from schemas.acts import Offer
from schemas.tables import Holding
from secretariat import ledger
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import open_store
from tests.conftest import at

SECTOR = 512
TRACED = "pwrite64,write,fdatasync,fsync,ftruncate,unlink"
_CALL = re.compile(r'^\d+ +(\w+)\((?:(\d+)<([^>]*)>|"([^"]*)")(?:, (.*))?\) += (\d+)')


@dataclass(frozen=True)
class Step:
    """What the program did to a file: write, cut to ``at``, sync or remove it; or say something."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


def work(url: str, count: int) -> None:
    """Offer so many holdings, each told of once it is done; the store is closed now and then."""
    programme = load_programme(SHIPPED / "commit.yaml")
    store = open_store(url)
    with store.read() as session:
        query = select(Holding.id).where(Holding.owner == "un-act").order_by(Holding.id)
        holdings = session.exec(query.limit(count)).all()
    for number, holding in enumerate(holdings, 1):
        Office(store, programme, VirtualClock(at("2019-01-03T03:00"))).do(
            Offer(holding=holding), by="un-act"
        )
        with store.read() as session:
            done = ledger.head(session).seq
        os.write(1, f"{done} {holding}\n".encode())
        if number % 4 == 0:
            store.engine.dispose()  # the last one out brings the log into the database


def traced(log: Path, store: Path) -> list[Step]:
    """The steps of a trace that are about a store's files, or about who was told."""
    found = []
    for line in log.read_text().splitlines():
        call = _CALL.match(line)
        if call is None:
            continue
        name, number, path, removed, rest, _ = call.groups()
        file = Path(_bytes(path or removed).decode()).name
        if number == "1" and name == "write":
            found.append(Step("say", "", data=_bytes(_quoted(rest))))
        elif file.startswith(store.name) and not file.endswith(("-shm", ".lock")):
            found.append(_step(name, file, rest or ""))
    return found


def _step(name: str, file: str, rest: str) -> Step:
    match name:
        case "pwrite64":
            return Step("write", file, int(rest.rsplit(", ", 1)[1]), _bytes(_quoted(rest)))
        case "ftruncate":
            return Step("cut", file, int(rest))
        case "fdatasync" | "fsync":
            return Step("sync", file)
        case "unlink":
            return Step("remove", file)
    raise AssertionError(f"{name} on {file} is not understood")


def _quoted(rest: str) -> str:
    assert "..." not in rest, "strace did not tell all that was written"
    return rest[1 : rest.index('"', 1)]


def _bytes(hexadecimal: str) -> bytes:
    """What strace prints with -xx; names of files it may print as they are."""
    if not hexadecimal.startswith("\\x"):
        return hexadecimal.encode()
    return bytes.fromhex(hexadecimal.replace("\\x", ""))


class Disk:
    """Files, and what was done to each since its last sync."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.safe = {name: bytearray(content) for name, content in files.items()}
        self._since: dict[str, list[Step]] = {}

    def do(self, step: Step) -> None:
        if step.kind == "sync":
            for earlier in self._since.pop(step.file, []):
                _apply(self.safe, earlier)
        elif step.kind == "remove":
            self._since.pop(step.file, None)
            self.safe.pop(step.file, None)
        else:
            self._since.setdefault(step.file, []).append(step)

    def after_a_cut(self, rng: random.Random) -> dict[str, bytearray]:
        """What is found when the power is back; how much of the rest got there, is by chance."""
        found = {name: bytearray(content) for name, content in self.safe.items()}
        odds = rng.choice((0.0, 0.5, 1.0))
        for steps in self._since.values():
            for part in _sectors(steps):
                if rng.random() < odds:
                    _apply(found, part)
        return found


def _sectors(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        for start in range(0, max(len(step.data), 1), SECTOR):
            data = step.data[start : start + SECTOR]
            yield Step(step.kind, step.file, step.at + start, data)


def _apply(files: dict[str, bytearray], step: Step) -> None:
    content = files.setdefault(step.file, bytearray())
    if step.kind == "cut":
        del content[step.at :]
        return
    content.extend(bytes(max(0, step.at - len(content))))
    content[step.at : step.at + len(step.data)] = step.data


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))

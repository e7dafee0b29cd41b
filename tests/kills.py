"""A program that is killed again and again while it sends mail, and what came of it, as JSON.

It is warm once and forks for every life, so that a kill costs milliseconds. Each life is a process
of its own that opens the store anew; it is killed, without a chance to clean up, a random number of
steps into its work, or leaves at once at a named point. The relay keeps what it takes on disk
before it says so.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import col, func, select

from notifications.allowance import Limits
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.tables import Mail, Urgency
from secretariat import points
from secretariat.clock import WallClock
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import Store, open_store

CONNECTIONS = 3
MORE = 60  # mails asked for whenever there are none left
POINTS = (
    *("wake", "claim.committed", "mail", "rcpt", "data.354", "dot.sent", "dot.replied"),
    *("ack.before_commit", "ack.committed"),
)


class Sink(asyncio.Protocol):
    """A relay that has each mail on disk before it says 250."""

    kept: int

    def connection_made(self, transport: Any) -> None:
        self.transport, self.heard, self.in_text = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.heard += data
        end = b"\r\n.\r\n" if self.in_text else b"\r\n"
        while end in self.heard:
            said, self.heard = self.heard.split(end, 1)
            self.transport.write(self.answer(said))
            end = b"\r\n.\r\n" if self.in_text else b"\r\n"

    def answer(self, said: bytes) -> bytes:
        if self.in_text:
            name = said.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
            digest = sha256(said + b"\r\n").hexdigest()
            os.write(self.kept, f"{name} {digest}\n".encode())
            os.fsync(self.kept)
            self.in_text = False
            return b"250 2.0.0 taken\r\n"
        self.in_text = said == b"DATA"
        return {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n"}.get(
            said[:4], b"250 ok\r\n"
        )


def sink(path: Path) -> tuple[int, int]:
    """The port and the process of a relay that keeps what it takes in ``path``."""
    there, here = os.pipe()
    if process := os.fork():
        return int(os.read(there, 10)), process

    async def serve() -> None:
        Sink.kept = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0)
        os.write(here, str(server.sockets[0].getsockname()[1]).encode())
        await server.serve_forever()

    asyncio.run(serve())
    os._exit(0)


def ask(store: Store, count: int) -> None:
    """So many more mails wait, already written."""
    now = WallClock().now()
    with store.write() as session:
        first = session.exec(select(func.count()).select_from(Mail)).one()
        for number in range(first, first + count):
            content = f"Subject: {number}\r\n\r\n{number * number}\r\n".encode()
            mail = Mail(
                idem_key=str(number),
                asked_at=now,
                not_before=now,
                urgency=Urgency.AT_ONCE,  # at whatever hour this is run
                contact="tf-vn-head",
                template="ended",
                context={},
                address=f"m{number}@a.example",
                content=content,
                sha256=sha256(content).hexdigest(),
            )
            session.add(mail)


def life(send: Callable[[], int], watch: Callable[[str], object], killed_after: int) -> bool:
    """One process that sends until it is killed, ``killed_after`` steps in; whether it was."""
    seen, tell = os.pipe()
    process = os.fork()
    if not process:
        os.close(seen)

        def step(point: str) -> None:
            os.write(tell, b".")
            watch(point)

        points.on_reaching = step
        try:
            send()
        finally:
            os._exit(0)
    os.close(tell)
    steps = 0
    while steps < killed_after and (come := os.read(seen, min(killed_after - steps, 4096))):
        steps += len(come)
    if steps >= killed_after:
        os.kill(process, signal.SIGKILL)
    os.close(seen)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status) != 0


def release(store: Store) -> None:
    """As a person does with what was set aside because the program died in it too often."""
    with store.write() as session:
        for mail in session.exec(select(Mail).where(Mail.state == "held")):
            assert "ended 5 times" in mail.reply
            mail.state = "waiting"


def under_way(store: Store) -> int:
    with store.read() as session:
        query = select(func.count()).where(col(Mail.state) == "sending", col(Mail.phase) == "dot")
        return session.exec(query).one()


def main(url: str, directory: Path, kills: int, seed: int) -> dict[str, Any]:
    port, relay = sink(directory / "taken")
    try:
        return until_killed(open_store(url), port, kills, random.Random(seed)) | found(
            open_store(url), directory / "taken"
        )
    finally:
        os.kill(relay, signal.SIGKILL)
        os.waitpid(relay, 0)


def until_killed(store: Store, port: int, kills: int, rng: random.Random) -> dict[str, Any]:
    links = Links("k" * 32, "https://board.example")
    composer = Composer(load_programme(SHIPPED / "commit.yaml"), links, "s@commit.example")
    transport = Relay(urlsplit(f"smtp://127.0.0.1:{port}"))
    lives = done = at_once = 0
    at_points: Counter[str] = Counter()

    def send() -> None:
        """At a later time in each life, so that what waits for a while has waited."""
        clock = WallClock(timedelta(minutes=11 * lives))
        outbox = Outbox(store, clock, composer, transport, Limits(connections=CONNECTIONS))
        outbox.recover()
        outbox.drain()

    def leave_at(point: str) -> Callable[[str], object]:
        return lambda reached: reached == point and os._exit(137)

    ask(store, MORE)
    send()  # so that every life begins warm
    while done < kills:
        store.engine.dispose()
        lives += 1
        if lives % 4 == 0:
            point = POINTS[lives // 4 % len(POINTS)]
            was_killed = life(send, leave_at(point), sys.maxsize)
            at_points[point] += was_killed
        else:
            was_killed = life(send, lambda _: None, rng.randint(1, 90))
        done += was_killed
        at_once = max(at_once, under_way(store))
        if not was_killed:
            ask(store, MORE)
    release(store)
    for _ in range(3):
        lives += 1
        send()
    return {"kills": done, "at_points": at_points, "under_way_at_once": at_once}


def found(store: Store, taken: Path) -> dict[str, Any]:
    """What was asked for, held against what arrived."""
    copies: dict[str, list[str]] = defaultdict(list)
    for line in taken.read_text().splitlines():
        name, digest = line.split()
        copies[name].append(digest)
    with store.read() as session:
        mails = session.exec(select(Mail)).all()
    return {
        "mails": len(mails),
        "states": Counter(mail.state for mail in mails),
        "lost": sum(mail.idem_key not in copies for mail in mails),
        "copies": sum(len(each) - 1 for each in copies.values()),
        "changed": sum(set(copies[mail.idem_key]) != {mail.sha256} for mail in mails),
        "unmarked": sum(
            len(copies[mail.idem_key]) > 1 and not mail.possible_duplicate for mail in mails
        ),
        "marked": sum(mail.possible_duplicate for mail in mails),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))

"""How fast does an outbox drain? Ours against django-mailer and django-post_office.

Mails of 5 KB, already written, to the same sink, each outcome durable. Ours also on as many
connections as post_office has. Postfix's smtp-source, which keeps nothing, tells how much the sink
takes. Then once more to a far relay, where a round trip takes 100 ms, beside aiosmtplib by itself,
which keeps nothing either.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiosmtplib
from sqlalchemy import insert

from benchmarks.race import race, ratio
from benchmarks.sink import sink
from notifications.allowance import Limits
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.tables import Mail, Urgency
from secretariat.clock import WallClock
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import Store, open_store

OCTETS = 5000
THREADS = 5  # of post_office as set up in peers.py, each with a connection of its own
PEERS = str(Path(__file__).parent / "peers.py")
POSTFIX = Path(sys.prefix) / "postfix"  # where it is not installed, see the Makefile


def fill(store: Store, count: int) -> None:
    """Let so many frozen mails more wait in a store."""
    text = ("All work and no play makes a dull day. " * (OCTETS // 39)).encode()
    now = datetime.now(UTC)
    batch = now.isoformat()
    rows = []
    for number in range(count):
        head = f"From: us@we.example\r\nTo: them{number}@they.example\r\nSubject: mail {number}\r\n"
        lines = [text[at : at + 76] for at in range(0, OCTETS, 76)]
        content = head.encode() + b"\r\n" + b"\r\n".join(lines) + b"\r\n"
        rows.append(
            {
                "idem_key": f"race/{batch}/{number}",
                "asked_at": now,
                "not_before": now,
                "urgency": Urgency.AT_ONCE,  # whatever the hour in which the race is run
                "contact": "un-act-head",
                "template": "support",
                "context": {},
                "address": f"them{number}@they.example",
                "content": content,
                "sha256": sha256(content).hexdigest(),
                "state": "waiting",
            }
        )
    with store.queue() as session:
        session.connection().execute(insert(Mail), rows)


def drained(store: Store, count: int, pause: float = 0, limits: Limits | None = None) -> float:
    """Mails a second, of all that wait in a store, to a sink of their own."""
    programme = load_programme(SHIPPED / "commit.yaml")
    composer = Composer(
        programme, Links(lambda: ["k" * 32], "https://board.example"), "us@we.example"
    )
    with sink(pause) as port:
        relay = Relay(urlsplit(f"smtp://127.0.0.1:{port}"))
        outbox = Outbox(store, WallClock(), composer, relay, limits or Limits())
        begun = time.perf_counter()
        sent = outbox.drain()
        seconds = time.perf_counter() - begun
    assert sent == count, f"{sent} of {count} were sent"
    return count / seconds


def ours(count: int, pause: float, connections: int = Limits().connections) -> float:
    """Mails a second."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"sqlite:///{directory}/secretariat.db")
        store.migrate()
        fill(store, count)
        return drained(store, count, pause, Limits(connections=connections))


def ceiling(count: int) -> float:
    """Mails a second of a sender in C that keeps nothing, on as many connections as ours."""
    source = shutil.which("smtp-source") or f"{POSTFIX}/usr/sbin/smtp-source"
    libraries = {"LD_LIBRARY_PATH": f"{POSTFIX}/usr/lib/postfix"}
    sessions = ["-d", "-s", str(Limits().connections), "-m", str(count), "-l", str(OCTETS)]
    with sink() as port:
        begun = time.perf_counter()
        subprocess.run([source, *sessions, f"127.0.0.1:{port}"], check=True, env=libraries)
        return count / (time.perf_counter() - begun)


def bare(count: int, pause: float) -> float:
    """Mails a second of aiosmtplib by itself, on as many connections as ours."""
    text = "Subject: bare\r\n\r\n" + "All work and no play makes a dull day. \r\n" * (OCTETS // 41)
    numbers = iter(range(count))

    async def connection(port: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
            for number in numbers:
                await client.sendmail("us@we.example", f"them{number}@they.example", text)

    async def connections(port: int) -> None:
        await asyncio.gather(*(connection(port) for _ in range(Limits().connections)))

    with sink(pause) as port:
        begun = time.perf_counter()
        asyncio.run(connections(port))
        return count / (time.perf_counter() - begun)


def peer(which: str, count: int, pause: float) -> float:
    """Mails a second."""
    with tempfile.TemporaryDirectory() as directory, sink(pause) as port:
        command = [sys.executable, PEERS, which, "both", str(port), str(count), str(OCTETS)]
        done = subprocess.run(
            [*command, f"{directory}/peer.db"], check=True, capture_output=True, text=True
        )
        figures = json.loads(done.stdout.splitlines()[-1])
        return float(figures["count"] / figures["seconds"])


def main() -> None:
    near = race(
        "drain",
        {
            "secretariat": lambda: ours(2000, 0),
            "secretariat, 5 connections": lambda: ours(2000, 0, THREADS),
            "django-mailer": lambda: peer("django-mailer", 400, 0),
            "post_office": lambda: peer("post_office", 1000, 0),
            "smtp-source": lambda: ceiling(2000),
        },
        unit="mails/s",
        ceiling="smtp-source",
    )
    met = [
        ratio("drain, against django-mailer", near["secretariat"], near["django-mailer"], 5),
        ratio("drain, against post_office", near["secretariat"], near["post_office"], 2),
        ratio(
            "drain, on as many connections as post_office",
            near["secretariat, 5 connections"],
            near["post_office"],
            2,
        ),
    ]
    far = race(
        "drain-far-relay",
        {
            "secretariat": lambda: ours(60, 100),
            "django-mailer": lambda: peer("django-mailer", 15, 100),
            "aiosmtplib": lambda: bare(60, 100),
        },
        runs=3,
        unit="mails/s",
    )
    met.append(ratio("far relay", far["secretariat"], far["django-mailer"], 5))
    met.append(ratio("far relay, against aiosmtplib", far["secretariat"], far["aiosmtplib"], 1.8))
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

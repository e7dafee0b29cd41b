"""How fast does an outbox drain? Ours against django-mailer and django-post_office.

Mails of 5 KB, already written, to the same sink, each outcome durable. Then once more to a far
relay, where a round trip takes 100 ms.
"""

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

from sqlalchemy import insert

from benchmarks.race import race, ratio
from benchmarks.sink import sink
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.tables import Mail, Urgency
from secretariat.clock import WallClock
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import Store, open_store

OCTETS = 5000
PEERS = str(Path(__file__).parent / "peers.py")


def filled(directory: Path, count: int) -> Store:
    """A store in which so many frozen mails wait."""
    store = open_store(f"sqlite:///{directory}/secretariat.db")
    store.migrate()
    text = ("All work and no play makes a dull day. " * (OCTETS // 39)).encode()
    now = datetime.now(UTC)
    rows = []
    for number in range(count):
        head = f"From: us@we.example\r\nTo: them{number}@they.example\r\nSubject: mail {number}\r\n"
        lines = [text[at : at + 76] for at in range(0, OCTETS, 76)]
        content = head.encode() + b"\r\n" + b"\r\n".join(lines) + b"\r\n"
        rows.append(
            {
                "idem_key": f"race/{number}",
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
    return store


def ours(count: int, pause: float) -> float:
    """Mails a second."""
    directory = Path(tempfile.mkdtemp())
    programme = load_programme(SHIPPED / "commit.yaml")
    composer = Composer(
        programme, Links(lambda: ["k" * 32], "https://board.example"), "us@we.example"
    )
    try:
        store = filled(directory, count)
        with sink(pause) as port:
            outbox = Outbox(
                store, WallClock(), composer, Relay(urlsplit(f"smtp://127.0.0.1:{port}"))
            )
            begun = time.perf_counter()
            sent = outbox.drain()
            seconds = time.perf_counter() - begun
        assert sent == count, f"{sent} of {count} were sent"
        return count / seconds
    finally:
        shutil.rmtree(directory)


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
            "django-mailer": lambda: peer("django-mailer", 400, 0),
            "post_office": lambda: peer("post_office", 1000, 0),
        },
        unit="mails/s",
    )
    met = [
        ratio("drain, against django-mailer", near["secretariat"], near["django-mailer"], 5),
        ratio("drain, against post_office", near["secretariat"], near["post_office"], 2),
    ]
    far = race(
        "drain-far-relay",
        {
            "secretariat": lambda: ours(60, 100),
            "django-mailer": lambda: peer("django-mailer", 15, 100),
        },
        runs=3,
        unit="mails/s",
    )
    met.append(ratio("far relay", far["secretariat"], far["django-mailer"], 5))
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

"""How soon after its act is committed does a mail reach the relay, on a system at rest?

From the commit of the row to DATA at the sink, the postman serving as it does in the program.
Peers by their own statement: GoAlert's engine looks every 5 s, Healthchecks' every 2 s.
"""

import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from benchmarks.race import keep, wanted
from benchmarks.sink import sink
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.postman import Postman
from notifications.smtp import Relay
from schemas.tables import Mail, Urgency
from secretariat.clock import WallClock
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import Store, open_store

MANY = 200


def ask(store: Store, number: int) -> float:
    """One frozen mail more; when it was committed, by the machine's clock."""
    content = f"To: a@b.example\r\nSubject: {number}\r\n\r\nSoon.\r\n".encode()
    now = datetime.now(UTC)
    with store.write() as session:
        session.add(
            Mail(
                idem_key=f"race/{number}",
                asked_at=now,
                not_before=now,
                urgency=Urgency.AT_ONCE,  # whatever the hour in which the race is run
                contact="un-act-head",
                template="support",
                context={},
                address="a@b.example",
                content=content,
                sha256=sha256(content).hexdigest(),
            )
        )
    return time.time()


def until(store: Store, number: int) -> float:
    """When it was taken, by the outbox's own word."""
    while True:
        with store.read() as session:
            mail = session.get(Mail, number)
            if mail and mail.accepted_at:
                return mail.accepted_at.timestamp()
        time.sleep(0.002)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, sink() as port:
        store = open_store(f"sqlite:///{directory}/secretariat.db")
        store.migrate()
        links = Links(lambda: ["k" * 32], "https://board.example")
        composer = Composer(load_programme(SHIPPED / "commit.yaml"), links, "us@we.example")
        relay = Relay(urlsplit(f"smtp://127.0.0.1:{port}"))
        postman = Postman(Outbox(store, WallClock(), composer, relay))
        postman.start()
        # Another process asks: a store of its own on the same file rings no bell in this one.
        other = open_store(f"sqlite:///{directory}/secretariat.db")
        waits: dict[str, list[float]] = {"same process": [], "another process": []}
        number = 0
        for who, asking in (("same process", store), ("another process", other)):
            for _ in range(MANY):
                time.sleep(0.05)
                number += 1
                committed = ask(asking, number)
                waits[who].append(1000 * (until(store, number) - committed))
        postman.stop()
    keep("latency", {"unit": "ms from commit to 250", "waits": waits})
    met = True
    for who, found in waits.items():
        middle, late = statistics.median(found), statistics.quantiles(found, n=100)[98]
        print(f"latency, {who}: median {middle:.1f} ms")
        met &= wanted(f"latency, {who}, 99th percentile", late, at_most=250, unit="ms")
    print(json.dumps({"peers look every": {"GoAlert": "5 s", "Healthchecks": "2 s"}}))
    sys.exit(not met)


if __name__ == "__main__":
    main()

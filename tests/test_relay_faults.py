"""Whatever a relay does, at every stage of the talk, each mail comes to its proper end.

Twelve stages, six things that can go wrong at each: 72 cells, every one against a real server.
"""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, Purpose, SSLContext, create_default_context
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlmodel import col, select

from notifications.allowance import Limits
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Patience, Relay
from schemas.programme import Programme
from schemas.tables import Mail
from secretariat.clock import VirtualClock
from secretariat.store import Store, open_store
from tests.conftest import at
from tests.relays import Misbehaving

NOW = at("2019-01-03T03:00")
SHORT = Patience(opening=0.5, command=0.4, text=0.4, verdict=0.4, quit=0.1)
LONG = Patience(opening=9, command=9, text=9, verdict=9, quit=0.5)
FIRST, SECOND = "first@a.example", "second@b.example"
BAD = ["4xx", "5xx", "421", "drop", "hang", "garbage"]


@dataclass
class Post:
    """A store with mails already written, a clock that is moved, and the outbox between them."""

    store: Store
    clock: VirtualClock
    composer: Composer
    trouble: str = ""

    def ask(self, address: str, **other: object) -> None:
        """One frozen mail."""
        content = f"To: {address}\r\nSubject: one\r\n\r\n.dot\r\n{'x' * 60}\r\n".encode()
        facts = {
            "idem_key": address,
            "asked_at": NOW,
            "not_before": NOW,
            "contact": "tf-vn-head",
            "template": "ended",
            "context": {},
            "address": address,
            "content": content,
            "sha256": sha256(content).hexdigest(),
        }
        with self.store.write() as session:
            session.add(Mail(**facts | other))

    def outbox(
        self,
        url: str,
        limits: Limits | None = None,
        tls: SSLContext | None = None,
        patience: Patience = LONG,
    ) -> Outbox:
        relay, one = Relay(urlsplit(url), patience, tls), Limits(connections=1)
        return Outbox(self.store, self.clock, self.composer, relay, limits or one)

    def pass_time(self, **time: float) -> None:
        self.clock.advance_to(self.clock.now() + dt.timedelta(**time))

    def mail(self, address: str) -> Mail:
        with self.store.read() as session:
            return session.exec(select(Mail).where(Mail.address == address)).one()

    def states(self) -> list[str]:
        with self.store.read() as session:
            asked = select(Mail.state).where(Mail.idem_key == Mail.address)
            return list(session.exec(asked.order_by(col(Mail.id))))


@pytest.fixture
def post(blank: Path, tmp_path: Path, commit: Programme) -> Iterator[Post]:
    shutil.copy(blank, tmp_path / "secretariat.db")
    store = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    composer = Composer(commit, Links("k" * 32, "https://board.example"), "s@commit.example")
    yield Post(store, VirtualClock(NOW), composer)
    store.engine.dispose()


# What becomes of the first mail and the second in the first drain, and whether the relay is in
# trouble; ``*`` stands for whatever is not named.
WAITS = ("waiting", "waiting", True)
LOST = ("unknown", "waiting", True)
LATER = ("waiting", "accepted", False)
REFUSED = ("refused", "accepted", False)
FINE = ("accepted", "accepted", False)
EXPECTED = {
    "connect": {"*": WAITS},
    "ehlo": {"*": WAITS},
    "starttls": {"*": WAITS},
    "auth": {"*": WAITS},
    "mail": {"*": WAITS, "4xx": LATER},
    "rcpt": {"*": WAITS, "4xx": LATER, "5xx": REFUSED},
    "data": {"*": WAITS, "4xx": LATER, "5xx": REFUSED},
    "body": {"*": LOST, "4xx": LATER, "5xx": REFUSED, "421": WAITS},
    "dot": {"*": LOST, "4xx": LATER, "5xx": REFUSED, "421": WAITS},
    "after-dot": {"*": ("accepted", "waiting", True), "4xx": ("accepted", "waiting", False)},
    "rset": {"*": REFUSED},
    "quit": {"*": FINE},
}
CELLS = [(stage, fault) for stage in EXPECTED for fault in BAD]
IN_TURN = [cell for cell in CELLS if cell[0] in ("mail", "rcpt", "data")]


def test_there_are_72_cells() -> None:
    assert len(CELLS) == 72


@pytest.mark.parametrize(
    ("stage", "fault", "pipelining"),
    [(*cell, True) for cell in CELLS] + [(*cell, False) for cell in IN_TURN],
)
def test_a_fault_at_a_stage_leaves_each_mail_in_its_proper_state(
    post: Post, certified: "Certified", stage: str, fault: str, pipelining: bool
) -> None:
    encrypted = stage == "starttls"
    relay = Misbehaving(
        host="127.0.0.2" if encrypted else "127.0.0.1",
        tls=certified.server("127.0.0.2") if encrypted else None,
        pipelining=pipelining,
    )
    relay.faults[stage].append(fault)
    if stage == "rset":
        relay.faults["rcpt"].append("550 5.1.1 nobody")
    user = "me:secret@" if stage == "auth" else ""
    post.ask(FIRST)
    post.ask(SECOND)
    with relay.listening():
        url = f"smtp://{user}{relay.host}:{relay.port}"
        patience = SHORT if fault == "hang" else LONG
        outbox = post.outbox(url, tls=certified.client, patience=patience)
        outbox.drain()
        first, second, trouble = EXPECTED[stage].get(fault) or EXPECTED[stage]["*"]
        assert post.states() == [first, second]
        assert bool(outbox.trouble) == trouble
        assert post.mail(FIRST).possible_duplicate == (first == "unknown")
        for _ in range(2):
            post.pass_time(minutes=11)
            outbox.drain()
    assert post.states() == ["refused" if first == "refused" else "accepted", "accepted"]
    assert not outbox.trouble
    copies = [content for content in relay.taken if FIRST.encode() in content]
    at_most = 0 if first == "refused" else 2 if first == "unknown" else 1
    assert len(copies) <= at_most
    assert len(set(copies)) <= 1
    assert relay.recipients.count(SECOND) == 1


# -- what it is told in words ----------------------------------------------------------------------


def test_a_refusal_says_why_plainly_with_its_code_and_who_stands_by_is_told(post: Post) -> None:
    post.ask(FIRST)
    with Misbehaving().listening() as relay:
        relay.faults["rcpt"] = ["550 5.1.1 <first@a.example> unknown"]
        post.outbox(f"smtp://127.0.0.1:{relay.port}").drain()
    mail = post.mail(FIRST)
    assert (mail.state, mail.code, mail.phase) == ("refused", "5.1.1", "rcpt")
    assert mail.reply.startswith("there is no such mailbox")
    with post.store.read() as session:
        told = session.exec(select(Mail).where(Mail.idem_key != FIRST)).all()
    assert "un-act-head" in {each.contact for each in told}


def test_a_mail_cut_off_before_its_last_byte_left_is_simply_sent_again(post: Post) -> None:
    big = b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 12_000
    post.ask(FIRST, content=big, sha256=sha256(big).hexdigest())
    with Misbehaving().listening() as relay:
        relay.faults["body"] = ["drop"]
        outbox = post.outbox(f"smtp://127.0.0.1:{relay.port}")
        outbox.drain()
        mail = post.mail(FIRST)
        assert (mail.state, mail.phase, mail.possible_duplicate) == ("waiting", "data", False)


def test_an_answer_without_end_is_no_answer(post: Post) -> None:
    post.ask(FIRST)
    with Misbehaving().listening() as relay:
        relay.faults["dot"] = ["250-" + "x" * 1_000_000]
        post.outbox(f"smtp://127.0.0.1:{relay.port}").drain()
    assert post.mail(FIRST).state == "unknown"


def test_what_the_relay_says_is_kept_without_what_could_harm_a_page_or_log(post: Post) -> None:
    post.ask(FIRST)
    with Misbehaving().listening() as relay:
        relay.faults["dot"] = ["550-5.7.1 no\r\n550 5.7.1 \x1b[2J\u202e spam"]
        post.outbox(f"smtp://127.0.0.1:{relay.port}").drain()
    assert post.mail(FIRST).code == "5.7.1"
    assert post.mail(FIRST).reply.isprintable()


def test_an_address_the_relay_cannot_take_is_refused_and_breaks_nothing(post: Post) -> None:
    post.ask("អ្នក@a.example")
    post.ask(SECOND)
    with Misbehaving().listening() as relay:
        post.outbox(f"smtp://127.0.0.1:{relay.port}").drain()
    assert post.states() == ["refused", "accepted"]


# -- encryption ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certified:
    """A certificate authority the client trusts, and servers with certificates by it."""

    client: SSLContext
    server: Callable[..., SSLContext]
    authority: Path


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    directory = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    day = dt.timedelta(days=1)
    tomorrow = dt.datetime.now(dt.UTC) + day

    def certificate(
        name: x509.Name, ends: dt.datetime, extension: x509.ExtensionType
    ) -> x509.Certificate:
        number = x509.random_serial_number()
        built = x509.CertificateBuilder(
            authority, name, key.public_key(), number, min(ends, tomorrow) - 9 * day, ends
        )
        return built.add_extension(extension, critical=True).sign(key, hashes.SHA256())

    def server(host: str, ends: dt.datetime = tomorrow) -> SSLContext:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        is_name = host[0].isalpha()
        of = x509.DNSName(host) if is_name else x509.IPAddress(ip_address(host))
        named = x509.SubjectAlternativeName([of])
        path = directory / f"{host}-{ends:%Y%m%d}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = certificate(name, ends, named).public_bytes(serialization.Encoding.PEM)
        path.write_bytes(secret + public)
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    root = certificate(authority, tomorrow, x509.BasicConstraints(ca=True, path_length=None))
    path = directory / "authority.pem"
    path.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    client = create_default_context(Purpose.SERVER_AUTH, cafile=str(path))
    return Certified(client, server, path)


def sent_over_tls(post: Post, certified: Certified, server: SSLContext | None) -> Misbehaving:
    """What a relay elsewhere hears, when a mail waits and there is a password to give away."""
    post.ask(FIRST)
    relay = Misbehaving(host="127.0.0.2", tls=server)
    with relay.listening():
        url = f"smtp://me:secret@127.0.0.2:{relay.port}"
        outbox = post.outbox(url, tls=certified.client)
        outbox.drain()
    post.trouble = outbox.trouble
    return relay


def test_mail_leaves_encrypted_where_the_certificate_is_right(
    post: Post, certified: Certified
) -> None:
    relay = sent_over_tls(post, certified, certified.server("127.0.0.2"))
    assert post.states() == ["accepted"]
    assert any(line.startswith(b"AUTH") for line in relay.heard)


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [("127.0.0.9", 1, "certificate is not to be trusted"), ("127.0.0.2", -1, "expired")],
)
def test_with_a_wrong_or_expired_certificate_nothing_is_sent(
    post: Post, certified: Certified, host: str, days: int, words: str
) -> None:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    relay = sent_over_tls(post, certified, certified.server(host, ends))
    assert post.states() == ["waiting"]
    assert words in post.trouble
    assert not any(line.startswith((b"AUTH", b"MAIL")) for line in relay.heard)


def test_without_encryption_no_mail_and_no_password_leaves(
    post: Post, certified: Certified
) -> None:
    relay = sent_over_tls(post, certified, None)
    assert post.states() == ["waiting"]
    assert "no encryption" in post.trouble
    assert not any(line.startswith((b"AUTH", b"MAIL")) for line in relay.heard)

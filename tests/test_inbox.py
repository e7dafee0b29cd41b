"""What comes back: mails that did not arrive, replies, and all that only looks like them."""

import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import col, select

from notifications.compose import Composer
from notifications.fates import Fate
from notifications.inbox import Inbox
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.acts import AgreeChair, TakeChair, Unsuspend
from schemas.tables import Entry, Mail, Obligation, Person, Reply, SuspendedAddress
from secretariat import audit
from secretariat.commands import posts, reach
from secretariat.commands.office import Desk
from secretariat.commands.reach import NOBODY, Reach
from secretariat.errors import NotAllowedError, UnknownError
from tests.conftest import BARE, Bench, cli, free_port
from tests.test_incoming import RETURNS, a_reply, report
from tests.test_obligations import HOST, Opened, a_chair
from tests.test_outbox import FOCAL, Server, one_request, server, url_of  # noqa: F401
from tests.test_web import Site

ADDRESS = "focal-point.task-force@vn.example"
HEAD = "tf-vn-head"


ON_SQLITE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # no matter of the store


class Deliverer:
    """A real SMTP server that delivers into a Maildir, as a host's mail system does."""

    def __init__(self, maildir: Path) -> None:
        self.maildir = maildir
        for part in ("tmp", "new", "cur"):
            (maildir / part).mkdir(parents=True)
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.count = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.count += 1
        for recipient in envelope.rcpt_tos:
            name = f"{1571104800 + self.count}.M{self.count}.host"
            written = self.maildir / "tmp" / name
            trace = f"Return-Path: <{envelope.mail_from or ''}>\r\nDelivered-To: {recipient}\r\n"
            written.write_bytes(trace.encode() + envelope.content)
            written.rename(self.maildir / "new" / name)
        return "250 delivered"


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[Deliverer]:
    deliverer = Deliverer(tmp_path / "Maildir")
    deliverer.controller.start()
    yield deliverer
    deliverer.controller.stop()


def deliver(there: Deliverer, content: bytes, sender: str = "", to: str = "") -> None:
    """Hand a message to the mail system of our host, over SMTP."""
    with smtplib.SMTP("127.0.0.1", there.controller.port) as client:
        client.sendmail(sender, [to or RETURNS.bounce_address(1)], content)


def put(there: Deliverer, content: bytes) -> Path:
    """A message as it lies in a Maildir, whatever is in it."""
    there.count += 1
    path = there.maildir / "new" / f"{1571104800 + there.count}.M{there.count}.host"
    path.write_bytes(content)
    return path


def an_outbox(bench: Bench, server: Server) -> Outbox:  # noqa: F811
    links = Links(lambda: ["k" * 32], "https://board.example")
    composer = Composer(
        bench.office.programme, links, "secretariat@commit.example", returns=RETURNS
    )
    return Outbox(bench.office.store, bench.clock, composer, Relay(urlsplit(url_of(server))))


def drain(bench: Bench, server: Server) -> None:  # noqa: F811
    """Two ticks: what is handed over in one leaves in the next."""
    for _ in range(2):
        an_outbox(bench, server).drain()


def an_inbox(bench: Bench, there: Deliverer) -> Inbox:
    return Inbox(bench.office, RETURNS, urlsplit(f"maildir://{there.maildir}"))


@pytest.fixture
def sent(open_office: Opened, server: Server) -> Bench:  # noqa: F811
    """A bench after the host of SOM14 was asked, by mail 1."""
    bench = one_request(open_office)
    with bench.office.store.write() as session:
        session.exec(select(Mail)).one().id = 1
    drain(bench, server)
    assert mail_to(bench, FOCAL).state == "accepted"
    return bench


def mail_to(bench: Bench, contact: str, template: str = "obligation") -> Mail:
    with bench.office.store.read() as session:
        query = select(Mail).where(Mail.contact == contact, Mail.template == template)
        return session.exec(query).one()


def arrived(bench: Bench, contact: str) -> bool:
    """Whether the contact was sent the request, alone or with other mails."""
    mail = mail_to(bench, contact)
    with bench.office.store.read() as session:
        return session.get_one(Mail, mail.bundle or mail.id).state == "accepted"


def told(bench: Bench, template: str) -> list[str]:
    with bench.office.store.read() as session:
        query = select(Mail.contact).where(Mail.template == template).order_by(col(Mail.id))
        return list(session.exec(query))


def suspended(bench: Bench) -> list[str]:
    with bench.office.store.read() as session:
        return list(session.exec(select(SuspendedAddress.address)))


@ON_SQLITE
def test_a_mail_says_where_its_report_and_its_reply_are_to_go(
    sent: Bench,
    server: Server,  # noqa: F811
) -> None:
    assert server.senders == [RETURNS.bounce_address(1)]
    assert f"Reply-To: {RETURNS.reply_address(1)}".encode() in server.taken[0].replace(
        b"\r\n ", b" "
    )
    assert mail_to(sent, FOCAL).id == 1


def test_a_wrong_address_is_suspended_and_its_office_and_the_coordinator_are_told(
    sent: Bench, delivered: Deliverer
) -> None:
    deliver(delivered, report(about=ADDRESS))
    assert an_inbox(sent, delivered).read() == {Fate.SUSPENDED: 1}
    mail = mail_to(sent, FOCAL)
    assert (mail.state, mail.code) == ("bounced", "5.1.1")
    assert "550" in mail.reply
    assert ADDRESS not in mail.reply, "it is kept where it could not be erased"
    assert suspended(sent) == [ADDRESS]
    assert told(sent, "unreachable") == [HEAD, "un-act-head"]
    assert mail_to(sent, HEAD).state == "waiting", "the head is asked instead"
    with sent.office.store.read() as session:
        entry = session.exec(select(Entry).where(Entry.kind == "post.unreachable")).one()
        assert (entry.subject, entry.data) == (FOCAL, '{"code":"5.1.1"}')
        assert audit.check(session).fault is None
    assert audit.differing(sent.office.store) == []


@pytest.mark.parametrize(
    ("code", "for_good"),
    [
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.1.7", False),
        ("5.1.8", False),
        ("5.2.2", False),
        ("5.7.1", False),
        ("4.1.1", False),
        ("4.2.2", False),
        ("", False),
    ],
)
def test_only_an_address_that_is_wrong_or_disabled_is_suspended(code: str, for_good: bool) -> None:
    assert reach.is_for_good(code) is for_good


@ON_SQLITE
def test_a_full_mailbox_is_not_suspended_but_another_gets_the_mail(
    sent: Bench, delivered: Deliverer
) -> None:
    put(delivered, report("exchange", about=ADDRESS, status="5.2.2"))
    assert an_inbox(sent, delivered).read() == {Fate.BOUNCED: 1}
    assert (mail_to(sent, FOCAL).state, mail_to(sent, FOCAL).code) == ("bounced", "5.2.2")
    assert suspended(sent) == []
    assert told(sent, "obligation") == [FOCAL, HEAD]


@ON_SQLITE
def test_a_delay_is_counted_and_changes_nothing(sent: Bench, delivered: Deliverer) -> None:
    for status in ("4.2.2", "5.1.1"):
        put(delivered, report("gmail", about=ADDRESS, status=status, action="delayed"))
    assert an_inbox(sent, delivered).read() == {Fate.COUNTED: 2}
    assert mail_to(sent, FOCAL).state == "accepted"
    assert suspended(sent) == []


def forged() -> bytes:
    return report(about=ADDRESS, to=RETURNS.bounce_address(1).replace("+1-", "+2-"))


IGNORED = {
    "forged": (forged(), Fate.FORGED),
    "unsigned": (report(about=ADDRESS, to="bounces@commit.example"), Fate.UNSIGNED),
    "of an unknown mail": (
        report(about=ADDRESS, to=RETURNS.bounce_address(999)),
        Fate.UNKNOWN,
    ),
    "about another address": (report(about="member-of-a-list@vn.example"), Fate.COUNTED),
    "no report, from nobody": (
        f"Return-Path: <>\r\nTo: {RETURNS.bounce_address(1)}\r\n\r\nfailed".encode(),
        Fate.COUNTED,
    ),
    "too large": (report(about=ADDRESS) + b"x" * 10_000_000, Fate.TOO_LARGE),
    "too deep": (b"Content-Type: message/rfc822\r\n\r\n" * 1000 + report(), Fate.TOO_DEEP),
    "nothing": (b"", Fate.UNSIGNED),
}


def test_what_is_not_to_be_believed_is_counted_and_changes_nothing(
    sent: Bench, delivered: Deliverer
) -> None:
    for content, _ in IGNORED.values():
        put(delivered, content)
    met = an_inbox(sent, delivered).read()
    assert met == dict.fromkeys({fate for _, fate in IGNORED.values()}, 1) | {
        Fate.UNSIGNED: 2,
        Fate.COUNTED: 2,
    }
    assert mail_to(sent, FOCAL).state == "accepted"
    assert suspended(sent) == []
    assert told(sent, "unreachable") == []
    assert len(list((delivered.maildir / ".Handled" / "cur").iterdir())) == len(IGNORED)
    assert an_inbox(sent, delivered).read() == {}


@ON_SQLITE
def test_a_report_later_than_two_days_is_not_believed(sent: Bench, delivered: Deliverer) -> None:
    path = put(delivered, report(about=ADDRESS))
    late = sent.clock.now() + timedelta(hours=48, minutes=1)
    os.utime(path, (late.timestamp(), late.timestamp()))
    sent.clock.advance_to(late + timedelta(days=1))
    assert an_inbox(sent, delivered).read() == {Fate.LATE: 1}
    assert suspended(sent) == []


@ON_SQLITE
def test_a_report_that_came_in_time_is_believed_when_it_is_read_late(
    sent: Bench, delivered: Deliverer
) -> None:
    path = put(delivered, report(about=ADDRESS))
    came = sent.clock.now() + timedelta(hours=47)
    os.utime(path, (came.timestamp(), came.timestamp()))
    sent.clock.advance_to(came + timedelta(days=5))
    assert an_inbox(sent, delivered).read() == {Fate.SUSPENDED: 1}


def test_a_message_that_cannot_be_handled_is_set_aside_and_the_others_go_on(
    sent: Bench, delivered: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications import inbox

    def understand(head: bytes) -> Any:
        if b"poison" in head:
            raise RecursionError
        return whole(head)

    whole = inbox.understand
    monkeypatch.setattr(inbox, "understand", understand)
    put(delivered, b"Subject: poison\r\n\r\n")
    put(delivered, report(about=ADDRESS))
    assert an_inbox(sent, delivered).read() == {Fate.UNREADABLE: 1, Fate.SUSPENDED: 1}
    assert len(list((delivered.maildir / ".Aside" / "cur").iterdir())) == 1


def test_killed_between_the_store_and_the_folder_a_message_counts_once(
    sent: Bench, delivered: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.folders import Maildir

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    put(delivered, report(about=ADDRESS))
    put(delivered, a_letter())
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Maildir, "put_away", die)
        an_inbox(sent, delivered).read()
    assert an_inbox(sent, delivered).read() == {Fate.SUSPENDED: 1, Fate.FILED: 1}
    assert told(sent, "unreachable") == [HEAD, "un-act-head"]
    assert len(replies(sent)) == 1
    put(delivered, report(about=ADDRESS))
    assert an_inbox(sent, delivered).read() == {Fate.REPEATED: 1}, "delivered twice"


@ON_SQLITE
def test_an_inbox_that_cannot_be_read_says_so_and_what_to_check(
    sent: Bench, tmp_path: Path
) -> None:
    for url in (f"maildir://{tmp_path}/nowhere", f"imap://u:secret@127.0.0.1:{free_port()}/INBOX"):
        inbox = Inbox(sent.office, RETURNS, urlsplit(url))
        assert inbox.read() == {}
        assert "check SECRETARIAT_INBOX" in inbox.trouble
        assert "secret" not in inbox.trouble


# -- between queueing and sending ------------------------------------------------------------------


def shut(bench: Bench, *contacts: str) -> None:
    """Suspend the addresses of contacts, as if mail to them had come back before."""
    with bench.office.store.write() as session:
        for slug in contacts:
            contact = bench.office.programme.contact(slug)
            assert contact
            session.add(
                SuspendedAddress(
                    address=contact.email,
                    contact=slug,
                    since=bench.clock.now(),
                    code="5.1.1",
                    words="",
                )
            )


def test_a_mail_to_a_suspended_address_goes_to_the_head_instead_and_once(
    open_office: Opened,
    server: Server,  # noqa: F811
) -> None:
    bench = one_request(open_office)
    shut(bench, FOCAL)
    drain(bench, server)
    assert mail_to(bench, FOCAL).state == "suppressed"
    assert mail_to(bench, FOCAL).reply == f"mail to {FOCAL} comes back; it goes to {HEAD}"
    assert arrived(bench, HEAD)
    assert len(server.taken) == 1


@ON_SQLITE
def test_a_mail_frozen_before_its_address_was_suspended_is_not_sent(
    open_office: Opened,
    server: Server,  # noqa: F811
) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["451 later"]
    drain(bench, server)
    shut(bench, FOCAL)
    bench.clock.advance_to(bench.clock.now() + timedelta(hours=1))
    drain(bench, server)
    assert mail_to(bench, FOCAL).state == "suppressed"
    assert [b"head.task-force@vn.example" in taken for taken in server.taken] == [True]


def test_when_nobody_of_the_office_is_left_the_coordinator_gets_it_and_then_it_is_held(
    open_office: Opened,
    server: Server,  # noqa: F811
) -> None:
    bench = one_request(open_office)
    programme = bench.office.programme
    shut(bench, *(c.slug for c in programme.contacts if c.body == "tf-vn"))
    drain(bench, server)
    assert arrived(bench, "un-act-head")

    shut(bench, *(c.slug for c in programme.contacts if c.body == "un-act"))
    with bench.office.store.write() as session:
        mail = session.exec(select(Mail).where(Mail.contact == FOCAL)).one()
        session.add(
            Mail(
                **mail.model_dump(exclude={"id", "idem_key", "state", "ended_at", "reply"}),
                idem_key=f"again>{FOCAL}",
            )
        )
    drain(bench, server)
    with bench.office.store.read() as session:
        held = session.exec(select(Mail).where(Mail.state == "held")).one()
        assert held.reply == f"mail to {FOCAL} comes back; {NOBODY}"
    bench.office.do(Unsuspend(which=ADDRESS), by="un-act")
    drain(bench, server)
    with bench.office.store.read() as session:
        assert session.get_one(Mail, held.id).state == "accepted", "it waited for this"


@ON_SQLITE
def test_a_mail_to_a_chair_that_has_passed_on_goes_to_the_chair_in_office(
    open_office: Opened,
    server: Server,  # noqa: F811
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_chair(bench.office, "SOM13", "CN")
    with bench.office.store.write() as session:
        desk = Desk(session, bench.office.programme, bench.clock.now(), "un-act")
        (chair,) = desk.contacts(desk.programme.chair, "head")
        desk.mail(f"x>{chair.slug}", chair, "ended", body="tf-la", holdings=[])
    hand_the_chair(bench, "KH")
    for days in (1, 4):  # a Friday, and the Tuesday after it
        bench.clock.advance_to(bench.clock.now() + timedelta(days=days))
        drain(bench, server)
    with bench.office.store.read() as session:
        old, new = session.exec(select(Mail).where(Mail.template == "ended")).all()
    assert (old.state, new.state) == ("suppressed", "accepted")
    assert "no longer answers for" in old.reply
    assert new.contact != old.contact


def hand_the_chair(bench: Bench, member: str) -> None:
    from schemas.tables import Term

    with bench.office.store.write() as session:
        session.get_one(Term, "SOM13").left_at = bench.clock.now()
    bench.office.do(AgreeChair(som="SOM14", member=member), by="un-act")
    bench.office.do(TakeChair(som="SOM14"), by="un-act")


@ON_SQLITE
def test_an_address_refused_at_once_is_seen_to_like_one_that_comes_back(
    open_office: Opened,
    server: Server,  # noqa: F811
) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["550 5.1.1 no such user"]
    drain(bench, server)
    assert arrived(bench, HEAD), "the owner's other contact is told"
    assert suspended(bench) == [ADDRESS]


# -- incidents -------------------------------------------------------------------------------------


def unreachable(bench: Bench) -> list[tuple[str, bool]]:
    with bench.office.store.read() as session:
        desk = Desk(session, bench.office.programme, bench.clock.now(), "engine")
        return [(one.post.slug, one.incident) for one in Reach(desk).unreachable()]


@ON_SQLITE
def test_a_national_focal_point_or_the_chair_out_of_reach_is_an_incident(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_chair(bench.office)
    chairs = [c.slug for c in bench.office.programme.contacts if c.member == "CN"]
    shut(bench, HEAD, FOCAL, *chairs)
    assert set(unreachable(bench)) == {(HEAD, False), (FOCAL, True)} | {(c, True) for c in chairs}
    assert unreachable(bench)[-1] == (HEAD, False), "incidents come first"


def test_an_incident_lasts_until_somebody_settles_it_or_gives_a_new_address(sent: Bench) -> None:
    shut(sent, FOCAL, HEAD)
    with pytest.raises(NotAllowedError, match="not for tf-th"):
        sent.office.do(Unsuspend(which=FOCAL), by="tf-th")
    sent.office.do(Unsuspend(which=FOCAL), by="un-act")
    assert unreachable(sent) == [(HEAD, False)]
    with pytest.raises(UnknownError, match="No address of"):
        sent.office.do(Unsuspend(which=FOCAL), by="un-act")
    programme = sent.office.programme
    moved = [
        c.model_copy(update={"email": "new@vn.example"}) if c.slug == HEAD else c
        for c in programme.contacts
    ]
    changed = type(programme).model_validate(
        programme.model_copy(update={"contacts": moved}).model_dump()
    )
    with sent.office.store.read() as session:
        assert Reach(Desk(session, changed, sent.clock.now(), "engine")).unreachable() == []


# -- replies ---------------------------------------------------------------------------------------


def a_letter(headers: str = "", body: str = "We will do it.", number: int = 1) -> bytes:
    to = f"To: {RETURNS.reply_address(1)}\r\nMessage-ID: <{number}@vn.example>\r\n"
    return a_reply(to + headers, body).replace(b"FP@vn.example", ADDRESS.upper().encode())


def replies(bench: Bench) -> list[Reply]:
    with bench.office.store.read() as session:
        return list(session.exec(select(Reply).order_by(col(Reply.id))))


def test_a_reply_is_filed_with_its_obligation_and_told_once_and_is_no_act(
    sent: Bench, delivered: Deliverer
) -> None:
    deliver(delivered, a_letter(), ADDRESS, RETURNS.reply_address(1))
    put(delivered, a_letter())
    assert an_inbox(sent, delivered).read() == {Fate.FILED: 1, Fate.REPEATED: 1}
    (reply,) = replies(sent)
    assert (reply.obligation, reply.contact, reply.kind) == (HOST, FOCAL, "person")
    assert reply.text == "We will do it."
    assert told(sent, "reply") == ["un-act-head"]
    with sent.office.store.read() as session:
        assert session.get_one(Obligation, HOST).acknowledged_at is None


@ON_SQLITE
def test_an_answer_that_somebody_is_away_is_filed_as_that_wherever_it_went(
    sent: Bench, delivered: Deliverer
) -> None:
    away = "Auto-Submitted: auto-replied\r\n"
    put(delivered, a_letter(away))
    to_bounces = a_letter(f"Return-Path: <>\r\n{away}", number=2)
    put(
        delivered,
        to_bounces.replace(RETURNS.reply_address(1).encode(), RETURNS.bounce_address(1).encode()),
    )
    assert an_inbox(sent, delivered).read() == {Fate.AUTOMATIC: 2}
    assert [reply.kind for reply in replies(sent)] == ["away", "away"]
    assert told(sent, "reply") == []
    assert mail_to(sent, FOCAL).state == "accepted"


@ON_SQLITE
def test_our_own_mail_that_comes_round_is_filed_as_automatic(
    sent: Bench, delivered: Deliverer
) -> None:
    own = mail_to(sent, FOCAL).message_id or ""
    put(delivered, a_letter().replace(b"<1@vn.example>", own.encode()))
    assert an_inbox(sent, delivered).read() == {Fate.AUTOMATIC: 1}


def test_more_than_three_in_an_hour_from_one_address_are_muted(
    sent: Bench, delivered: Deliverer
) -> None:
    for number in range(5):
        put(delivered, a_letter(number=number))
    assert an_inbox(sent, delivered).read() == {Fate.FILED: 3, Fate.MUTED: 2}
    sent.clock.advance_to(sent.clock.now() + timedelta(minutes=61))
    put(delivered, a_letter(number=9))
    assert an_inbox(sent, delivered).read() == {Fate.FILED: 1}


@ON_SQLITE
def test_nothing_that_comes_in_is_ever_answered(
    sent: Bench,
    delivered: Deliverer,
    server: Server,  # noqa: F811
) -> None:
    before = len(server.taken)
    put(delivered, a_letter().replace(ADDRESS.upper().encode(), b"stranger@x.example"))
    put(delivered, report(about=ADDRESS))
    an_inbox(sent, delivered).read()
    sent.clock.advance_to(sent.clock.now() + timedelta(days=3))
    drain(sent, server)
    assert len(server.taken) > before
    assert not any(b"stranger@x.example" in taken for taken in server.taken)
    assert server.recipients & {"stranger@x.example", ADDRESS} == {ADDRESS}


def test_whoever_is_erased_is_erased_from_what_came_back_too(
    sent: Bench, delivered: Deliverer
) -> None:
    with sent.office.store.write() as session:
        session.add(Person(slug="p-1", name="Nguyen", email=ADDRESS))
    put(delivered, a_letter(body="Signed, Nguyen"))
    put(delivered, report(about=ADDRESS))
    an_inbox(sent, delivered).read()
    with sent.office.store.write() as session:
        posts.erase(session, "p-1")
    assert suspended(sent) == []
    (reply,) = replies(sent)
    assert {reply.sender, reply.subject, reply.text} == {posts.ERASED}


# -- IMAP ------------------------------------------------------------------------------------------


@contextmanager
def imap_server(*options: str) -> Iterator[int]:
    """A real IMAP server with one empty user, on loopback."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "pymap"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += [*(options or ("--no-tls",)), "dict", "--demo-user", "secretariat"]
    command += ["--demo-password", "a pass/word"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@ON_SQLITE
def test_an_imap_folder_is_read_once_and_its_messages_marked_as_seen(sent: Bench) -> None:
    with imap_server() as port:
        client = imaplib.IMAP4("127.0.0.1", port)
        client.login("secretariat", "a pass/word")
        for content in (report(about=ADDRESS), a_letter(), b"Subject: other\r\n\r\nx"):
            client.append("INBOX", "", time.time(), content)
        url = urlsplit(f"imap://secretariat:a%20pass%2Fword@127.0.0.1:{port}/INBOX")
        inbox = Inbox(sent.office, RETURNS, url)
        assert inbox.read() == {Fate.SUSPENDED: 1, Fate.FILED: 1, Fate.UNSIGNED: 1}
        assert inbox.trouble == ""
        assert inbox.read() == {}
        client.select("INBOX")
        assert client.search(None, "SEEN")[1] == [b"1 2 3"]
        client.store("1:3", "-FLAGS", r"(\Seen)")
        again = inbox.read()
        assert sum(again.values()) == 3
        assert len(replies(sent)) == 1, "what was handled stays handled"
        client.logout()


@pytest.fixture
def self_signed(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    path = tmp_path / "self-signed.pem"
    path.write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@ON_SQLITE
def test_no_password_goes_to_a_server_whose_certificate_nobody_vouches_for(
    sent: Bench, self_signed: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            with suppress(OSError):
                context.wrap_socket(listening.accept()[0], server_side=True)

        threading.Thread(target=greet, daemon=True).start()
        url = urlsplit(f"imaps://secretariat:secret@127.0.0.1:{listening.getsockname()[1]}/INBOX")
        inbox = Inbox(sent.office, RETURNS, url)
        assert inbox.read() == {}
    assert "certificate verify failed" in inbox.trouble


# -- where people see it ---------------------------------------------------------------------------


@ON_SQLITE
def test_the_board_says_what_to_do_and_staff_settle_it_there(sent: Bench, tmp_path: Path) -> None:
    shut(sent, FOCAL)
    site = Site(sent, tmp_path)
    page = site.browser.get("/").text
    assert "Mail does not reach 1 post" in page
    assert "see to it now" in page
    assert ADDRESS not in page, "an address is for who may read mailboxes"
    site.sign_in("donors-focal-point")
    assert ADDRESS not in site.browser.get("/").text, "which observers may not"
    assert site.browser.post("/unsuspend", data={"contact": FOCAL}).status_code == 403
    site.sign_in("tf-la-head")
    page = site.browser.get("/").text
    assert ADDRESS in page
    assert not {'action="/unsuspend"', 'action="/som"', 'action="/run"'} & set(page.split()), (
        "no button that would be refused"
    )
    site.sign_in("un-act-head")
    page = site.browser.get("/").text
    assert {'action="/unsuspend"', 'action="/som"', 'action="/run"'} <= set(page.split())
    assert site.browser.post("/unsuspend", data={"contact": ADDRESS}).status_code == 303
    assert "Mail does not reach" not in site.browser.get("/").text


@ON_SQLITE
def test_a_reply_is_shown_where_the_obligation_is_to_those_concerned(
    sent: Bench, delivered: Deliverer, tmp_path: Path
) -> None:
    put(delivered, a_letter(body="We <b>will</b> do it."))
    put(delivered, a_letter("Auto-Submitted: auto-replied\r\n", number=2))
    an_inbox(sent, delivered).read()
    site = Site(sent, tmp_path)
    page = site.browser.get(site.link(FOCAL)).text
    assert "We &lt;b&gt;will&lt;/b&gt; do it." in page
    assert "answers that they are away" in page
    assert "do it." not in site.browser.get("/functions/som-hosting").text
    site.sign_in("un-act-head")
    assert "2 answered by mail" in site.browser.get("/functions/som-hosting").text


@ON_SQLITE
def test_what_came_back_is_read_and_settled_at_a_terminal(
    sent: Bench, delivered: Deliverer, tmp_path: Path
) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path)}  # where its store is

    def said(*words: str) -> str:
        done = cli("mail", *words, environment=environment)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    assert "set SECRETARIAT_INBOX first" in said("read")
    environment["SECRETARIAT_INBOX"] = "imap://u:p@elsewhere.example/INBOX"
    assert "SECRETARIAT_INBOX is not understood" in said("read")
    environment["SECRETARIAT_INBOX"] = f"maildir://{delivered.maildir}"
    assert "Nothing new has come back" in said("read")
    environment["SECRETARIAT_BOUNCES_TO"] = RETURNS.bounces_to
    put(delivered, report(about=ADDRESS))
    assert "1 ignored: not signed by us" in said("read")
    assert "No address is suspended" in said("suspended")
    with sent.office.store.write() as session:
        words = {
            "code": "5.1.1",
            "words": "user unknown",
            "since": datetime(2019, 1, 1, tzinfo=UTC),
        }
        session.add(SuspendedAddress(address=ADDRESS, contact=FOCAL, **words))
    assert "user unknown" in said("suspended")
    assert "settled that mail can be sent to tf-vn-focal-point again" in said("unsuspend", ADDRESS)
    assert "No address of “tf-vn-focal-point” is suspended" in said("unsuspend", FOCAL)

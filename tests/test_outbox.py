"""Mails leave over real SMTP, once each, whatever the relay says or the machine does."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from sqlmodel import col, delete, select

from notifications import drain
from notifications.allowance import Limits
from notifications.claims import AT_ONCE, BEGUN, LEASE
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox, write_due
from notifications.smtp import Relay, can_connect
from notifications.transport import RelayError
from schemas.acts import Done
from schemas.programme import Programme
from schemas.tables import Mail, Obligation, Urgency
from secretariat import points
from secretariat.clock import VirtualClock
from secretariat.errors import UnreachableError
from secretariat.store import Store
from secretariat.timers import tick
from tests.conftest import Bench, free_port
from tests.test_claims import (
    DAY,
    MINUTE,
    NOW,
    SECOND,
    composer,
    frozen,
    frozen_ones,
    row,
    sending,
    states,
    unwritten,
)
from tests.test_links_rules import kept
from tests.test_obligations import HOST, Opened, a_meeting

__all__ = ["composer"]

FOCAL = "tf-vn-focal-point"


class Server:
    """A real SMTP server that keeps what it takes and answers as it is told."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.taken: list[bytes] = []
        self.senders: list[str] = []
        self.recipients: set[str] = set()
        self.at_mail: list[str] = []
        self.at_rcpt: list[str] = []
        self.after_data: list[str] = []
        self.controller = Controller(self, hostname=host, port=free_port())

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.at_mail:
            return self.at_mail.pop(0)
        self.senders.append(address)
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        self.recipients.add(address)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(envelope.content)
        if self.after_data:
            answer = self.after_data.pop(0)
            if answer == "drop":
                server.transport.abort()
            return answer
        return "250 taken"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.controller.start()
    yield server
    server.controller.stop()


def an_outbox(bench: Bench, url: str) -> Outbox:
    links = Links(lambda: ["k" * 32], "https://board.example")
    composer = Composer(bench.office.programme, links, "secretariat@commit.example")
    return Outbox(bench.office.store, bench.clock, composer, Relay(urlsplit(url)))


def one_request(open_office: Opened) -> Bench:
    """A bench at the moment the host of SOM14 is asked: one mail waits."""
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    with bench.office.store.read() as session:
        asked_at = session.get_one(Obligation, HOST).asked_at
    bench.clock.advance_to(asked_at)
    tick(bench.office)
    with bench.office.store.write() as session:  # the week's news are no part of this
        session.exec(delete(Mail).where(col(Mail.obligation).is_(None)))
    return bench


class Killed(BaseException):
    """Stands for the end of the process at a named point."""


def killed_at(point: str, outbox: Outbox) -> None:
    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(points, "on_reaching", kill)
        outbox.drain()


def only_mail(bench: Bench) -> Mail:
    with bench.office.store.read() as session:
        (mail,) = session.exec(
            select(Mail).where(Mail.obligation == HOST, Mail.contact == FOCAL)
        ).all()
        return mail


def url_of(server: Server) -> str:
    return f"smtp://127.0.0.1:{server.controller.port}"


def test_a_due_reminder_arrives_as_text_and_html_and_is_recorded(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    assert an_outbox(bench, url_of(server)).drain() == 1
    mail = only_mail(bench)
    assert (mail.state, mail.accepted_at) == ("accepted", bench.clock.now())
    message = BytesParser(policy=default).parsebytes(server.taken[0])
    assert message["to"].addresses[0].addr_spec == "focal-point.task-force@vn.example"
    assert message["subject"] == "Host confirms date and venue (SOM hosting, SOM14)"
    assert message["auto-submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part
        assert "https://board.example/link/" in part.get_content()
        assert "Tuesday, 12 November 2019" in part.get_content()


def test_a_mail_is_sent_once(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    tick(bench.office)
    assert outbox.drain() == 0
    assert len(server.taken) == 1


def test_greylisting_is_waited_out(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["451 try again later"]
    outbox = an_outbox(bench, url_of(server))
    assert outbox.drain() == 0
    assert only_mail(bench).state == "waiting"
    assert "451" in only_mail(bench).reply
    assert outbox.drain() == 0, "not before the pause is over"
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=2))
    assert outbox.drain() == 1
    assert only_mail(bench).state == "accepted"


def test_an_unknown_recipient_is_refused_with_the_relay_s_words(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["550 5.1.1 no such user"]
    an_outbox(bench, url_of(server)).drain()
    assert only_mail(bench).state == "refused"
    assert "no such user" in only_mail(bench).reply


def test_with_the_relay_down_mail_waits_and_says_why(open_office: Opened) -> None:
    bench = one_request(open_office)
    outbox = an_outbox(bench, f"smtp://127.0.0.1:{free_port()}")
    assert outbox.drain() == 0
    assert only_mail(bench).state == "waiting"
    assert "cannot be used" in outbox.trouble


def test_when_the_connection_breaks_after_the_message_the_copy_is_identical_and_marked(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    server.after_data = ["drop"]
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    assert only_mail(bench).possible_duplicate
    bench.clock.advance_to(bench.clock.now() + timedelta(hours=1))
    outbox.drain()
    assert only_mail(bench).state == "accepted"
    assert len({hashlib.sha256(content).digest() for content in server.taken}) == 1
    assert len(server.taken) == 2


def test_a_mail_left_half_sent_by_a_dead_process_is_sent_again_unchanged(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    killed_at("dot.sent", an_outbox(bench, url_of(server)))
    frozen = only_mail(bench).content
    assert (only_mail(bench).state, len(server.taken)) == ("sending", 1)
    alive = an_outbox(bench, url_of(server))
    assert alive.drain() == 0, "the lease still holds"
    bench.clock.advance_to(bench.clock.now() + LEASE)
    assert alive.drain() == 0, "so that no window of a minute sees both"
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=1))
    assert alive.drain() == 1
    assert only_mail(bench).possible_duplicate
    assert only_mail(bench).content == frozen


def test_what_is_done_before_it_leaves_is_not_sent(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    bench.office.do(Done(obligation=HOST), by="tf-vn")
    an_outbox(bench, url_of(server)).drain()
    assert only_mail(bench).state == "suppressed"
    assert server.taken == []


def test_a_mail_to_a_contact_taken_out_of_the_programme_goes_to_its_office(
    open_office: Opened, server: Server, commit: Programme
) -> None:
    bench = one_request(open_office)
    contacts = [c for c in commit.contacts if c.slug != "tf-vn-focal-point"]
    outbox = an_outbox(bench, url_of(server))
    smaller = commit.model_copy(update={"contacts": contacts})
    outbox.composer = Composer(
        Programme.model_validate(smaller.model_dump()), outbox.composer.links, "s@commit.example"
    )
    outbox.drain()
    assert only_mail(bench).state == "suppressed"
    assert "no longer in the programme; it goes to tf-vn-head" in only_mail(bench).reply


def test_a_relay_without_tls_that_is_not_this_machine_gets_no_mail(open_office: Opened) -> None:
    elsewhere = Server("127.0.0.2")  # any address but the loopback names counts as elsewhere
    elsewhere.controller.start()
    bench = one_request(open_office)
    url = f"smtp://127.0.0.2:{elsewhere.controller.port}"
    an_outbox(bench, url).drain()
    elsewhere.controller.stop()
    assert elsewhere.taken == []
    assert only_mail(bench).state == "waiting"


def test_a_relay_that_does_not_answer_is_said_so() -> None:
    with pytest.raises(RelayError, match="SECRETARIAT_SMTP_URL"):
        can_connect(Relay(urlsplit(f"smtp://127.0.0.1:{free_port()}")))


def test_catcher_keeps_what_it_takes_whole(tmp_path: Path) -> None:
    import smtplib

    from notifications import catcher

    with (
        catcher.Catcher(tmp_path) as listening,
        smtplib.SMTP("127.0.0.1", listening.url.port or 0) as client,
    ):
        client.sendmail("a@x.example", ["b@x.example"], b"Subject: one\r\n\r\nbody\r\n")
    (name,) = catcher.caught(tmp_path)
    message = catcher.read(tmp_path, name)
    assert message and message["subject"] == "one"
    assert catcher.read(tmp_path, "../secret.key") is None


# -- what is kept between drains -------------------------------------------------------------------


@pytest.fixture
def outbox(store: Store, composer: Composer, server: Server) -> Outbox:
    """One that may use a single connection, so that the order of mails is theirs."""
    relay, limits = Relay(urlsplit(url_of(server))), Limits(connections=1)
    return Outbox(store, VirtualClock(NOW), composer, relay, limits)


def limited(outbox: Outbox, **limits: int) -> Outbox:
    """The same after a restart, with a relay that allows so many mails."""
    known = outbox.store, outbox.clock, outbox.composer, outbox.transport
    return Outbox(*known, Limits(connections=1, **limits))


def moved(outbox: Outbox, time: timedelta) -> None:
    outbox.clock = VirtualClock(outbox.clock.now() + time)


def left(key: str, ago: timedelta) -> Mail:
    """A mail that left a while before now."""
    at = NOW - ago
    return frozen(key, state="accepted", attempted_at=at, accepted_at=at, ended_at=at)


@pytest.mark.parametrize(("limit", "window"), [("per_minute", MINUTE), ("per_day", DAY)])
def test_what_left_before_a_restart_counts_too(
    store: Store, outbox: Outbox, limit: str, window: timedelta
) -> None:
    kept(store, left("too long ago", window), left("just", window - SECOND), left("now", SECOND))
    kept(store, *(frozen(f"m{number}") for number in range(3)))
    again = limited(outbox, **{limit: 4})
    assert again.drain() == 2
    moved(again, SECOND)
    assert again.drain() == 1


def test_what_left_since_is_counted_once(store: Store, outbox: Outbox) -> None:
    again = limited(outbox, per_minute=3)
    for number in range(3):
        kept(store, frozen(f"m{number}"))
        assert again.drain() == 1


def test_while_nothing_is_due_nobody_who_writes_is_waited_for(store: Store, outbox: Outbox) -> None:
    kept(store, frozen("later", not_before=NOW + SECOND), left("gone", DAY))
    with store.queue() as writing:
        writing.add(unwritten("by another", not_before=NOW + SECOND))
        writing.flush()
        assert outbox.drain() == 0


def test_what_could_not_be_kept_is_taken_back_at_once_and_sent(
    store: Store, outbox: Outbox, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(store, frozen("one"))

    def full(*_: object) -> None:
        raise UnreachableError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(UnreachableError):
        patch.setattr(drain.records, "keep", full)
        outbox.drain()
    assert (row(store, "one").state, server.taken) == ("sending", [])
    assert outbox.drain() == 1
    assert (states(store), len(server.taken)) == ({"one": "accepted"}, 1)
    kept(store, sending("another s", lease_until=NOW + SECOND))
    assert outbox.drain() == 0
    assert states(store)["another s"] == "sending"


def test_what_is_over_ends_and_the_secretariat_is_told(
    store: Store, outbox: Outbox, server: Server
) -> None:
    kept(store, frozen("over", urgency=Urgency.DUTY, expires_at=NOW), frozen("good"))
    assert outbox.drain() == 2
    over = row(store, "over")
    assert (over.state, over.ended_at) == ("expired", NOW)
    with store.read() as session:
        told = session.exec(select(Mail).where(Mail.template == "undelivered")).one()
    assert (told.contact, told.state, told.asked_at) == ("un-act-head", "accepted", NOW)


def test_what_waits_for_one_person_goes_as_one(store: Store, outbox: Outbox) -> None:
    within = timedelta(minutes=outbox.composer.programme.digest.within)
    kept(store, unwritten("a"), unwritten("b", not_before=NOW + within))
    assert outbox.drain() == 1
    assert list(states(store).values()) == ["bundled", "bundled", "accepted"]


def test_who_begins_anew_takes_back_all_that_was_being_sent(
    store: Store, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(store, sending("claimed"), sending("begun", phase=BEGUN), left("gone", DAY))
    seen: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(points, "on_reaching", lambda point: seen.append((point, states(store))))
    outbox.recover()
    all_back = {"claimed": "waiting", "begun": "waiting", "gone": "accepted"}
    assert seen == [("wake", all_back)]
    assert row(store, "begun").not_before == NOW + MINUTE
    assert outbox.drain() == 1, "what may have been taken rests a minute"


# -- what waits, in words --------------------------------------------------------------------------


def test_what_should_have_left_is_counted_with_the_oldest(store: Store, outbox: Outbox) -> None:
    assert outbox.backlog(NOW) == (0, None)
    kept(
        store,
        frozen("due"), frozen("unsure", state="unknown", not_before=NOW - DAY), sending("going"),
        frozen("later", not_before=NOW + SECOND), frozen("aside", state="held"), left("gone", DAY),
    )  # fmt: skip
    assert outbox.backlog(NOW) == (3, NOW - DAY)
    assert outbox.backlog(NOW + SECOND) == (4, NOW - DAY)
    assert outbox.held() == 1


def test_mail_that_waits_though_it_should_not_is_told_after_another_sentence(
    store: Store, outbox: Outbox
) -> None:
    assert outbox.waiting_in_words() == ""
    kept(store, frozen("a", not_before=NOW - MINUTE), frozen("b"))
    assert outbox.waiting_in_words() == "", "within a minute nothing is late"
    moved(outbox, SECOND)
    late = "; 2 should have left, the oldest 1 minute ago"
    assert outbox.waiting_in_words() == late
    kept(store, frozen("aside", state="held"))
    assert outbox.waiting_in_words() == f"{late}; 1 held, see the last mails"
    outbox.drain()
    assert outbox.waiting_in_words() == "; 1 held, see the last mails"


# -- written beforehand ----------------------------------------------------------------------------


def test_where_time_leaps_all_that_may_leave_is_frozen_first(
    store: Store, composer: Composer
) -> None:
    kept(
        store,
        *(unwritten(f"m{n}", urgency=Urgency.AT_ONCE) for n in range(AT_ONCE + 1)),
        unwritten("a"), unwritten("b"), unwritten("later", not_before=NOW + DAY),
    )  # fmt: skip
    write_due(store, composer, NOW)
    assert len(frozen_ones(store)) == AT_ONCE + 2
    assert (states(store)["a"], states(store)["b"]) == ("bundled", "bundled")
    assert row(store, "later").content is None

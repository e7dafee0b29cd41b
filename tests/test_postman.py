"""Mail leaves at once, the most urgent first, never more than is allowed, whatever stops it."""

import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from notifications import drain, postman
from notifications.allowance import Allowance, Limits
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.postman import Postman
from notifications.transport import Attempt, Connection, Frozen
from schemas.programme import Programme
from schemas.tables import Mail, Urgency
from secretariat import points
from secretariat.clock import VirtualClock
from secretariat.errors import UnreachableError
from secretariat.store import Store, open_store
from tests.relays import Misbehaving
from tests.test_relay_faults import FIRST, NOW, SECOND, Post, post

__all__ = ["post"]


@pytest.fixture
def relay() -> Iterator[Misbehaving]:
    with Misbehaving().listening() as listening:
        yield listening


def url_of(relay: Misbehaving) -> str:
    return f"smtp://127.0.0.1:{relay.port}"


# -- how much may leave ----------------------------------------------------------------------------


@given(
    gaps=st.lists(st.floats(0, 40), min_size=1, max_size=80),
    lasts=st.lists(st.floats(0, 20), min_size=80, max_size=80),
    limit=st.integers(1, 5),
)
def test_no_window_of_a_minute_ever_sees_more_than_the_limit(
    gaps: list[float], lasts: list[float], limit: int
) -> None:
    """The relay may count a mail at any moment of its attempt."""
    allowance = Allowance(Limits(per_minute=limit), Random(0))
    now, begun, ends = NOW, [], []
    for gap, last in zip(gaps, lasts, strict=False):
        now += timedelta(seconds=gap)
        for end in sorted(each for each in ends if each <= now):
            allowance.end(end)
            ends.remove(end)
        if allowance.room(now, 1):
            allowance.begin()
            begun.append((now, now + timedelta(seconds=last)))
            ends.append(begun[-1][1])
    for _, seen in begun:  # seen as late as can be, the others as early as can be
        window = seen + timedelta(seconds=60)
        assert sum(seen <= other_end and other < window for other, other_end in begun) <= limit


def test_what_left_before_a_restart_counts_too(post: Post, relay: Misbehaving) -> None:
    for number in range(5):
        post.ask(f"m{number}@a.example")
    limits = Limits(per_minute=3)
    assert post.outbox(url_of(relay), limits).drain() == 3
    assert post.outbox(url_of(relay), limits).drain() == 0
    post.pass_time(seconds=59)
    assert post.outbox(url_of(relay), limits).drain() == 0
    post.pass_time(seconds=2)
    assert post.outbox(url_of(relay), limits).drain() == 2


def test_a_clock_put_back_allows_no_more(post: Post, relay: Misbehaving) -> None:
    for number in range(4):
        post.ask(f"m{number}@a.example", not_before=NOW - timedelta(days=1))
    outbox = post.outbox(url_of(relay), Limits(per_minute=2))
    assert outbox.drain() == 2
    outbox.clock = VirtualClock(NOW - timedelta(hours=1))
    assert outbox.drain() == 0
    outbox.clock.advance_to(NOW - timedelta(minutes=58))
    assert outbox.drain() == 2


# -- in which order --------------------------------------------------------------------------------


def test_the_most_urgent_leaves_first_then_what_ends_soonest(
    post: Post, relay: Misbehaving
) -> None:
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    post.ask("digest@a.example", urgency=Urgency.DIGEST, expires_at=soon)
    post.ask("duty@a.example", urgency=Urgency.DUTY)
    post.ask("later@a.example", urgency=Urgency.DUTY, expires_at=later)
    post.ask("soon@a.example", urgency=Urgency.DUTY, expires_at=soon)
    post.ask("climbs@a.example", urgency=Urgency.ESCALATION)
    post.outbox(url_of(relay)).drain()
    names = [address.partition("@")[0] for address in relay.recipients]
    assert names == ["climbs", "soon", "later", "duty", "digest"]


def test_with_fifty_thousand_waiting_memory_stays_flat_and_the_first_to_end_leaves_first(
    post: Post, relay: Misbehaving
) -> None:
    post.ask(FIRST)
    post.outbox(url_of(relay)).drain()  # what is loaded once is no part of this
    relay.recipients.clear()
    post.pass_time(minutes=2)
    post.ask("model@a.example")
    one = {column.name: column.name for column in Mail.__table__.columns if column.name != "id"}
    many = one | {
        "idem_key": "n",
        "address": "'m' || n || '@a.example'",
        "expires_at": f"datetime('{NOW:%F %T}', (60000 - n) || ' minutes') || '.000000'",
    }
    with post.store.write() as session:
        session.connection().exec_driver_sql(
            f"insert into outbox ({', '.join(many)}) "  # noqa: S608
            "with recursive numbers(n) as "
            "(select 0 union all select n + 1 from numbers limit 50000) "
            f"select {', '.join(many.values())} from outbox, numbers where state = 'waiting'"
        )
    outbox = post.outbox(url_of(relay), Limits(per_minute=30, connections=1))
    tracemalloc.start()
    assert outbox.drain() == 30
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
    assert relay.recipients == [f"m{n}@a.example" for n in range(49_999, 49_969, -1)]
    assert outbox.backlog(NOW)[0] == 49_971


# -- what stops it ---------------------------------------------------------------------------------


def test_a_busy_relay_gets_fewer_connections_and_is_left_alone_for_a_while(
    post: Post, relay: Misbehaving
) -> None:
    for number in range(40):
        post.ask(f"m{number}@a.example")
    relay.faults["mail"] = ["421 4.3.2 too many"]
    outbox = post.outbox(url_of(relay), Limits(connections=3))
    outbox.drain()
    taken, relay.most_open = len(relay.taken), 0
    for _ in range(50):
        outbox.drain()
    assert (len(relay.taken), relay.most_open) == (taken, 0)
    post.pass_time(minutes=2)
    outbox.drain()
    assert relay.most_open == 1
    assert post.states() == ["accepted"] * 40


def test_what_expires_while_the_relay_is_away_is_told_once_for_all(post: Post) -> None:
    for number in range(30):
        post.ask(f"m{number}@a.example", urgency=Urgency.DUTY, expires_at=NOW + timedelta(days=2))
    outbox = post.outbox("smtp://127.0.0.1:1")
    for _ in range(3):
        post.pass_time(days=1)
        outbox.drain()
    assert post.states() == ["expired"] * 30
    with post.store.read() as session:
        told = session.exec(select(Mail).where(Mail.template == "undelivered")).all()
    assert [(mail.contact, mail.context["count"]) for mail in told] == [("un-act-head", 30)]


def test_nothing_is_sent_whose_outcome_could_not_be_kept(
    post: Post, relay: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.ask(FIRST)
    outbox = post.outbox(url_of(relay))

    def full(*_: object) -> None:
        raise UnreachableError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(drain.records, "keep", full)
        with pytest.raises(UnreachableError):
            outbox.drain()
    assert relay.taken == []
    outbox.drain()
    assert (post.states(), post.mail(FIRST).possible_duplicate) == (["accepted"], False)


def test_with_hardly_any_room_on_the_disk_mail_waits_and_says_so(
    post: Post, relay: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.ask(FIRST)
    monkeypatch.setattr("secretariat.store._ROOM", 2**80)
    with pytest.raises(UnreachableError, match="Make room"):
        post.outbox(url_of(relay)).drain()
    assert (relay.taken, post.states()) == ([], ["waiting"])


@dataclass
class Stumbling:
    """A transport with a fault of its own for one mail."""

    taken: list[str] = field(default_factory=list)
    usable: bool = True

    async def connect(self) -> Connection:
        return self

    async def offer(self, mail: Frozen) -> Attempt | None:
        if mail.recipient == FIRST:
            raise ZeroDivisionError
        return None

    async def deliver(self, mail: Frozen) -> Attempt:
        self.taken.append(mail.recipient)
        return Attempt("dot", 250, "ok")

    async def close(self) -> None:
        pass


def test_a_mail_that_fails_within_us_is_set_aside_after_five_tries_and_the_others_leave(
    post: Post,
) -> None:
    post.ask(FIRST)
    post.ask(SECOND)
    transport = Stumbling()
    outbox = Outbox(post.store, post.clock, post.composer, transport, Limits(connections=1))
    for tries in range(1, 6):
        outbox.drain()
        assert (post.mail(FIRST).attempts, transport.taken) == (tries, [SECOND])
        post.pass_time(minutes=45)
    assert post.states() == ["held", "accepted"]
    assert "set aside after 5 tries" in post.mail(FIRST).reply
    assert "1 held" in outbox.waiting_in_words()


def test_asked_to_stop_with_three_under_way_these_are_finished_and_no_other_begun(
    post: Post, relay: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        post.ask(f"m{number}@a.example")
    outbox = post.outbox(url_of(relay), Limits(connections=3))
    sent: list[str] = []

    def stop_at_the_third(point: str) -> None:
        if point == "dot.sent":
            sent.append(point)
            if len(sent) == 3:
                outbox.stopping.set()

    monkeypatch.setattr(points, "on_reaching", stop_at_the_third)
    outbox.drain()
    states = post.states()
    assert len(relay.taken) == states.count("accepted") <= 5
    assert set(states) == {"accepted", "waiting"}


def test_asked_to_stop_while_the_relay_is_silent_it_goes_back_marked(
    post: Post, relay: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.ask(FIRST)
    relay.faults["dot"] = ["hang"]
    outbox = post.outbox(url_of(relay))
    monkeypatch.setattr(drain, "GRACE", 0.1)

    def stop(point: str) -> None:
        if point == "dot.sent":
            outbox.stopping.set()

    monkeypatch.setattr(points, "on_reaching", stop)
    begun = time.monotonic()
    outbox.drain()
    assert time.monotonic() - begun < 8, "it does not wait for the relay"
    assert post.states() == ["unknown"]
    assert post.mail(FIRST).possible_duplicate


# -- when it leaves --------------------------------------------------------------------------------


def test_a_mail_asked_for_by_another_process_leaves_without_waiting_for_a_tick(
    store: Store, commit: Programme, relay: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "LOOKS_AGAIN", 60)
    composer = Composer(commit, Links("k" * 32, "https://board.example"), "s@commit.example")
    there = open_store(store.engine.url.render_as_string(hide_password=False))
    here = Post(store, VirtualClock(NOW), composer)
    outbox = here.outbox(url_of(relay))
    serving = Postman(outbox)
    serving.start()
    try:
        time.sleep(0.5)  # it has looked, and waits
        Post(there, VirtualClock(NOW), composer).ask(FIRST)
        wait_for(lambda: relay.recipients == [FIRST])
        here.ask(SECOND)
        wait_for(lambda: relay.recipients == [FIRST, SECOND])
    finally:
        serving.stop()
        there.engine.dispose()
    assert here.states() == ["accepted", "accepted"]


def wait_for(happened: object) -> None:
    deadline = time.monotonic() + 15
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline, "not while anybody would wait"
        threading.Event().wait(0.01)

"""Several mails to one person become one; once a week the chair hears where everything stands."""

from datetime import timedelta
from email.parser import BytesParser
from email.policy import default

from sqlmodel import col, select

from notifications.outbox import write_due
from schemas.acts import Decline, Done, Offer
from schemas.tables import Mail, Timer
from secretariat.commands import Office, weekly
from secretariat.commands.office import Desk
from secretariat.history import live_until
from secretariat.timers import tick
from tests.conftest import Bench, at
from tests.test_handover import waived
from tests.test_obligations import HOST, Opened, a_meeting
from tests.test_outbox import Server, an_outbox, server, url_of

__all__ = ["server"]
DUTY = "task-force-convening/meeting@KH"
OTHER = "task-force-convening/record@KH"


def texts(server: Server, address: str) -> list[str]:
    """Subject and plain text of what was sent to an address."""
    found = []
    for content in server.taken:
        message = BytesParser(policy=default).parsebytes(content)
        plain = message.get_body(("plain",))
        if address in str(message["to"]) and plain:
            found.append(f"{message['subject']}\n{plain.get_content()}")
    return found


def mails(bench: Bench, contact: str) -> list[Mail]:
    with bench.office.store.read() as session:
        query = select(Mail).where(Mail.contact == contact)
        return list(session.exec(query.order_by(col(Mail.id))))


def two_offers(open_office: Opened) -> Bench:
    bench = open_office("2018-08-15T03:00")
    for holding in (DUTY, OTHER):
        waived(bench.office, holding)
        bench.office.do(Offer(holding=holding), by="un-act")
    return bench


def test_what_waits_for_one_person_leaves_as_one_mail_with_each_link(
    open_office: Opened, server: Server
) -> None:
    bench = two_offers(open_office)
    an_outbox(bench, url_of(server)).drain()
    (text,) = texts(server, "head.task-force@kh.example")
    assert text.count("https://board.example/link/") == 2
    assert "Call and chair the task force meeting" in text
    assert "Keep and share its record" in text
    first, second, together = mails(bench, "tf-kh-head")
    assert [first.bundle, second.bundle] == [together.id, together.id]
    assert (first.state, second.state, together.state) == ("bundled", "bundled", "accepted")


def test_a_future_begins_with_what_is_still_to_leave_as_one_mail_and_not_with_what_left(
    open_office: Opened, server: Server
) -> None:
    bench = two_offers(open_office)
    outbox = an_outbox(bench, url_of(server))
    write_due(bench.office.store, outbox.composer, bench.clock.now())
    assert in_the_future(bench) == ["bundled", "bundled", "waiting"]
    outbox.drain()
    assert in_the_future(bench) == []


def in_the_future(bench: Bench) -> list[str]:
    with bench.office.store.copy().read() as session:
        return sorted(session.exec(select(Mail.state)))


def test_one_mail_alone_stays_itself(open_office: Opened, server: Server) -> None:
    bench = open_office("2018-08-15T03:00")
    waived(bench.office, DUTY)
    bench.office.do(Offer(holding=DUTY), by="un-act")
    an_outbox(bench, url_of(server)).drain()
    (mail,) = mails(bench, "tf-kh-head")
    assert (mail.template, mail.state) == ("holding", "accepted")


def test_news_waits_a_little_for_more_and_a_request_does_not(
    open_office: Opened, server: Server
) -> None:
    bench = two_offers(open_office)
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    bench.office.do(Decline(holding=DUTY, reason="no staff"), by="tf-kh")
    assert outbox.drain() == 0, "the offerer is told within half an hour, not at once"
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=20))
    bench.office.do(Decline(holding=OTHER, reason="no staff"), by="tf-kh")
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=10))
    outbox.drain()
    told = [t for t in texts(server, "coordinator@un-act.example") if "declined" in t]
    assert len(told) == 1
    assert "Call and chair the task force meeting" in told[0]
    assert "Keep and share its record" in told[0]


def test_what_was_done_meanwhile_is_left_out_of_the_digest(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2019-10-10T03:00")
    a_meeting(bench)
    live_until(bench.office, bench.clock, at("2019-12-02T03:00"), lambda: None)
    waiting = [m for m in mails(bench, "tf-vn-focal-point") if m.obligation]
    assert len({mail.obligation for mail in waiting}) == 2
    bench.office.do(Done(obligation=HOST), by="tf-vn")
    an_outbox(bench, url_of(server)).drain()
    told = "".join(texts(server, "focal-point.task-force@vn.example"))
    assert "Host confirms the budget" in told
    assert "Host confirms date and venue" not in told
    states = {m.state for m in mails(bench, "tf-vn-focal-point") if m.obligation == HOST}
    assert states == {"suppressed"}


def test_the_chair_and_the_secretariat_get_the_week_every_monday(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    outbox = an_outbox(bench, url_of(server))
    live_until(bench.office, bench.clock, bench.clock.now() + timedelta(days=21), outbox.drain)
    weekly = [m for m in mails(bench, "chair-cn-head") if m.template == "weekly"]
    assert [f"{m.not_before:%a %Y-%m-%d}" for m in weekly] == [
        "Mon 2019-01-07",
        "Mon 2019-01-14",
        "Mon 2019-01-21",
    ]
    text = next(text for text in texts(server, "head.chair@cn.example") if "this week" in text)
    assert "COMMIT this week: 0 fully" in text
    assert "SOM14: 10 March 2020" in text
    assert "Ledger head:" in text


def test_a_digest_no_longer_wanted_stops_and_comes_back_with_the_programme(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    silent = bench.office.programme.model_copy(
        update={"digest": bench.office.programme.digest.model_copy(update={"weekly": None})}
    )
    for programme, waiting in ((silent, 0), (bench.office.programme, 1)):
        with bench.office.store.write() as session:
            desk = Desk(session, programme, bench.clock.now(), "un-act")
            weekly.note_weekly(desk, programme)
        tick(Office(bench.office.store, programme, bench.clock))
        with bench.office.store.read() as session:
            assert len(session.exec(select(Timer).where(Timer.kind == "weekly")).all()) == waiting

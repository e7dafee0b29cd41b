"""What a reader's mail program makes of our mails: threads, names that last, who gets them."""

from email.message import EmailMessage
from pathlib import Path

import fast_mail_parser
from httpx import Cookies
from sqlmodel import col, select

from notifications.links import DIGESTS
from schemas.programme import Programme
from schemas.tables import Link, Mail, Person, PostHeld
from secretariat.timers import tick
from tests.conftest import Bench, at
from tests.test_envelope import read, said
from tests.test_obligations import HOST, Opened
from tests.test_outbox import Server, an_outbox, one_request, server, url_of
from tests.test_web import Site

__all__ = ["server"]


def climbed(open_office: Opened, server: Server, until: str) -> Bench:
    """The host's obligation, not answered: its ladder climbed, each mail sent at its hour."""
    bench = one_request(open_office)
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    while bench.clock.now() < at(until):
        bench.clock.advance_to(bench.clock.now() + (at(until) - bench.clock.now()) / 2)
        if (at(until) - bench.clock.now()).total_seconds() < 3600:
            bench.clock.advance_to(at(until))
        tick(bench.office)
        outbox.drain()
    return bench


def about_the_host(bench: Bench, server: Server) -> list[EmailMessage]:
    with bench.office.store.read() as session:
        of_host = set(session.exec(select(Mail.message_id).where(Mail.obligation == HOST)))
    return [mail for mail in map(read, server.taken) if mail["message-id"] in of_host]


def test_all_mails_about_one_obligation_are_one_thread(open_office: Opened, server: Server) -> None:
    bench = climbed(open_office, server, "2019-11-20T03:00")
    root, *later = about_the_host(bench, server)
    assert root["in-reply-to"] is None and root["references"] is None
    assert later
    for mail in later:
        assert mail["in-reply-to"] == mail["references"] == root["message-id"]
    names = {mail["message-id"] for mail in (root, *later)}
    assert len(names) == 1 + len(later), "and each has a name of its own"


def test_a_mail_written_anew_keeps_its_name_and_date(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    writer = an_outbox(bench, url_of(server)).composer
    named = []
    for _ in range(2):
        with bench.office.store.write() as session:
            mail = session.exec(select(Mail).where(Mail.obligation == HOST)).one()
            writer.freeze(session, mail, bench.clock.now())
            named.append((mail.message_id, read(mail.content or b"")["date"]))
            session.rollback()
    assert named[0] == named[1]
    assert str(named[0][0]).endswith("@commit.example>")


def test_an_address_no_relay_takes_ends_as_refused_and_somebody_is_told(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    with bench.office.store.write() as session:
        session.add(Person(slug="somebody", name="Nguyễn, “An”", email="ສາທາ@vn.example"))
        session.add(PostHeld(post="tf-vn-focal-point", since=at("2018-01-01"), person="somebody"))
    an_outbox(bench, url_of(server)).drain()
    with bench.office.store.read() as session:
        mail, *others = session.exec(
            select(Mail).where(Mail.obligation == HOST).order_by(col(Mail.id))
        )
        told = session.exec(select(Mail).where(Mail.template == "undelivered")).all()
    assert (mail.state, mail.content) == ("refused", None)
    assert "is not one address" in mail.reply
    assert others or told


def test_a_person_s_name_with_a_comma_is_one_recipient(
    open_office: Opened, server: Server, commit: Programme
) -> None:
    bench = one_request(open_office)
    name = 'Nguyễn, An <evil@x.example>, "x"'
    with bench.office.store.write() as session:
        session.add(Person(slug="somebody", name=name, email="an@vn.example"))
        session.add(PostHeld(post="tf-vn-focal-point", since=at("2018-01-01"), person="somebody"))
    an_outbox(bench, url_of(server)).drain()
    (mail,) = about_the_host(bench, server)
    (to,) = fast_mail_parser.parse_email(mail.as_bytes()).to
    assert to.address == "an@vn.example"
    assert to.display_name == name


def weekly_digest(bench: Bench, server: Server, monday: str) -> list[EmailMessage]:
    """The digests of a week, as they were sent."""
    server.taken.clear()
    bench.clock.advance_to(at(monday))
    tick(bench.office)
    an_outbox(bench, url_of(server)).drain()
    return [mail for mail in map(read, server.taken) if "this week" in mail["subject"]]


def test_a_digest_ends_by_one_click_for_its_reader_alone_and_comes_again_when_asked_for(
    open_office: Opened, server: Server, tmp_path: Path
) -> None:
    bench = open_office("2019-01-03T03:00")
    (mail,) = weekly_digest(bench, server, "2019-01-07T03:00")
    link = mail["list-unsubscribe"].strip("<>")
    assert link.startswith("https://board.example/link/")
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert link in said(mail, "plain") and link in said(mail, "html")
    site = Site(bench, tmp_path)
    path = link.removeprefix("https://board.example")
    before = site.everything()
    assert "Stop it" in site.browser.get(path).text
    assert site.everything() == before, "opening it changes nothing"
    assert weekly_digest(bench, server, "2019-01-14T03:00")
    answer = site.browser.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.cookies) == (200, Cookies())
    assert "gets no digests any more" in answer.text
    assert weekly_digest(bench, server, "2019-01-21T03:00") == []
    assert site.browser.post(path, data={"answer": "again"}).status_code == 200
    assert weekly_digest(bench, server, "2019-01-28T03:00")
    site.browser.post(path)
    with bench.office.store.write() as session:  # the next holder of the post is not bound by it
        session.add(Person(slug="somebody", name="Somebody New"))
        session.add(PostHeld(post=contact_of(bench), since=at("2019-01-30"), person="somebody"))
    assert weekly_digest(bench, server, "2019-02-04T03:00")


def contact_of(bench: Bench) -> str:
    with bench.office.store.read() as session:
        (contact,) = {row.contact for row in session.exec(select(Link)) if row.purpose == DIGESTS}
        return contact


def test_what_one_has_to_get_cannot_be_stopped(open_office: Opened, server: Server) -> None:
    an_outbox(one_request(open_office), url_of(server)).drain()
    urgent = [read(content) for content in server.taken]
    duty = [mail for mail in urgent if "this week" not in mail["subject"]]
    assert duty and all(mail["list-unsubscribe"] is None for mail in duty)

"""Mails held back, let go, tried again and looked up; and the mail to come, if nobody acts."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from notifications.expected import expected
from notifications.previews import names, preview
from schemas.acts import Acknowledge, HoldMail, ReleaseMail, RetryMail
from schemas.tables import Entry, Mail, Obligation
from secretariat.commands import Office
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, UnknownError
from secretariat.history import live_until
from secretariat.languages import LANGUAGES
from secretariat.maillog import mails
from secretariat.reconcile import reconcile
from tests.conftest import Bench, at
from tests.test_obligations import HOST, Opened, a_meeting
from tests.test_outbox import Server, an_outbox, one_request, only_mail, server, url_of
from tests.test_web import Site

__all__ = ["server"]


def number(bench: Bench) -> int:
    found = only_mail(bench).id
    assert found
    return found


def test_a_held_mail_does_not_leave_until_it_is_released(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    outbox = an_outbox(bench, url_of(server))
    bench.office.do(HoldMail(mail=number(bench), reason="wrong date"), by="un-act")
    outbox.drain()
    assert (only_mail(bench).state, only_mail(bench).content) == ("held", None)
    bench.office.do(ReleaseMail(mail=number(bench)), by="un-act")
    outbox.drain()
    assert only_mail(bench).state == "accepted"


def test_a_mail_on_its_way_back_off_is_tried_at_once(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["451 try again later"]
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    bench.office.do(RetryMail(mail=number(bench)), by="un-act")
    outbox.drain()
    assert only_mail(bench).state == "accepted"


def test_a_refused_mail_stays_in_the_log_and_a_new_one_is_asked_for(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    server.at_rcpt = ["550 5.7.1 not let in"]
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    refused = number(bench)
    bench.office.do(RetryMail(mail=refused), by="un-act")
    outbox.drain()
    with bench.office.store.read() as session:
        found = [m for m in mails(session, about=HOST) if m.contact == "tf-vn-focal-point"]
    assert [(m.state, m.id == refused) for m in found] == [("accepted", False), ("refused", True)]
    assert found[0].message_id != found[1].message_id


def test_what_has_left_can_be_neither_held_nor_retried(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    an_outbox(bench, url_of(server)).drain()
    for act in (HoldMail(mail=number(bench), reason="late"), RetryMail(mail=number(bench))):
        with pytest.raises(ConflictError, match="accepted"):
            bench.office.do(act, by="un-act")
    with pytest.raises(UnknownError, match="no mail"):
        bench.office.do(RetryMail(mail=2**31 - 1), by="un-act")
    with pytest.raises(NotAllowedError):
        bench.office.do(RetryMail(mail=number(bench)), by="tf-vn")


def test_who_held_a_mail_is_in_the_ledger(open_office: Opened) -> None:
    bench = one_request(open_office)
    bench.office.do(HoldMail(mail=number(bench), reason="wrong date"), by="un-act")
    with bench.office.store.read() as session:
        (entry,) = session.exec(select(Entry).where(Entry.kind == "mail.held")).all()
    assert (entry.by, entry.subject) == ("un-act", str(number(bench)))


def test_the_log_is_searched_by_whom_what_and_how_it_ended(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    an_outbox(bench, url_of(server)).drain()
    with bench.office.store.read() as session:
        assert [m.obligation for m in mails(session, to="tf-vn", about="som-hosting")] == [HOST]
        assert mails(session, to="tf-kh") == []
        assert mails(session, state="open", about=HOST) == []
        assert [m.obligation for m in mails(session, state="accepted", about=HOST)] == [HOST]


def test_the_log_of_a_past_moment_has_what_was_asked_for_and_ended_by_then(
    open_office: Opened, server: Server, tmp_path: Path
) -> None:
    bench = one_request(open_office)
    asked_at = bench.clock.now()
    server.at_rcpt = ["550 5.7.1 not let in"]
    bench.clock.advance_to(asked_at + timedelta(days=1))
    an_outbox(bench, url_of(server)).drain()
    assert only_mail(bench).state == "refused"
    site, path = Site(bench, tmp_path), f"/mail/{number(bench)}"
    site.sign_in("un-act-head")
    day_before, day, today = (
        (asked_at + timedelta(days=days)).date().isoformat() for days in (-1, 0, 1)
    )

    def listed(then: str, state: str) -> bool:
        page = site.browser.get(f"/mail?to=tf-vn&state={state}&at={then}").text
        return f'<a href="{path}' in page

    assert [listed(day, state) for state in ("", "open", "refused")] == [True, True, False]
    assert [listed(today, state) for state in ("", "open", "refused")] == [True, False, True]
    assert not listed(day_before, "")
    then = site.browser.get(f"{path}?at={day}").text
    assert "waiting" in then
    assert "550" not in then
    assert "Ask for it again" not in then
    assert site.browser.get(f"{path}?at={day_before}").status_code == 404


def test_the_mail_to_come_is_what_then_comes_if_nobody_acts(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2019-10-10T03:00")
    a_meeting(bench)
    outbox = an_outbox(bench, url_of(server))
    until = at("2019-11-30T00:00")
    foreseen = expected(bench.office, outbox.composer, until)
    for turn in (bench.clock.now(), at("2019-10-31T17:00"), until):
        live_until(bench.office, bench.clock, turn, outbox.drain)
        for function in bench.office.programme.functions:
            reconcile(bench.office, function)
    with bench.office.store.read() as session:
        sent = [m for m in session.exec(select(Mail)) if m.content and m.not_before <= until]
    assert len(sent) > 20
    assert {(m.at, m.contact, m.subject) for m in foreseen} == {
        (m.not_before, m.contact, m.subject) for m in sent
    }


def test_looking_ahead_changes_nothing(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    before = everything(bench.office)
    expected(bench.office, an_outbox(bench, url_of(server)).composer, at("2020-02-01T00:00"))
    assert everything(bench.office) == before


def test_what_somebody_does_now_is_no_longer_to_come(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    until = bench.clock.now() + timedelta(days=20)
    climbing = [m for m in expected(bench.office, outbox.composer, until) if m.obligation == HOST]
    bench.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    calm = [m for m in expected(bench.office, outbox.composer, until) if m.obligation == HOST]
    assert len(calm) < len(climbing)


def everything(office: Office) -> list[object]:
    with office.store.read() as session:
        return [
            row.model_dump()
            for table in (Entry, Mail, Obligation)
            for row in session.exec(select(table))
        ]


def test_the_mail_pages_are_for_who_answers_for_the_mails_and_hide_what_links_open(
    open_office: Opened, server: Server, tmp_path: Path
) -> None:
    bench = one_request(open_office)
    an_outbox(bench, url_of(server)).drain()
    site = Site(bench, tmp_path)
    path = f"/mail/{number(bench)}"
    assert {site.browser.get(page).status_code for page in ("/mail", path, "/mail/coming")} == {403}
    site.sign_in("un-act-head")
    assert "Host confirms date and venue" in site.browser.get("/mail?about=som-hosting").text
    page = site.browser.get(path).text
    assert "/link/…" in page
    assert len(re.findall(r"/link/\w", page)) == 0
    assert "if nobody acts" in site.browser.get("/mail/coming?days=2&to=tf-vn").text


def test_a_mail_is_held_and_let_go_on_its_page(open_office: Opened, tmp_path: Path) -> None:
    bench = one_request(open_office)
    site = Site(bench, tmp_path)
    path = f"/mail/{number(bench)}"
    assert site.browser.post(path, data={"act": "hold-mail", "reason": "x"}).status_code == 403
    site.sign_in("un-act-head")
    assert site.browser.post(path, data={"act": "hold-mail"}).status_code == 400  # why?
    assert site.browser.post(path, data={"act": "hold-mail", "reason": "no"}).status_code == 303
    assert only_mail(bench).state == "held"
    assert "Let it go" in site.browser.get(path).text
    assert site.browser.post(path, data={"act": "release-mail"}).status_code == 303
    assert only_mail(bench).state == "waiting"
    assert site.browser.post(path, data={"act": "eat"}).status_code == 400


def test_a_mail_is_shown_in_any_language_as_it_would_be_now(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    before = everything(bench.office)
    subjects = {
        language: preview(bench.office, outbox.composer, str(number(bench)), language).subject
        for language in LANGUAGES
    }
    assert subjects["en"] == "Host confirms date and venue (SOM hosting, SOM14)"
    assert len(set(subjects.values())) == len(LANGUAGES) == 7
    assert everything(bench.office) == before


def test_a_kind_of_mail_nobody_got_yet_is_shown_from_a_sample(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    composer = an_outbox(bench, "smtp://127.0.0.1:1").composer
    for name in names(composer):
        seen = preview(bench.office, composer, name, "en")
        assert (seen.number, bool(seen.subject), bool(seen.html)) == (None, True, True)
    with pytest.raises(UnknownError, match="The kinds are"):
        preview(bench.office, composer, "postcard", "en")
    with pytest.raises(BadInputError, match="none of the languages"):
        preview(bench.office, composer, "holding", "tlh")


def test_the_preview_is_a_page_too(open_office: Opened, server: Server, tmp_path: Path) -> None:
    bench = one_request(open_office)
    an_outbox(bench, url_of(server)).drain()
    site = Site(bench, tmp_path)
    asked = f"/mail/preview?name={number(bench)}&language=lo"
    assert site.browser.get(asked).status_code == 403
    site.sign_in("un-act-head")
    page = site.browser.get(asked).text
    assert "ຮຽນ" in page
    assert len(re.findall(r"/link/[\w.]", page)) == 0
    part = site.browser.get(asked.replace("preview?", "preview/html?"))
    assert "sandbox" in part.headers["content-security-policy"]
    assert site.browser.get("/mail/preview?name=postcard").status_code == 404

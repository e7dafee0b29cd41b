"""Links in mails: opening one changes nothing, its button does one act, once, and no other."""

import logging
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.parser import BytesParser
from email.policy import SMTP
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, select, update

from notifications.compose import Composer
from notifications.links import SIGN_IN, Links
from notifications.tidy import tidy, without_tokens
from schemas.acts import (
    Accept,
    Acknowledge,
    AgreeChair,
    AskExtension,
    Decline,
    Done,
    EndBody,
    HoldPost,
    Offer,
    Review,
    RevokeLinks,
    Snooze,
    TakeChair,
    Withdraw,
)
from schemas.figure_acts import ReportStage
from schemas.meeting_acts import FileDocument, NameDelegation, ObjectToStatement
from schemas.return_acts import SaveReturn, SubmitReturn
from schemas.tables import Holding, Link, Mail, Obligation, Person
from secretariat.clock import WallClock
from secretariat.keys import kept_key, kept_keys, name_of
from secretariat.logs import Discreet
from secretariat.store import Store
from secretariat.timers import tick
from secretariat.web import sessions
from secretariat.web.answered import FAMILIES
from secretariat.web.attempts import Attempts
from tests.conftest import BARE, Bench, at, cli, free_port
from tests.test_handover import MAPPING, waived
from tests.test_obligations import HOST, a_meeting
from tests.test_web import LINKS, Site

Rows = dict[str, list[tuple[Any, ...]]]
CANNOT = "This link cannot be used"


@pytest.fixture
def site(open_office: Callable[[str], Bench], tmp_path: Path) -> Site:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    return Site(bench, tmp_path)


def dump(store: Store) -> Rows:
    """Every row of every table."""
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in SQLModel.metadata.sorted_tables
        }


def neutral(site: Site, path: str) -> list[str]:
    """What opening and pressing a link show, without what differs for every token."""
    token = path.rpartition("/")[2]
    shown = []
    for answer in (site.browser.get(path), site.press(path, answer="accept")):
        assert answer.status_code == 404
        page = answer.text.replace(token, "TOKEN").replace(LINKS.nonce(token), "NONCE")
        assert CANNOT in page
        shown.append(page)
    return shown


# -- opening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_a_link_changes_nothing_and_spends_nothing(site: Site, method: str) -> None:
    path = site.link()
    before = dump(site.bench.office.store)
    for headers in ({}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "Edg/120 scanner"}):
        site.browser.request(method, path, headers=headers)
    assert dump(site.bench.office.store) == before
    assert site.press(path).status_code == 303


def test_a_post_that_nobody_opened_the_page_for_does_nothing(site: Site) -> None:
    path = site.link()
    before = dump(site.bench.office.store)
    for nonce in ("", "A" * 43, "ü", LINKS.nonce("another")):
        answer = site.browser.post(path, data={"nonce": nonce})
        assert answer.status_code == 403
        assert "press the button on its page" in answer.text
    assert dump(site.bench.office.store) == before


def test_no_one_keeps_or_passes_on_the_page_of_a_link(site: Site) -> None:
    headers = site.browser.get(site.link()).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_page_names_who_is_expected_to_act(site: Site) -> None:
    page = site.browser.get(site.link()).text
    assert "Whoever presses the button acts for Viet Nam task force" in page


# -- pressing twice --------------------------------------------------------------------------------


def test_a_second_press_says_by_whom_and_when(site: Site) -> None:
    path = site.link()
    site.press(path)
    before = dump(site.bench.office.store)
    again = site.press(path)
    assert again.status_code == 200
    assert "already acknowledged by Viet Nam task force on Thursday, 3 January 2019" in again.text
    other = site.press(site.link("tf-vn-head"))
    assert (other.status_code, "already acknowledged by" in other.text) == (200, True)
    del before["link"]
    assert dump(site.bench.office.store).items() >= before.items()


def test_of_two_presses_at_once_one_acts(site: Site) -> None:
    path = site.link()
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: site.press(path).status_code, range(2)))
    assert sorted(answers) == [200, 303]


def test_after_a_restart_a_press_is_still_remembered(site: Site, tmp_path: Path) -> None:
    path = site.link()
    site.press(path)
    restarted = Site(site.bench, tmp_path)
    assert "already acknowledged" in restarted.press(path).text


def test_an_answer_is_to_what_the_page_showed(site: Site) -> None:
    """Withdrawn and offered anew while the page was open: the button answers neither."""
    path = offered(site)
    office = site.bench.office
    seen = holding_version(site)
    office.do(Withdraw(holding=MAPPING), by="un-act")
    office.do(Offer(holding=MAPPING), by="un-act")
    assert site.press(path, answer="accept", seen=str(seen)).status_code == 409
    assert site.press(path, answer="accept", seen=str(holding_version(site))).status_code == 303


def offered(site: Site) -> str:
    office = site.bench.office
    waived(office, MAPPING)
    office.do(Offer(holding=MAPPING), by="un-act")
    return minted(site, "offer", MAPPING, "tf-la-head")


def holding_version(site: Site) -> int:
    with site.bench.office.store.read() as session:
        return session.get_one(Holding, MAPPING).version


def minted(site: Site, purpose: str, subject: str, contact: str) -> str:
    now = site.bench.clock.now()
    with site.bench.office.store.write() as session:
        return LINKS.mint(session, purpose, subject, contact, now + timedelta(days=30), now)


# -- what is no link to act by ---------------------------------------------------------------------


def change(site: Site, **columns: Any) -> None:
    """Write into the store past the program, as somebody who got hold of it would."""
    with site.bench.office.store.write() as session:
        session.exec(update(Link).values(**columns))


def end_body(site: Site) -> None:
    site.bench.office.do(EndBody(body="tf-vn", reason="restructured"), by="un-act")


def pass_post_on(site: Site) -> None:
    with site.bench.office.store.write() as session:
        session.add(Person(slug="p1", name="Somebody Else"))
    day = at("2019-01-02").date()
    site.bench.office.do(HoldPost(post="tf-vn-focal-point", person="p1", since=day), by="tf-vn")


WRONG: dict[str, Callable[[Site], object]] = {
    "expired": lambda site: site.bench.until("2019-02-20"),
    "called back": lambda site: change(site, revoked_at=site.bench.clock.now()),
    "forgotten": lambda site: tidy(site.bench.office.store, at("2020-01-01")),
    "its body ended": end_body,
    "its post passed on": pass_post_on,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_used_looks_the_same_and_does_nothing(site: Site, wrong: str) -> None:
    path = site.link()
    WRONG[wrong](site)
    before = dump(site.bench.office.store)
    assert neutral(site, path) == neutral(site, "/link/none")
    assert dump(site.bench.office.store) == before


def test_a_link_is_for_what_was_signed_whatever_the_store_says(site: Site) -> None:
    path = site.link()
    none = neutral(site, "/link/none")
    for column, was, forged in (
        ("purpose", "obligation", SIGN_IN),
        ("object", HOST, HOST.replace("@tf-vn", "@tf-kh")),
        ("contact", "tf-vn-focal-point", "un-act-head"),
        ("key", path.split("/")[2][:8], "0" * 8),
    ):
        change(site, **{column: forged})
        assert neutral(site, path) == none
        change(site, **{column: was})
    assert site.browser.get(path).status_code == 200


def test_a_former_chair_s_link_looks_like_none(site: Site) -> None:
    path = site.link("chair-cn-head")
    assert site.browser.get(path).status_code == 200
    site.bench.office.do(AgreeChair(som="SOM14", member="VN"), by="chair")
    site.bench.office.do(TakeChair(som="SOM14"), by="un-act")
    assert neutral(site, path) == neutral(site, "/link/none")


def test_a_link_of_a_body_that_was_never_asked_looks_like_none(site: Site) -> None:
    assert neutral(site, site.link("tf-th-head")) == neutral(site, "/link/none")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 84), bit=st.integers(0, 6))
def test_a_link_with_one_bit_changed_is_none(site: Site, place: int, bit: int) -> None:
    token = site.link().rpartition("/")[2]
    altered = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
    with site.bench.office.store.read() as session:
        assert LINKS.find(session, token)
        assert LINKS.find(session, altered) is None


NONSENSE = (
    "eyJhbGciOiJub25lIn0.eyJwdXJwb3NlIjoic2lnbi1pbiJ9.",  # “alg”: “none”
    "none.none.none",
    "." * 85,
    "%00",
    "ü" * 85,
    "a" * 5000,
)


def test_nonsense_is_no_link_and_no_error(site: Site) -> None:
    for token in NONSENSE:
        assert site.browser.get(f"/link/{token}").status_code == 404
        assert site.press(f"/link/{token}").status_code == 404


def test_parts_of_two_links_make_no_third(site: Site) -> None:
    ours, theirs = (
        site.link(c).rpartition("/")[2].split(".") for c in ("tf-vn-head", "tf-kh-head")
    )
    for mixed in ([ours[0], ours[1], theirs[2]], [ours[0], theirs[1], ours[2]]):
        with site.bench.office.store.read() as session:
            assert LINKS.find(session, ".".join(mixed)) is None


# -- what a thief of the store gets ----------------------------------------------------------------


def test_the_store_holds_neither_key_nor_token(site: Site) -> None:
    _, _, token = site.link().rpartition("/")
    _, random, signature = token.split(".")
    rows = repr(dump(site.bench.office.store))
    for secret in ("k" * 32, random, signature):
        assert secret not in rows


def test_errors_of_the_store_name_no_values(site: Site) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as error, site.bench.office.store.read() as session:
        session.execute(text("select nothing from link where id = :id"), {"id": "canary"})
    assert "canary" not in str(error.value)


def test_no_log_keeps_a_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Discreet)
    caplog.set_level(logging.DEBUG)
    path = site.link()
    try:
        site.browser.get(path)  # its client logs the address, as a careless part might
        site.press(path)
        site.bench.until("2019-05-01")
        site.press(path + "x")
        logging.getLogger("uvicorn.error").warning("GET %s HTTP/1.1", path)
    finally:
        logging.setLogRecordFactory(before)
    assert "a link was refused to testclient: not signed by a key of ours" in caplog.text
    assert path.split(".")[1] not in caplog.text
    assert "/link/(removed)" in caplog.text


def reminded(site: Site) -> int:
    """The number of the first mail about HOST, waiting to be written."""
    with site.bench.office.store.read() as session:
        asked_at = session.get_one(Obligation, HOST).asked_at
    site.bench.clock.advance_to(asked_at)
    tick(site.bench.office)
    with site.bench.office.store.read() as session:
        return session.exec(select(col(Mail.id)).where(Mail.obligation == HOST)).first() or 0


def test_a_sent_mail_is_kept_without_its_links(site: Site) -> None:
    office = site.bench.office
    key = reminded(site)
    with office.store.write() as session:
        mail = session.get_one(Mail, key)
        composer(site).freeze(session, mail, office.clock.now())
        sent, mail.state, mail.accepted_at = mail.content or b"", "accepted", office.clock.now()
        mail.ended_at = office.clock.now()
    assert b"/link/" in sent
    tidy(office.store, office.clock.now())
    with office.store.read() as session:
        kept = session.exec(select(Mail.content).where(Mail.state == "accepted")).one() or b""
    token = re.search(rb"/link/(\w{8}\.[\w-]+)", sent.replace(b"=\r\n", b""))
    assert token
    assert token[1] not in kept.replace(b"=\r\n", b"")
    old, new = (BytesParser(policy=SMTP).parsebytes(content) for content in (sent, kept))
    assert (old["Message-ID"], old["X-Ledger-Head"]) == (new["Message-ID"], new["X-Ledger-Head"])
    assert without_tokens(kept) == kept


# -- asking for a new one --------------------------------------------------------------------------


def composer(site: Site) -> Composer:
    return Composer(site.bench.office.programme, PUBLIC, "secretariat@commit.example")


PUBLIC = Links(LINKS.keys, "https://board.example")


def ask(site: Site, path: str, **headers: str) -> str:
    """Press “ask for a new one”; the page it answers with."""
    form = {"nonce": LINKS.nonce(path.rpartition("/")[2])}
    answer = site.browser.post(f"{path}/new", data=form, headers=headers)
    assert answer.status_code == 200
    return answer.text


def letters(site: Site) -> list[tuple[str, str]]:
    """The mails about links so far, as they would be sent: to whom, and the text."""
    office = site.bench.office
    with office.store.write() as session:
        mails = session.exec(select(Mail).where(Mail.template == "links").order_by(col(Mail.id)))
        return [(mail.contact, written(site, session, mail)) for mail in mails]


def written(site: Site, session: Session, mail: Mail) -> str:
    composer(site).freeze(session, mail, site.bench.clock.now())
    body = BytesParser(policy=SMTP).parsebytes(mail.content or b"").get_body(("plain",))
    assert body
    text: str = body.get_content()
    return text


def links_in(text: str) -> list[str]:
    return [url.removeprefix(PUBLIC.base_url) for url in re.findall(r"\S+/link/\S+", text)]


def test_who_comes_too_late_gets_a_new_link_by_mail(site: Site) -> None:
    path = site.link(days=1)
    site.bench.until("2019-01-05T03:00")
    assert "Ask for a new one" in site.browser.get(path).text
    ask(site, path)
    [(to, text)] = letters(site)
    assert to == "tf-vn-focal-point"
    [new] = links_in(text)
    assert site.press(new).status_code == 303
    assert site.acknowledged_by() == "tf-vn"


def test_a_new_link_is_mailed_once_an_hour_and_the_answer_is_always_the_same(site: Site) -> None:
    path = site.link(days=1)
    site.bench.until("2019-01-05T03:00")
    pages = {ask(site, path), ask(site, path), ask(site, "/link/none"), ask(site, path + "A")}
    assert len(pages) == 1
    assert len(letters(site)) == 1
    site.bench.until("2019-01-05T04:00")
    ask(site, path)
    assert len(letters(site)) == 2


def test_a_sign_in_link_is_never_mailed(site: Site) -> None:
    now = sessions.now()
    with site.bench.office.store.write() as session:
        path = LINKS.mint(session, SIGN_IN, "un-act-head", "un-act-head", now, now)
    assert CANNOT in site.browser.get(path).text
    ask(site, path)
    assert letters(site) == []


def test_links_lead_to_the_board_whatever_name_it_was_called_by(site: Site) -> None:
    path = site.link()
    forged = {"nonce": LINKS.nonce(path.rpartition("/")[2])}
    for name in ("evil.example", "localhost.evil.example"):
        headers = {"Host": name}
        assert site.browser.post(f"{path}/new", data=forged, headers=headers).status_code == 421
    ask(site, path, **{"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    [(_, text)] = letters(site)
    assert "evil" not in text
    assert "https://board.example/link/" in text


# -- calling back ----------------------------------------------------------------------------------


def revoke(site: Site, **which: str) -> None:
    site.bench.office.do(RevokeLinks(reason="a laptop was stolen", **which), by="un-act")


def test_all_links_are_called_back_at_once_in_every_process(site: Site, tmp_path: Path) -> None:
    path = site.link()
    other = Site(site.bench, tmp_path)
    assert other.browser.get(path).status_code == 200
    revoke(site)
    pages = {neutral(each, link)[0] for each in (site, other) for link in (path, "/link/none")}
    assert len(pages) == 1
    assert "were called back: a laptop was stolen" in pages.pop()


def test_whose_links_were_called_back_is_told_once_with_new_ones(site: Site) -> None:
    for _ in range(2):
        site.link()
    settled = offered(site)
    site.bench.office.do(Withdraw(holding=MAPPING), by="un-act")
    revoke(site)
    told = dict(letters(site))
    assert set(told) == {"tf-vn-focal-point", "tf-la-head"}
    assert "no longer work: a laptop was stolen" in told["tf-vn-focal-point"]
    [new] = links_in(told["tf-vn-focal-point"])
    assert site.press(new).status_code == 303
    assert "Nothing they were about is asked of you any more" in told["tf-la-head"]
    assert site.browser.get(settled).status_code == 404


@pytest.mark.parametrize("which", [{"contact": "tf-vn-head"}, {"about": HOST}, {"key": "k"}])
def test_only_the_links_meant_are_called_back(site: Site, which: dict[str, str]) -> None:
    if "key" in which:
        which = {"key": LINKS.keys()[0] and site.link().split("/")[2][:8]}
    meant, other = site.link("tf-vn-head"), offered(site)
    revoke(site, **which)
    page = site.browser.get(meant)
    assert page.status_code == 404
    assert ("were called back" in page.text) == ("key" in which)
    assert (site.browser.get(other).status_code == 200) == ("key" not in which)
    before = dump(site.bench.office.store)
    revoke(site, **which)
    assert dump(site.bench.office.store) == before


def test_a_mail_not_yet_tried_leaves_with_a_link_that_works(site: Site) -> None:
    key, store = reminded(site), site.bench.office.store
    with store.write() as session:
        assert links_in(written(site, session, session.get_one(Mail, key)))
    revoke(site)
    with store.write() as session:
        again = session.get_one(Mail, key)
        assert again.content is None
        [new] = links_in(written(site, session, again))
    assert site.browser.get(new).status_code == 200


# -- keys ------------------------------------------------------------------------------------------


def test_a_new_key_signs_and_old_links_work_on_until_theirs_is_retired(
    site: Site, tmp_path: Path
) -> None:
    path = tmp_path / "secret.key"
    first = kept_key(path)
    url = site.bench.office.store.engine.url.render_as_string(hide_password=False)
    here = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path), "SECRETARIAT_DATABASE_URL": url}
    ring = Links(partial(kept_keys, path), "")
    with site.bench.office.store.write() as session:
        now = site.bench.clock.now()
        soon = WallClock().now() + timedelta(days=1)  # the terminal goes by the machine's clock
        old = ring.mint(session, "obligation", HOST, "tf-vn-head", soon, now).rpartition("/")[2]
    refused = cli("links", "retire", name_of(first), environment=here)
    assert "is the key that signs" in refused.stderr
    assert "signs from now on" in cli("links", "rotate", environment=here).stdout
    listed = cli("links", "keys", environment=here).stdout
    with site.bench.office.store.write() as session:
        assert ring.find(session, old)
        new = ring.mint(session, "obligation", HOST, "tf-vn-head", soon, now).rpartition("/")[2]
    assert new[:8] == name_of(kept_keys(path)[-1]) != old[:8]
    assert cli("links", "retire", old[:8], environment=here).returncode == 0
    with site.bench.office.store.read() as session:
        assert ring.find(session, old) is None
        assert ring.find(session, new)
        assert [link.revoked_at is None for link in session.exec(select(Link))].count(False) == 1
    assert path.stat().st_mode & 0o077 == 0
    assert first not in listed + path.read_text() + refused.stderr


def test_the_terminal_asks_which_links(site: Site, tmp_path: Path) -> None:
    here = BARE | {
        "SECRETARIAT_DATA_DIR": str(tmp_path),
        "SECRETARIAT_DATABASE_URL": site.bench.office.store.engine.url.render_as_string(
            hide_password=False
        ),
    }
    asked = cli("links", "revoke", "--reason", "x", environment=here)
    assert (asked.returncode, "Say which links" in asked.stderr) == (2, True)
    unknown = cli("links", "revoke", "--reason", "x", "--contact", "nobody", environment=here)
    assert "There is no contact “nobody”" in unknown.stderr


# -- too many, too old -----------------------------------------------------------------------------


def test_an_address_that_tries_too_much_must_wait_and_nobody_else(site: Site) -> None:
    path = site.link()
    tried = [site.browser.get(f"/link/{number}").status_code for number in range(25)]
    assert tried == [404] * 20 + [429] * 5
    assert site.browser.get(path).status_code == 200  # a link of ours works all the same


def test_attempts_are_remembered_of_so_many_addresses_and_no_more() -> None:
    attempts = Attempts(most=1, addresses=100)
    assert not attempts.too_many("2001:db8::1")
    assert attempts.too_many("2001:db8::2")  # the same household
    assert not attempts.too_many("192.0.2.1")
    for number in range(500):
        attempts.too_many(f"host-{number}")
    assert len(attempts._counts) == 100


def test_what_was_done_by_a_link_is_said_for_90_days_after_it_ran_out(site: Site) -> None:
    used, unused = site.link(days=1), site.link("tf-vn-head", days=1)
    site.press(used)
    site.bench.until("2019-04-03T03:00")
    tidy(site.bench.office.store, site.bench.clock.now())
    for answer in (site.browser.get(used), site.press(used)):
        assert answer.status_code == 200
        assert "already acknowledged by Viet Nam task force" in answer.text
    assert site.browser.get(unused).status_code == 404
    site.bench.until("2019-04-05T03:00")
    tidy(site.bench.office.store, site.bench.clock.now())
    assert dump(site.bench.office.store)["link"] == []


def test_no_link_does_what_changes_who_may_act() -> None:
    """What may be done by link is handed in, answered or reported; nobody's place is changed."""
    done = {act for family in FAMILIES.values() for act in family.acts}
    handed_in = {FileDocument, NameDelegation, ObjectToStatement}
    reported = {ReportStage, SaveReturn, SubmitReturn}
    assert done - handed_in - reported == {
        Acknowledge,
        Done,
        Snooze,
        AskExtension,
        Accept,
        Decline,
        Review,
    }


# -- a scanner with a browser ----------------------------------------------------------------------


def test_a_scanner_that_runs_scripts_and_clicks_nothing_changes_nothing(site: Site) -> None:
    from playwright.sync_api import sync_playwright

    paths = [site.link(), offered(site)]
    before = dump(site.bench.office.store)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(site.app, port=port, log_level="error"))
    serving = Thread(target=server.run)
    serving.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=["--no-sandbox"],
            )
            page = browser.new_page(user_agent="Mozilla/5.0 Edg/120 SafeLinks")
            for path in paths:
                page.goto(f"http://127.0.0.1:{port}{path}")
                assert page.evaluate("document.forms.length") > 0
                page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
                page.wait_for_timeout(300)
            browser.close()
    finally:
        server.should_exit = True
        serving.join()
    assert dump(site.bench.office.store) == before
    assert site.press(paths[0]).status_code == 303

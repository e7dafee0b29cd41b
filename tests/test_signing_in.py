"""Signing in by a mailed link, and the sessions that come of it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select, update

from notifications import undelivered
from notifications.compose import Composer
from notifications.digest import bundle
from notifications.links import Links
from schemas.account_tables import ClosedAccount, SignedIn
from schemas.acts import AgreeChair, BeAbsent, EndBody, HoldPost, TakeChair
from schemas.programme import Programme
from schemas.tables import Link, Mail, Person
from secretariat.commands.mails import MANY
from secretariat.settings import Settings
from secretariat.web import sessions
from secretariat.web.app import Parts, create_app
from tests.conftest import at
from tests.served import opened_site, served
from tests.test_links import dump
from tests.test_web import LINKS, Site

PUBLIC = Links(LINKS.keys, "https://board.example")
FOCAL = "tf-vn-focal-point"
ADDRESS = "focal-point.task-force@vn.example"
ON_ITS_WAY = "If this is an address of ours, a link is on its way there."


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def ask(site: Site, address: str) -> str:
    answer = site.browser.post("/sign-in", data={"address": address})
    assert answer.status_code == 200
    return answer.text


def asked(site: Site) -> list[Mail]:
    with site.bench.office.store.read() as session:
        return list(session.exec(select(Mail).where(Mail.template == "signin")))


def mailed(site: Site) -> tuple[str, str]:
    """Where the last mail to sign in goes, and the path of the link in it."""
    composer = Composer(site.bench.office.programme, PUBLIC, "us@commit.example")
    with site.bench.office.store.write() as session:
        last = select(Mail).where(Mail.template == "signin").order_by(col(Mail.id).desc())
        mail = session.exec(last).first()
        assert mail
        composer.freeze(session, mail, site.bench.clock.now())
        body = BytesParser(policy=SMTP).parsebytes(mail.content or b"").get_body(("plain",))
    assert body
    (url,) = re.findall(r"https://board.example(/link/\S+)", body.get_content())
    return mail.address or "", url


def who(site: Site) -> str:
    """Whom the board takes this browser for."""
    found = re.search(r'<a href="/account">([^<]+)</a>', site.browser.get("/sign-in").text)
    return found[1] if found else ""


def change(site: Site, **columns: object) -> None:
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(**columns))


# -- the link --------------------------------------------------------------------------------------


def test_who_types_their_address_is_mailed_a_link_and_is_in_when_they_press_it(site: Site) -> None:
    assert ON_ITS_WAY in ask(site, f" {ADDRESS.upper()} ")
    address, path = mailed(site)
    assert address == ADDRESS
    assert "You are about to sign in as" in site.browser.get(path).text
    assert who(site) == ""
    assert site.press(path).status_code == 303
    assert who(site) == FOCAL


def test_nobody_learns_whose_an_address_is(site: Site) -> None:
    known, unknown = ask(site, ADDRESS), ask(site, "nobody@nowhere.example")
    assert known == unknown
    assert [mail.contact for mail in asked(site)] == [FOCAL]


def test_the_answer_waits_for_nothing_that_is_done_for_a_known_address(site: Site) -> None:
    """While another writes, no mail can be asked for; who asks is answered all the same."""
    with served(site) as url, site.bench.office.store.write() as session:
        session.exec(update(Link).values(used_at=None))
        known, unknown = (
            httpx.post(f"{url}/sign-in", data={"address": address}, timeout=2).text
            for address in (ADDRESS, "nobody@nowhere.example")
        )
    assert known == unknown
    assert [mail.contact for mail in asked(site)] == [FOCAL]


def test_a_mailed_link_is_good_once_and_for_ten_minutes(site: Site) -> None:
    ask(site, ADDRESS)
    _, path = mailed(site)
    site.press(path)
    assert site.press(path).status_code == 409
    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(minutes=2))
    ask(site, ADDRESS)
    _, late = mailed(site)
    with site.bench.office.store.write() as session:
        left = [row.expires_at - sessions.now() for row in session.exec(select(Link))]
        assert max(left) <= timedelta(minutes=10)
        session.exec(update(Link).values(expires_at=sessions.now()))
    assert site.press(late).status_code == 404


def test_a_link_that_could_not_leave_in_time_is_not_sent_and_no_other_gets_it(site: Site) -> None:
    with site.bench.office.store.read() as session:
        others = len(session.exec(select(Mail)).all())
    ask(site, ADDRESS)
    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(minutes=11))
    now = site.bench.clock.now()
    with site.bench.office.store.write() as session:
        undelivered.expire(session, site.bench.office.programme, now)
    assert [(mail.contact, mail.state) for mail in asked(site)] == [(FOCAL, "expired")]
    with site.bench.office.store.read() as session:
        assert len(session.exec(select(Mail)).all()) == others + 1


def test_nobody_is_mailed_the_link_of_somebody_they_stand_in_for(site: Site) -> None:
    day = at("2019-01-02").date()
    away = BeAbsent(post=FOCAL, substitute="tf-vn-head", since=day, until=day + timedelta(days=30))
    site.bench.office.do(away, by="tf-vn")
    ask(site, ADDRESS)
    assert mailed(site)[0] == ADDRESS


def test_a_link_to_sign_in_goes_by_itself_also_where_news_wait_for_the_same_reader(
    site: Site,
) -> None:
    """In a digest it would go to whoever stands in for the reader."""
    ask(site, "head.task-force@vn.example")
    with site.bench.office.store.write() as session:
        bundle(session, site.bench.office.programme.digest, site.bench.clock.now())
        theirs = session.exec(select(Mail).where(Mail.contact == "tf-vn-head")).all()
    assert [(mail.template, mail.state) for mail in theirs] == [
        ("meeting", "waiting"),
        ("signin", "waiting"),
    ]


def test_who_asks_in_another_s_name_floods_nobody_and_keeps_nobody_out(site: Site) -> None:
    for _ in range(4):
        ask(site, ADDRESS)
    assert len(asked(site)) == 1
    for _ in range(MANY + 10):
        site.bench.clock.advance_to(site.bench.clock.now() + timedelta(minutes=1))
        site.app.state.asking = type(site.app.state.asking)()
        ask(site, ADDRESS)
    assert MANY < len(asked(site)) < MANY + 5
    newest = max(mail.asked_at for mail in asked(site))
    assert site.bench.clock.now() - newest < timedelta(minutes=10)
    assert site.press(mailed(site)[1]).status_code == 303


def test_one_address_that_asks_and_asks_must_wait(site: Site) -> None:
    answers = [
        site.browser.post("/sign-in", data={"address": f"{n}@x.example"}).status_code
        for n in range(12)
    ]
    assert answers == [200] * 10 + [429] * 2


def test_a_link_mailed_to_who_held_the_post_before_lets_nobody_in(site: Site) -> None:
    ask(site, ADDRESS)
    _, path = mailed(site)
    pass_on(site)
    assert site.press(path).status_code == 404


def pass_on(site: Site) -> None:
    with site.bench.office.store.write() as session:
        session.add(Person(slug="p1", name="Somebody Else"))
    day = at("2019-01-02").date()
    site.bench.office.do(HoldPost(post=FOCAL, person="p1", since=day), by="tf-vn")


# -- sessions --------------------------------------------------------------------------------------


def test_the_store_has_only_the_hash_of_a_session_s_secret(site: Site) -> None:
    site.sign_in(FOCAL)
    secret = site.browser.cookies["secretariat"]
    assert len(secret) >= 22  # 128 bit and more, six a letter
    assert secret not in repr(dump(site.bench.office.store))
    assert "HttpOnly; Path=/; SameSite=lax" in cookie_header(site)


def cookie_header(site: Site) -> str:
    site.browser.cookies.clear()
    with site.bench.office.store.write() as session:
        now = sessions.now()
        until = now + timedelta(minutes=5)
        path = LINKS.mint(session, "sign-in", FOCAL, FOCAL, until, now)
    return site.press(path).headers["set-cookie"]


def test_over_tls_the_cookie_is_bound_to_this_host_and_the_browser_told_to_stay(
    site: Site, tmp_path: Path
) -> None:
    bench = site.bench
    settings = Settings(data_dir=tmp_path, base_url="https://board.example", _env_file=None)
    composer = Composer(bench.office.programme, LINKS, "us@board.example")
    site.app = create_app(Parts(settings, bench.office, composer, None, dict))
    site.browser = TestClient(site.app, base_url="https://board.example", follow_redirects=False)
    header = cookie_header(site)
    assert header.startswith("__Host-secretariat=")
    assert "Path=/" in header
    assert "Secure" in header
    assert "Domain" not in header
    assert who(site) == FOCAL
    assert "max-age=31536000" in site.browser.get("/").headers["strict-transport-security"]


def test_signing_in_gives_a_new_secret_and_ends_the_old_session(site: Site) -> None:
    site.sign_in(FOCAL)
    before = site.browser.cookies["secretariat"]
    site.sign_in(FOCAL)
    assert site.browser.cookies["secretariat"] != before
    site.browser.cookies.set("secretariat", before, domain="localhost.local")
    with site.bench.office.store.read() as session:
        assert len(session.exec(select(SignedIn)).all()) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"seen_at": sessions.now() - timedelta(minutes=31)},
        {"expires_at": sessions.now() - timedelta(seconds=1)},
    ],
)
def test_a_session_ends_when_idle_and_after_twelve_hours(
    site: Site, columns: dict[str, object]
) -> None:
    site.sign_in(FOCAL)
    with site.bench.office.store.read() as session:
        row = session.exec(select(SignedIn)).one()
    assert row.expires_at - row.made_at == timedelta(hours=12)
    change(site, **columns)
    assert who(site) == ""


def test_each_page_keeps_a_session_awake(site: Site) -> None:
    site.sign_in(FOCAL)
    change(site, seen_at=sessions.now() - timedelta(minutes=29))
    assert who(site) == FOCAL
    with site.bench.office.store.read() as session:
        seen = session.exec(select(SignedIn.seen_at)).one()
    assert sessions.now() - seen < timedelta(minutes=1)


def end_body(site: Site) -> None:
    site.bench.office.do(EndBody(body="tf-vn", reason="restructured"), by="un-act")


def close(site: Site) -> None:
    with site.bench.office.store.write() as session:
        closed = ClosedAccount(contact=FOCAL, closed_at=sessions.now(), by="operations")
        session.add(closed)


@pytest.mark.parametrize("happens", [pass_on, end_body, close])
def test_a_session_dies_with_the_post_the_role_or_the_account_and_for_good(
    site: Site, happens: object
) -> None:
    site.sign_in(FOCAL)
    assert who(site) == FOCAL
    assert callable(happens)
    happens(site)
    assert who(site) == ""
    with site.bench.office.store.read() as session:
        assert session.exec(select(SignedIn)).all() == []


def test_the_chair_s_rights_pass_on_with_the_chair_at_once(site: Site) -> None:
    office = site.bench.office
    office.do(AgreeChair(som="SOM14", member="VN"), by="chair")
    site.sign_in("chair-cn-head")
    assert site.browser.get("/mail/coming").status_code == 200
    office.do(TakeChair(som="SOM14"), by="un-act")
    assert site.browser.get("/mail/coming").status_code == 403
    assert who(site) == ""
    site.sign_in("chair-vn-head")
    assert site.browser.get("/mail/coming").status_code == 200


def test_signing_out_ends_the_session_also_for_who_kept_its_cookie(site: Site) -> None:
    site.sign_in(FOCAL)
    kept = site.browser.cookies["secretariat"]
    site.browser.post("/sign-out")
    site.browser.cookies.clear()
    site.browser.cookies.set("secretariat", kept)
    assert who(site) == ""


def test_a_closed_account_gets_no_link(site: Site) -> None:
    close(site)
    ask(site, ADDRESS)
    assert asked(site) == []


def test_one_sees_one_s_sessions_ends_one_of_them_or_all(site: Site) -> None:
    site.sign_in(FOCAL)
    elsewhere = site.browser.cookies["secretariat"]
    site.browser.cookies.clear()
    site.sign_in(FOCAL)
    page = site.browser.get("/account").text
    ids = re.findall(r'name="session_id" value="(\w+)"', page)
    assert len(ids) == 2
    other = sessions.hashed(elsewhere)
    site.browser.post("/account/sessions/end", data={"session_id": other})
    assert who(site) == FOCAL
    site.browser.post("/account/sign-out-everywhere")
    assert who(site) == ""
    with site.bench.office.store.read() as session:
        assert session.exec(select(SignedIn)).all() == []


def test_nobody_ends_another_s_session(site: Site) -> None:
    site.sign_in("tf-kh-head")
    theirs = sessions.hashed(site.browser.cookies["secretariat"])
    site.browser.cookies.clear()
    site.sign_in(FOCAL)
    answer = site.browser.post("/account/sessions/end", data={"session_id": theirs})
    assert answer.status_code == 404
    with site.bench.office.store.read() as session:
        assert session.get(SignedIn, theirs)

"""The board's pages: what needs whom first, filters, countries, people, search, first steps."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from schemas.acts import Accept, EndBody, HoldPost, Offer, Waive
from schemas.programme import Programme
from schemas.tables import Absence, Obligation, Person, PostHeld
from secretariat import trend
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.languages import ENGLISH
from secretariat.settings import Settings
from secretariat.store import opened
from secretariat.web.kept import Kept
from tests.conftest import Bench, at
from tests.test_obligations import HOST, a_meeting
from tests.test_outbox import Server, an_outbox, server, url_of
from tests.test_web import Site

__all__ = ["server"]
MAPPING = "referral-mechanisms/mapping@LA"


@pytest.fixture
def site(open_office: Callable[[str], Bench], tmp_path: Path) -> Site:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    return Site(bench, tmp_path)


def main_of(site: Site, path: str) -> str:
    answer = site.browser.get(path)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text.split("<main")[1].split("</main>")[0])


def rows(site: Site, path: str) -> list[str]:
    """The functions the board shows."""
    return re.findall(r'<th scope="row"><a href="/functions/([a-z-]+)', main_of(site, path))


def test_what_waits_for_the_reader_comes_first_the_soonest_on_top(site: Site) -> None:
    site.sign_in("tf-la-head")
    assert "Nothing waits for you" in main_of(site, "/")
    site.bench.office.do(Offer(holding=MAPPING), by="un-act")
    first = main_of(site, "/").split("What needs Lao PDR task force first")[1].split("</ul>")[0]
    assert f'<a href="/holdings/{MAPPING}">' in first
    assert "answer the offer" in first
    with site.bench.office.store.read() as session:
        asked_at = session.get_one(Obligation, HOST).asked_at
    site.bench.clock.advance_to(asked_at)
    site.sign_in("tf-vn-head")
    first = main_of(site, "/").split("What needs Viet Nam task force first")[1].split("</ul>")[0]
    assert f'<a href="/obligations/{HOST}">' in first
    days = re.findall(r">by (\d+ \w+ \d{4})", first)
    moments = [datetime.strptime(day, "%d %b %Y").replace(tzinfo=UTC) for day in days]
    assert moments == sorted(moments)
    assert moments


def test_a_day_is_called_by_its_own_name_up_to_its_last_instant(site: Site) -> None:
    """In Vientiane and in Bangkok, where the board is, a day is over when the next begins."""
    office = site.bench.office
    office.do(Offer(holding=MAPPING, answer_by=date(2019, 1, 31)), by="un-act")
    site.sign_in("tf-la-head")
    assert "by 31 Jan 2019" in main_of(site, "/")
    assert "answer by 31 Jan 2019" in main_of(site, "/countries/LA")
    assert "answer by 31 Jan 2019." in main_of(site, f"/holdings/{MAPPING}")
    with office.store.read() as session:
        asked = session.get_one(Obligation, HOST)
    site.bench.clock.advance_to(asked.asked_at)
    site.sign_in("tf-vn-head")
    assert f"by {ENGLISH.short(asked.due_on)}" in main_of(site, "/")


def test_of_much_that_waits_the_first_is_shown_and_the_way_to_the_rest(site: Site) -> None:
    for function, duty in (("referral-mechanisms", "mapping"), ("frontline-training", "training")):
        site.bench.office.do(Offer(holding=f"{function}/{duty}@LA"), by="un-act")
    site.sign_in("tf-la-head")
    first = main_of(site, "/?country=LA&waiting=1")
    more = re.search(r'href="(/\?[^"]*waiting=2)#needs-title">And 1 more', first)
    assert more
    every = main_of(site, more[1].replace("&amp;", "&"))
    assert (first.count("answer the offer"), every.count("answer the offer")) == (1, 2)


def test_nobody_signed_in_is_waited_for(site: Site) -> None:
    page = main_of(site, "/")
    assert "What needs" not in page
    assert '<a href="/sign-in">' in page


def test_the_board_is_filtered_by_its_address(site: Site) -> None:
    everything = rows(site, "/")
    assert len(everything) == len(site.bench.office.programme.functions)
    assert rows(site, "/?country=LA&phase=completed") == []
    assert "No function is so" in main_of(site, "/?phase=completed")
    owned = rows(site, "/?owner=un-act&country=LA")
    assert "referral-mechanisms" in owned
    assert "chair-rotation" not in owned
    assert rows(site, "/?country=XX&phase=none&owner=nobody&late=7") == everything
    board = main_of(site, "/?country=LA").split("<thead>")[1].split("</thead>")[0]
    assert "Lao PDR" in board
    assert "Cambodia" not in board


def test_of_many_functions_the_board_shows_the_first_and_leads_to_the_others(site: Site) -> None:
    everything = rows(site, "/")
    assert rows(site, "/?show=3") == everything[:3]
    assert "And 14 more" in main_of(site, "/?show=3")
    assert "of 17 functions" in main_of(site, "/?show=3")
    here = rows(site, "/?country=LA")
    page = main_of(site, "/?country=LA&show=2")
    assert f"And {len(here) - 2} more" in page
    more = re.search(r'href="(/\?[^"]*show=8[^"]*)#grid-title"', page)
    assert more
    assert rows(site, more[1].replace("&amp;", "&")) == here[:8]
    assert "And " not in main_of(site, "/").split("Functions by country")[1].split("</section>")[0]


def test_what_an_ended_body_left_counts_as_moved_back_and_on_when_taken_over(
    site: Site,
) -> None:
    office, items = site.bench.office, [i.slug for i in site.bench.office.programme.readiness]
    office.do(
        Waive(holding=MAPPING, items=items, reason="tried"), by="un-act", contact="un-act-head"
    )
    office.do(Offer(holding=MAPPING), by="un-act")
    office.do(Accept(holding=MAPPING), by="tf-la")
    site.bench.clock.advance_to(site.bench.clock.now() + trend.LATELY + timedelta(days=1))
    office.do(EndBody(body="tf-la", reason="Restructured"), by="un-act")
    now = site.bench.clock.now()
    with office.store.read() as session:
        assert trend.steps(session, now) == {MAPPING: -1}
        assert trend.steps(session, now, ["referral-mechanisms"]) == {MAPPING: -1}
        assert trend.steps(session, now, ["chair-rotation"]) == {}


def test_the_board_says_what_moved_in_ninety_days_and_no_longer(site: Site) -> None:
    office = site.bench.office
    items = [item.slug for item in office.programme.readiness]
    office.do(
        Waive(holding=MAPPING, items=items, reason="tried"), by="un-act", contact="un-act-head"
    )
    office.do(Offer(holding=MAPPING), by="un-act")
    office.do(Accept(holding=MAPPING), by="tf-la")
    assert "▲ 1 moved on" in main_of(site, "/?country=LA")
    with office.store.read() as session:
        later = site.bench.clock.now() + trend.LATELY
        assert trend.steps(session, site.bench.clock.now()) == {MAPPING: 1}
        assert trend.steps(session, later) == {}


def test_a_country_s_page_tells_what_it_has_and_what_is_asked_of_it(site: Site) -> None:
    office = site.bench.office
    office.do(Offer(holding=MAPPING), by="un-act")
    page = main_of(site, "/countries/LA")
    assert "Offered to it" in page
    assert f'href="/holdings/{MAPPING}"' in page
    assert "National referral mechanism" in page
    assert "@" not in re.sub(r"href=\"[^\"]*\"|\w+/[\w/-]+@\S+", "", page)  # no address
    assert site.browser.get("/countries/XX").status_code == 404
    assert f'href="/obligations/{HOST}"' in main_of(site, "/countries/VN")
    assert f'href="/obligations/{HOST}"' in main_of(site, "/functions/som-hosting")


def test_a_turn_leads_to_its_meeting_once_that_is_planned(site: Site) -> None:
    pages = [main_of(site, path) for path in ("/chair", "/countries/KH", "/countries/LA")]
    led = {found for page in pages for found in re.findall(r'href="(/meetings/\w+)', page)}
    assert led
    assert all(site.browser.get(path).status_code == 200 for path in led)


def test_of_many_functions_a_country_s_page_shows_the_first_and_leads_to_the_others(
    site: Site,
) -> None:
    everything = rows(site, "/countries/LA")
    assert len(set(everything)) > 4
    page = main_of(site, "/countries/LA?show=1")
    assert rows(site, "/countries/LA?show=1") == [f for f in everything if f == everything[0]]
    assert f"And {len(set(everything)) - 1} more" in page
    assert 'href="?show=4#held-title"' in page
    assert len(set(rows(site, "/countries/LA?show=4"))) == 4
    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(days=2))
    past = main_of(site, "/countries/LA?at=2019-01-03&show=1")
    assert 'href="?at=2019-01-03&amp;show=4#held-title"' in past


def test_posts_are_for_who_takes_part_and_changed_by_their_own_body_or_the_staff(
    site: Site,
) -> None:
    assert site.browser.get("/people").status_code in (401, 403)
    site.sign_in("tf-kh-head")
    page = main_of(site, "/people")
    assert "head.task-force@la.example" in page
    assert page.count("Another holder") == 2  # its own posts
    site.sign_in("un-act-head")
    assert main_of(site, "/people").count("Another holder") > 10


def test_an_absence_is_looked_at_and_then_done_on_the_page(site: Site) -> None:
    site.sign_in("tf-kh-head")
    form = {"act": "be-absent", "post": "tf-kh-head", "substitute": "tf-kh-focal-point"}
    form |= {"since": "2019-01-03", "until": "2019-01-10"}
    seen = site.browser.post("/people", data=form | {"preview": "1"})
    assert "stands in for tf-kh-head" in seen.text
    with site.bench.office.store.read() as session:
        assert session.get(Absence, "tf-kh-head") is None
    assert site.browser.post("/people", data=form).status_code == 303
    page = main_of(site, "/people")
    assert "3 Jan 2019 to 10 Jan 2019<small>tf-kh-focal-point stands in" in page
    assert "absent until 10 Jan 2019" in main_of(site, "/countries/KH")
    assert site.browser.post("/people", data=form | {"post": "tf-la-head"}).status_code == 403
    assert site.browser.post("/people", data={"act": "accept", "post": "x"}).status_code == 400


def test_people_are_shown_as_they_were_and_only_to_read(site: Site) -> None:
    office = site.bench.office
    with office.store.write() as session:
        session.add(Person(slug="kh-1", name="Chan Thea"))
        session.add(Person(slug="kh-2", name="Sok Dara"))
    for person, since in (("kh-1", "2019-01-03"), ("kh-2", "2019-01-05")):
        site.bench.clock.advance_to(at(f"{since}T05:00"))
        held = {"post": "tf-kh-head", "person": person, "since": since}
        office.do(HoldPost.model_validate(held), by="tf-kh")
    site.sign_in("tf-kh-head")
    assert "Sok Dara" in main_of(site, "/people")
    past = main_of(site, "/people?at=2019-01-03")
    assert "Chan Thea" in past
    assert "Sok Dara" not in past
    assert "Another holder" not in past
    assert 'href="/people?at=2019-01-03"' in site.browser.get("/?at=2019-01-03").text


def test_figures_of_a_past_day_lead_to_the_latest_year_of_then(
    replayed: Settings, commit: Programme, tmp_path: Path
) -> None:
    clock = VirtualClock(at("2019-01-03T03:00"))
    site = Site(Bench(Office(opened(replayed.store_url), commit, clock), clock), tmp_path)
    assert "Nobody was asked" in main_of(site, "/returns?at=2018-01-01")
    answer = site.browser.get("/returns?at=2018-12-30")
    assert answer.headers["location"] == "/returns/2018?at=2018-12-30"


def test_a_person_is_named_and_given_a_post_outside_the_ledger(site: Site) -> None:
    site.sign_in("tf-kh-head")
    person = {"slug": "kh-7", "name": "Sok Dara", "email": "sok@gov.example"}
    assert site.browser.post("/people/new", data=person).status_code == 403
    site.sign_in("un-act-head")
    assert site.browser.post("/people/new", data=person).status_code == 303
    assert site.browser.post("/people/new", data=person).status_code == 409
    with site.bench.office.store.read() as session:
        assert session.get_one(Person, "kh-7").name == "Sok Dara"
        assert not session.exec(select(PostHeld)).all()
    hold = HoldPost.model_validate({"post": "tf-kh-head", "person": "kh-7", "since": "2019-01-02"})
    site.bench.office.do(hold, by="un-act")
    assert "Sok Dara" in main_of(site, "/people")
    site.browser.post("/sign-out")
    assert "Sok Dara" not in site.browser.get("/countries/KH").text


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("lao", "/countries/LA"),
        ("referral", "/functions/referral-mechanisms"),
        ("map capacities lao", f"/holdings/{MAPPING}"),
        ("SOM14 viet", "/meetings/SOM14"),
        ("host confirms", f"/obligations/{HOST}"),
        ("som14 was planned", "/ledger?before="),
    ],
)
def test_one_box_finds_everything(site: Site, words: str, page: str) -> None:
    assert f'<a href="{page}' in main_of(site, f"/search?q={words}")


def test_a_search_for_nothing_or_in_vain_says_so(site: Site) -> None:
    assert "Try the name" in main_of(site, "/search?q=")
    assert "Nothing has “&lt;b&gt; xyzzy”" in main_of(site, "/search?q=<b> xyzzy")


def test_a_past_day_is_said_and_kept_on_the_way(site: Site) -> None:
    page = site.browser.get("/?at=2019-01-02").text
    assert "You look at <strong>2 January 2019</strong>" in page
    assert 'href="/functions/som-hosting?at=2019-01-02"' in page
    assert 'href="/ledger?at=2019-01-02"' in page
    search = site.browser.get("/search?q=lao&at=2019-01-02").text
    assert '<a href="/search?q=lao">back to today</a>' in search
    assert 'href="/countries/LA?at=2019-01-02"' in search


def test_the_first_steps_of_a_new_installation_are_ticked_off_by_what_was_done(site: Site) -> None:
    def steps() -> dict[str, bool]:
        found = re.findall(r"<li>([☑☐]) <strong>(?:<a[^>]*>)?([^<]*)", main_of(site, "/"))
        return {name: mark == "☑" for mark, name in found}

    assert steps() == {}  # nobody is signed in
    site.sign_in("un-act-head")
    assert steps() == {
        "The programme is loaded": True,
        "Mail leaves by your own server": False,
        "Every post has a real mailbox": False,
        "A first mail was taken by the server": False,
        "A first duty is offered to a government": False,
    }
    site.bench.office.do(Offer(holding=MAPPING), by="un-act")
    assert steps()["A first duty is offered to a government"]
    smtp = Settings(smtp_url="smtp://mail.gov.example:587", _env_file=None)
    site.app.state.parts = type(site.app.state.parts)(
        smtp,
        *(getattr(site.app.state.parts, n) for n in ("office", "composer", "caught", "health")),
    )
    site.app.state.kept = Kept(site.bench.office)  # as it is started again with other settings
    assert steps()["Mail leaves by your own server"]


def test_a_test_mail_goes_to_who_asks_and_the_page_says_what_the_server_answered(
    site: Site, server: Server
) -> None:
    outbox = an_outbox(site.bench, url_of(server))
    site.sign_in("un-act-head")
    page = main_of(site, "/mail/test")
    assert "<strong>coordinator@un-act.example</strong>" in page
    assert "What became of each" not in page

    assert site.browser.post("/mail/test").status_code == 303
    assert "On its way" in main_of(site, "/mail/test")
    assert site.browser.post("/mail/test").status_code == 409  # a moment ago
    outbox.drain()
    assert "The mail server took it: 250 taken" in main_of(site, "/mail/test")
    assert server.recipients >= {"coordinator@un-act.example"}
    assert b"Subject: A test mail" in server.taken[-1]

    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(minutes=2))
    server.at_rcpt = ["550 5.7.1 we know you not"]
    site.browser.post("/mail/test")
    outbox.drain()
    page = main_of(site, "/mail/test")
    assert "the mail is not let in (at its recipient 550 5.7.1 we know you not)" in page
    assert "250 taken" in page  # the first is still told of


def test_only_who_sets_the_program_up_sends_test_mails(site: Site) -> None:
    site.sign_in("tf-la-head")
    assert site.browser.get("/mail/test").status_code == 403
    assert site.browser.post("/mail/test").status_code == 403
    site.sign_in("operations-focal-point")
    assert '<a href="/mail/test">A first mail' in main_of(site, "/")
    assert site.browser.post("/mail/test").status_code == 303


def test_light_or_dark_is_kept_without_script(site: Site) -> None:
    assert "data-theme" not in site.browser.get("/").text
    answer = site.browser.post("/theme", data={"theme": "dark", "back": "/chair?at=2019-01-02"})
    assert answer.headers["location"] == "/chair?at=2019-01-02"
    assert '<html lang="en" data-theme="dark">' in site.browser.get("/").text
    site.browser.post("/theme", data={"theme": "", "back": "/"})
    assert "data-theme" not in site.browser.get("/").text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_the_choice_of_colours_leads_nowhere_else(site: Site, back: str) -> None:
    answer = site.browser.post("/theme", data={"theme": "dark", "back": back})
    assert answer.headers["location"] == "/"


def test_only_the_board_s_pages_run_our_script(site: Site) -> None:
    of_board = site.browser.get("/").headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in of_board
    answer = site.browser.get(site.link())
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "<script" not in answer.text


def test_style_and_script_are_kept_until_they_change(site: Site) -> None:
    found = re.search(r'href="(/static/style\.css\?v=\w+)"', site.browser.get("/").text)
    assert found
    assert "immutable" in site.browser.get(found[1]).headers["cache-control"]
    assert site.browser.get("/").headers["cache-control"] == "no-store"


def test_an_entry_of_the_ledger_leads_to_what_it_is_about(site: Site) -> None:
    site.sign_in("un-act-head")
    site.bench.office.do(Offer(holding=MAPPING), by="un-act")
    kinds = ("holding", "obligation", "som", "milestone", "cycle")
    entries = "".join(main_of(site, f"/ledger?kind={kind}") for kind in kinds)
    pages = set(re.findall(r'<td><a href="([^"]+)">', entries))
    assert {f"/holdings/{MAPPING}", f"/obligations/{HOST}", "/meetings/SOM14"} <= pages
    assert "/functions/som-hosting" in pages
    assert [page for page in pages if site.browser.get(page).status_code != 200] == []


def test_whoever_offers_what_is_not_ready_is_told_before(site: Site) -> None:
    site.sign_in("un-act-head")
    offer = main_of(site, f"/holdings/{MAPPING}").split("Offer</summary>")[1].split("</form>")[0]
    assert "accepted once nothing is missing" in offer
    function = site.bench.office.programme.function("referral-mechanisms")
    assert function
    items = [item.slug for item in site.bench.office.programme.checklist(function)]
    waiver = Waive(holding=MAPPING, items=items, reason="Known.")
    site.bench.office.do(waiver, by="un-act", contact="un-act-head")
    assert "nothing is missing" not in main_of(site, f"/holdings/{MAPPING}")

"""What is asked of whom, seen and answered by every door: pages, mailed link, API, terminal."""

import re
from pathlib import Path

import pytest

from schemas.acts import Acknowledge, GrantExtension
from schemas.tables import Obligation
from secretariat.store import Store
from tests.conftest import BARE, at, cli
from tests.test_doors import bearer
from tests.test_obligations import HOST, Opened, a_meeting
from tests.test_promises import live, store, the, wish
from tests.test_web import Site

__all__ = ["store"]  # the pages are the same on both databases
PAGE = f"/obligations/{HOST}"


@pytest.fixture
def site(open_office: Opened, tmp_path: Path) -> Site:
    """Viet Nam was asked yesterday, and has had the mail; it is due on 12 November."""
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    live(bench, "2019-10-16")
    return Site(bench, tmp_path)


def host(site: Site) -> Obligation:
    return the(site.bench.office)


def press(site: Site, path: str, **form: str) -> int:
    nonce = re.search(r'name="nonce" value="([^"]+)"', site.browser.get(path).text)
    assert nonce
    return site.browser.post(path, data={"nonce": nonce[1], **form}).status_code


def test_the_list_shows_who_is_asked_what_late_first_and_by_body(site: Site) -> None:
    site.bench.clock.advance_to(at("2019-11-20T03:00"))
    page = site.browser.get("/obligations").text
    assert page.index("Host confirms date and venue") < page.index("Delegation named")
    assert "8 days late" in page
    assert "Delegation named" not in site.browser.get("/obligations?body=chair").text
    assert "Nothing." in site.browser.get("/obligations?done=true").text


def test_a_past_day_shows_what_was_asked_then(site: Site) -> None:
    assert (
        "You look at <strong>13 October 2019</strong>"
        in site.browser.get("/obligations?at=2019-10-13").text
    )


def test_one_obligation_is_shown_as_it_was_and_only_to_read(site: Site) -> None:
    office = site.bench.office
    asked_at = host(site).asked_at
    office.do(Acknowledge(obligation=HOST), by="tf-vn")
    site.bench.clock.advance_to(at("2019-11-20T03:00"))
    site.sign_in("tf-vn-focal-point")
    assert "8 days late" in site.browser.get(PAGE).text
    past = site.browser.get(f"{PAGE}?at={asked_at.isoformat().replace('+', '%2B')}").text
    assert "You look at <strong>15 October 2019</strong>" in past
    assert re.search(r"Acknowledge by</dt><dd>\d+ October 2019</dd>", past)
    assert "to tf-vn-focal-point" in past
    assert "can do now" not in past
    assert "not needed" not in past
    assert "No mail yet" in site.browser.get(f"{PAGE}?at=2019-10-14").text
    assert f'href="{PAGE}?at=2019-10-14"' in site.browser.get("/obligations?at=2019-10-14").text
    assert site.browser.get(f"{PAGE}?at=2019-10-13").status_code == 404


def test_who_got_nothing_is_shown_to_those_who_steer(site: Site) -> None:
    site.bench.clock.advance_to(at("2019-10-25T03:00"))  # and nobody ticked
    assert "Who got nothing" not in site.browser.get("/obligations").text
    site.sign_in("un-act-head")
    page = site.browser.get("/obligations").text
    assert "Who got nothing" in page
    assert "no mail was asked for" in page


def test_one_obligation_shows_both_days_its_ladder_and_its_mails(site: Site) -> None:
    wish(site.bench)
    site.bench.office.do(GrantExtension(obligation=HOST), by="un-act")
    site.sign_in("tf-vn-focal-point")
    page = site.browser.get(PAGE).text
    assert "First promised for" in page
    assert "12 November 2019" in page
    assert "25 November 2019" in page
    assert "extended by 9 working days" in page
    assert "unacknowledged chair" in page
    assert re.search(r"comes \d+ Nov 2019", page)
    assert "to tf-vn-focal-point" in page
    assert 'href="/mail/' not in page.split('id="mails-title"')[1]


def test_who_reads_all_mails_is_led_to_each_that_was_sent_about_it(site: Site) -> None:
    site.bench.clock.advance_to(at("2019-11-20T03:00"))
    site.sign_in("un-act-head")
    for page in (PAGE, "/"):
        led = re.findall(r'href="(/mail/\d+)', site.browser.get(page).text)
        assert led
        assert site.browser.get(led[0]).status_code == 200


def test_a_page_offers_what_the_signed_in_body_may_do(site: Site) -> None:
    assert "can do now" not in site.browser.get(PAGE).text
    wish(site.bench)
    site.sign_in("tf-vn-focal-point")
    own = site.browser.get(PAGE).text
    assert "Let reminders rest" in own
    assert "Grant until" not in own
    site.sign_in("un-act-head")
    steward = site.browser.get(PAGE).text
    assert "Grant until 25 Nov 2019" in steward
    assert "Let reminders rest" not in steward


@pytest.mark.parametrize(
    ("to", "reason", "words"),
    [
        ("2019-11-20", "  ", "reason: this must be given."),
        ("2019-11-20", "x" * 2001, "reason: this may have at most 2000 characters."),
        ("20/11/2019", "rain", "to: this is no date such as 2018-12-31."),
    ],
)
def test_what_is_wrong_in_a_form_is_said_for_people_with_the_way_back_to_it(
    site: Site, to: str, reason: str, words: str
) -> None:
    site.sign_in("tf-vn-focal-point")
    form = {"act": "ask-extension", "to": to, "reason": reason}
    answer = site.browser.post(PAGE, data=form)
    assert answer.status_code == 400
    assert words in answer.text
    assert "Go back in your browser" in answer.text
    assert f'<a href="{PAGE}">Back to the page</a>' in answer.text
    assert "Go back in your browser" not in site.browser.get("/nowhere").text


@pytest.mark.parametrize("door", ["documents", "delegations", "return/form", "return/file"])
def test_what_could_not_be_handed_in_leads_back_to_what_it_was_for(site: Site, door: str) -> None:
    site.sign_in("tf-vn-focal-point")
    answer = site.browser.post(f"/{door}/{HOST}", data={"answer": "?"})
    assert answer.status_code >= 400
    assert f'<a href="{PAGE}">Back to the page</a>' in answer.text


def test_a_button_does_its_act_and_a_preview_does_not(site: Site) -> None:
    site.sign_in("tf-vn-focal-point")
    form = {"act": "ask-extension", "to": "2019-11-25", "reason": "Fire."}
    seen = site.browser.post(PAGE, data={**form, "preview": "1"})
    assert "asks for a later day" in seen.text
    assert host(site).wanted_on is None
    assert site.browser.post(PAGE, data=form).headers["location"].startswith(f"{PAGE}?did=")
    assert host(site).wanted_on


def test_the_link_in_a_mail_acknowledges_then_puts_off_then_asks_then_is_done(site: Site) -> None:
    path = site.link()
    assert press(site, path) == 303
    assert press(site, path, answer="snooze", day="2019-10-25") == 303
    assert press(site, path, answer="snooze", day="2019-10-30") == 303
    assert press(site, path, answer="extend", day="2019-11-25", words="Fire.") == 303
    page = site.browser.get(path).text
    assert "Reminders rest until 30 October 2019" in page
    assert "More time was asked for, until 25 November 2019" in page
    assert press(site, path, answer="done", words="Ha Noi") == 303
    found = host(site)
    assert (found.snoozes, found.done_by, found.note) == (2, "tf-vn", "Ha Noi")


def test_a_link_held_by_somebody_above_neither_puts_off_nor_asks_for_time(site: Site) -> None:
    path = site.link("un-act-head")
    page = site.browser.get(path).text
    assert "Not before a day" not in page
    assert press(site, path, answer="snooze", day="2019-10-25") == 403
    assert host(site).snoozes == 0


@pytest.mark.parametrize(
    "form", [{"answer": "snooze", "day": "soon"}, {"answer": "snooze"}, {"answer": "tea"}]
)
def test_a_bad_answer_gets_a_sentence_and_changes_nothing(site: Site, form: dict[str, str]) -> None:
    path = site.link()
    before = site.everything()
    assert press(site, path, **form) == 400
    assert site.everything() == before


def test_the_api_puts_off_and_says_what_would_happen(site: Site) -> None:
    head = bearer(site, "tf-vn-head")
    act = {"act": "snooze", "obligation": HOST, "until": "2019-10-25"}
    would = site.browser.post("/api/acts?dry_run=true", json=act, headers=head).json()["would"]
    assert would == [
        "Viet Nam task force puts reminders off until 25 October 2019: "
        "Host confirms date and venue (SOM hosting, SOM14)"
    ]
    assert site.browser.post("/api/acts", json=act, headers=head).status_code == 200
    assert host(site).snoozes == 1


def test_at_a_terminal_it_is_listed_asked_for_and_granted(
    site: Site, store: Store, tmp_path: Path
) -> None:
    site.bench.clock.advance_to(at("2019-10-17"))
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path)}
    listed = cli("obligation", "list", "--body", "tf-vn", environment=environment)
    assert HOST.partition("@")[0][:20] in listed.stdout
    to = ("--to", "2190-01-05", "--reason", "Fire.", "--by", "tf-vn")
    dry = cli("obligation", "extend", HOST, *to, "--dry-run", environment=environment)
    assert "Nothing is done" in dry.stdout
    assert "A mail to" in dry.stdout
    cli("obligation", "extend", HOST, *to, environment=environment)
    granted = cli("obligation", "grant", HOST, environment=environment)
    assert "UN-ACT gave Viet Nam task force until 5 January 2190" in granted.stdout
    refused = cli("obligation", "refuse", HOST, "--reason", "No.", environment=environment)
    assert refused.returncode == 2
    assert "Nobody asks for more time" in refused.stderr

"""Handing over in a browser, from a mailed link and through the API: the same acts, one answer."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from schemas.acts import Offer
from schemas.phase import Phase
from schemas.scope import Scope
from schemas.tables import Entry, Holding
from secretariat.web import sessions
from tests.conftest import Bench
from tests.test_handover import MAPPING, handed_over, live_until, the, waived
from tests.test_web import LINKS, Site

PAGE = f"/holdings/{MAPPING}"
NO_STAFF = {"act": "decline", "holding": MAPPING, "reason": "no staff"}


@pytest.fixture
def site(open_office: Callable[[str], Bench], tmp_path: Path) -> Site:
    return Site(open_office("2018-08-13T03:00"), tmp_path)


def offered(site: Site) -> str:
    """An open offer to Lao PDR; the path of the link its head was mailed."""
    office = site.bench.office
    waived(office, MAPPING)
    office.do(Offer(holding=MAPPING), by="un-act")
    return link(site, "tf-la-head")


def link(site: Site, contact: str, purpose: str = "offer") -> str:
    with site.bench.office.store.write() as session:
        now = site.bench.clock.now()
        return LINKS.mint(session, purpose, MAPPING, contact, now + timedelta(days=30), now)


def bearer(site: Site, contact: str, scopes: Iterable[Scope] = Scope) -> dict[str, str]:
    with site.bench.office.store.write() as session:
        found = site.bench.office.programme.contact(contact)
        assert found
        token = sessions.admit(site.bench.office, session, found, timedelta(days=1), tuple(scopes))
    return {"Authorization": f"Bearer {token}"}


def entries(site: Site) -> int:
    with site.bench.office.store.read() as session:
        return len(session.exec(select(Entry.seq)).all())


# -- from a mailed link ----------------------------------------------------------------------------


def test_an_offer_is_accepted_from_the_link_in_its_mail(site: Site) -> None:
    path = offered(site)
    page = site.browser.get(path).text
    assert "Lao PDR task force accepts this duty" in page
    assert the(site.bench.office, MAPPING).owner == "un-act"  # opening it changed nothing
    assert site.press(path, answer="accept").status_code == 303
    assert the(site.bench.office, MAPPING).owner == "tf-la"
    assert "Nothing is left to answer here" in site.browser.get(path).text


def test_an_offer_is_declined_from_the_link_with_a_reason(site: Site) -> None:
    path = offered(site)
    refused = site.press(path, answer="decline", words=" ")
    assert refused.status_code == 400
    answered = site.press(path, answer="decline", words="no staff")
    assert answered.status_code == 303
    assert (the(site.bench.office, MAPPING).owner, the(site.bench.office, MAPPING).standing) == (
        "un-act",
        "steady",
    )


def test_a_link_answers_once(site: Site) -> None:
    path = offered(site)
    site.press(path, answer="accept")
    again = site.press(path, answer="accept")
    assert again.status_code == 200
    assert "already accepted by Lao PDR task force on Monday, 13 August 2018, 10:00" in again.text


def test_of_many_presses_at_once_one_counts(site: Site) -> None:
    path = offered(site)
    before = entries(site)
    with ThreadPoolExecutor(8) as presses:
        answers = list(
            presses.map(lambda _: site.press(path, answer="accept").status_code, range(8))
        )
    assert sorted(answers) == [200] * 7 + [303]
    assert entries(site) == before + 1


def test_a_link_without_an_answer_does_nothing(site: Site) -> None:
    path = offered(site)
    before = entries(site)
    for form in ({}, {"answer": "maybe"}, {"answer": "advance"}, {"answer": "performed"}):
        assert site.press(path, **form).status_code == 400
    assert entries(site) == before


def test_another_body_s_link_cannot_answer_the_offer(site: Site) -> None:
    offered(site)
    path = link(site, "tf-th-head")
    for answer in (site.browser.get(path), site.press(path, answer="accept")):
        assert answer.status_code == 404
        assert "This link cannot be used" in answer.text
    assert the(site.bench.office, MAPPING).owner == "un-act"


def test_a_review_is_answered_from_its_link(site: Site) -> None:
    bench = site.bench
    handed_over(bench.office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    live_until(bench, "2018-11-14T03:00")
    path = link(site, "tf-la-head", "review")
    assert "Is the duty still performed?" in site.browser.get(path).text
    assert site.press(path, answer="performed").status_code == 303
    assert "still performed" in site.browser.get(PAGE).text


# -- in a browser ----------------------------------------------------------------------------------


def test_a_holding_s_page_shows_owner_readiness_roles_and_history(site: Site) -> None:
    office = site.bench.office
    handed_over(office, MAPPING, "tf-la")
    page = site.browser.get(PAGE).text
    for words in (
        "Map capacities and consult",
        "Lao PDR task force",
        "agreed by the SOM",
        "Ready to be government-led",
        "Accountable",
        "UN-ACT offered",
    ):
        assert words in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]  # nobody is signed in


def test_a_page_offers_what_the_signed_in_body_can_do(site: Site) -> None:
    offered(site)
    site.sign_in("tf-la-head")
    page = site.browser.get(PAGE).text
    assert 'value="accept"' in page
    assert 'value="withdraw"' not in page


def test_a_button_does_its_act_and_a_preview_does_not(site: Site) -> None:
    offered(site)
    site.sign_in("tf-la-head")
    form = {"act": "accept", "seen": str(the(site.bench.office, MAPPING).version)}
    before = entries(site)
    shown = site.browser.post(PAGE, data={**form, "preview": "1"})
    assert shown.status_code == 200
    assert "What would happen" in shown.text
    assert "Lao PDR task force accepted" in shown.text
    assert entries(site) == before
    assert site.browser.post(PAGE, data=form).status_code == 303
    assert the(site.bench.office, MAPPING).owner == "tf-la"


def test_a_stale_page_is_refused_with_409(site: Site) -> None:
    offered(site)
    site.sign_in("tf-la-head")
    refused = site.browser.post(PAGE, data={"act": "accept", "seen": "1"})
    assert refused.status_code == 409
    assert "has changed since you looked at it" in refused.text


def test_readiness_is_shown_and_waived_in_the_browser(site: Site) -> None:
    site.sign_in("tf-la-head")
    attest = {"act": "attest", "item": "contacts", "evidence": "Letter <b>12</b>"}
    assert site.browser.post(PAGE, data=attest).status_code == 303
    assert "Letter &lt;b&gt;12&lt;/b&gt;" in site.browser.get(PAGE).text
    waive = {"act": "waive", "item": "people", "reason": "x"}
    assert site.browser.post(PAGE, data=waive).status_code == 403
    site.sign_in("un-act-head")
    assert site.browser.post(PAGE, data=waive).status_code == 303
    assert "un-act-head" in site.browser.get(PAGE).text


def test_nobody_acts_without_signing_in_or_from_another_site(site: Site) -> None:
    offered(site)
    before = entries(site)
    assert site.browser.post(PAGE, data={"act": "accept"}).status_code == 403
    site.sign_in("tf-la-head")
    elsewhere = {"Origin": "http://evil.example"}
    assert site.browser.post(PAGE, data={"act": "accept"}, headers=elsewhere).status_code == 403
    assert entries(site) == before


def test_a_former_chair_s_contact_cannot_act_for_the_chair(site: Site) -> None:
    site.sign_in("chair-cn-head")  # nobody holds the chair yet
    refused = site.browser.post(
        "/holdings/som-hosting/venue-and-money@chair",
        data={"act": "attest", "item": "people", "evidence": "x"},
    )
    assert refused.status_code == 403


def test_the_pages_show_any_past_day(site: Site) -> None:
    bench = site.bench
    handed_over(bench.office, MAPPING, "tf-la")
    live_until(bench, "2018-09-13T03:00")
    assert "Lao PDR task force" in site.browser.get(f"{PAGE}?at=2018-08-13").text
    assert site.browser.get(f"{PAGE}?at=2018-08-12").status_code == 404  # not opened yet
    past = site.browser.get("/functions/referral-mechanisms?at=2018-08-13").text
    assert "You look at <strong>13 August 2018</strong>" in past
    assert f"{PAGE}?at=2018-08-13" in past


@pytest.mark.parametrize("path", ["/functions/nonsense", "/holdings/nonsense", "/holdings/a/b@c"])
def test_what_is_not_there_is_said(site: Site, path: str) -> None:
    missing = site.browser.get(path)
    assert missing.status_code == 404
    assert "There is no" in missing.text


def test_what_no_database_can_look_for_is_not_there(site: Site) -> None:
    for path in ("/runs/%00", "/holdings/%00", "/functions/%00", "/link/%00", "/runs/%ED%A0%80"):
        assert site.browser.get(path).status_code in (400, 404), path
    for path in ("/api/holdings/a%00b", "/api/status?at=%00", "/?at=2018-06-30%00"):
        assert site.browser.get(path).status_code in (400, 404), path
    assert site.browser.get("/ledger?q=%00").status_code in (200, 400)


# -- through the API -------------------------------------------------------------------------------


def do(site: Site, act: Any, contact: str, **headers: str) -> Any:
    sent = {"Content-Type": "application/json"} | bearer(site, contact) | headers
    return site.browser.post("/api/acts", content=json.dumps(act), headers=sent)


def test_the_api_does_an_act_for_the_body_of_its_token(site: Site) -> None:
    offered(site)
    answer = do(site, {"act": "accept", "holding": MAPPING}, "tf-la-head")
    assert answer.status_code == 200
    [event] = answer.json()["events"]
    assert (event["kind"], event["data"]["owner"]) == ("holding.accepted", "tf-la")


def test_the_api_says_what_would_happen(site: Site) -> None:
    offered(site)
    before = entries(site)
    answer = site.browser.post(
        "/api/acts?dry_run=true", json=NO_STAFF, headers=bearer(site, "tf-la-head")
    )
    assert answer.json()["would"] == [
        "Lao PDR task force declined “Map capacities and consult” (Referral mechanisms, Lao PDR): "
        "no staff"
    ]
    assert [mail["to"] for mail in answer.json()["mails"]] == [
        '"UN-ACT, head" <coordinator@un-act.example>'
    ]
    assert entries(site) == before


def test_the_api_does_an_act_with_the_same_key_once(site: Site) -> None:
    offered(site)
    key = {"Idempotency-Key": "7"}
    assert len(do(site, NO_STAFF, "tf-la-head", **key).json()["events"]) == 1
    assert do(site, NO_STAFF, "tf-la-head", **key).json()["events"] == []


def test_of_two_programs_at_once_one_gets_409_with_both_versions(site: Site) -> None:
    offered(site)
    seen = the(site.bench.office, MAPPING).version
    act = {"act": "accept", "holding": MAPPING, "seen": seen}
    headers = bearer(site, "tf-la-head")
    with ThreadPoolExecutor(2) as both:
        answers = list(
            both.map(lambda _: site.browser.post("/api/acts", json=act, headers=headers), range(2))
        )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 409)
    assert lost.headers["content-type"] == "application/problem+json"
    problem = lost.json()
    assert (problem["seen"]["event"], problem["now"]["event"]) == (
        "holding.offered",
        "holding.accepted",
    )


@pytest.mark.parametrize(
    ("act", "status", "words"),
    [
        ({}, 400, "there is no act “”"),
        ({"act": "retrun"}, 400, "there is no act “retrun”"),
        ({"act": "accept"}, 400, "holding: this must be given"),
        ({"act": "accept", "holding": MAPPING, "phase": "x"}, 400, "takes no such thing"),
        ({"act": "accept", "holding": "nonsense"}, 404, "There is no holding “nonsense”"),
        ({"act": "accept", "holding": MAPPING}, 409, "a holding must be"),
        ({"act": "offer", "holding": MAPPING}, 403, "is for its owner, un-act; not for tf-la"),
    ],
)
def test_a_bad_act_gets_a_sentence(site: Site, act: Any, status: int, words: str) -> None:
    before = entries(site)
    answer = do(site, act, "tf-la-head")
    assert answer.status_code == status
    assert words in answer.json()["title"]
    assert entries(site) == before


def test_what_cannot_be_kept_gets_a_sentence(site: Site) -> None:
    before = entries(site)
    accept = {"act": "accept", "holding": MAPPING}
    for act, words in (
        ({"act": "\ud800"}, "there is no act “\N{REPLACEMENT CHARACTER}”"),
        ({**accept, "\ud800": 1}, "Input should be a valid string"),
        ({"act": "postpone-som", "som": "SOM14", "to": "\ud800"}, "is neither a date like"),
        ({**accept, "holding": "a\0b"}, "holding: this must be one line of text"),
        ({**accept, "holding": "x" * 201}, "at most 200 characters"),
        ({**accept, "seen": 0}, "seen: "),
        ({**accept, "act": "offer", "phase": "x"}, "this must be shared or government_led"),
        ({**accept, "seen": 2**70}, "seen: "),
        ({**NO_STAFF, "reason": "a\0b"}, "the character U+0000 cannot be part of a text"),
        ({**NO_STAFF, "reason": "\u202efdp"}, "the character U+202E"),
        ({**NO_STAFF, "reason": "x" * 2001}, "at most 2000 characters"),
        ({**NO_STAFF, "act": "suspend", "follow_up": "9999-12-31"}, "lies too far away"),
    ):
        answer = do(site, act, "tf-la-head")
        assert answer.status_code == 400, act
        assert words in answer.json()["title"]
    assert entries(site) == before


def test_what_is_no_act_at_all_gets_a_sentence(site: Site) -> None:
    headers = bearer(site, "tf-la-head") | {"Content-Type": "application/json"}
    for body in ("", "null", "[]", '"accept"', "3", "true", "{", "NaN"):
        answer = site.browser.post("/api/acts", content=body, headers=headers)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Send one act as a JSON object" in answer.json()["title"]


def test_the_api_needs_a_token_that_is_known(site: Site) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        assert site.browser.post("/api/acts", json=NO_STAFF, headers=headers).status_code == 403


def test_the_api_shows_a_holding_and_the_status(site: Site) -> None:
    handed_over(site.bench.office, MAPPING, "tf-la")
    headers = bearer(site, "tf-la-head")
    found = site.browser.get(f"/api/holdings/{MAPPING}", headers=headers).json()
    assert (found["owner"], found["phase"], found["version"]) == ("tf-la", "shared", 4)
    assert found["possible"] == ["offer", "advance", "return", "suspend"]
    functions = site.browser.get("/api/status").json()["functions"]
    assert len(functions) == 17
    assert site.browser.get("/api/status?at=nonsense").status_code == 400


LETTER = {"document": "note verbale 12.pdf", "sha256": "a" * 64}


def test_the_api_acts_on_behalf_of_a_body_by_its_letter(site: Site) -> None:
    offered(site)
    act = {"act": "accept", "holding": MAPPING, "on_behalf_of": "tf-la", "letter": LETTER}
    [event] = do(site, act, "un-act-head").json()["events"]
    assert event["data"]["owner"] == "tf-la"
    assert event["data"]["letter"] == {**LETTER, "filed_by": "un-act"}
    assert "on its behalf: UN-ACT, by the letter “note verbale 12.pdf”" in event["words"]


@pytest.mark.parametrize(
    ("more", "contact", "status"),
    [
        ({"letter": LETTER, "on_behalf_of": "tf-la"}, "tf-th-head", 403),
        ({"letter": {"document": "x"}, "on_behalf_of": "tf-la"}, "un-act-head", 400),
        ({"letter": "x", "on_behalf_of": "tf-la"}, "un-act-head", 400),
        ({"letter": LETTER, "on_behalf_of": "nobody"}, "un-act-head", 404),
        ({"on_behalf_of": "tf-la"}, "un-act-head", 400),
    ],
)
def test_without_a_letter_that_counts_nobody_acts_for_another(
    site: Site, more: dict[str, Any], contact: str, status: int
) -> None:
    offered(site)
    before = entries(site)
    answer = do(site, {"act": "accept", "holding": MAPPING, **more}, contact)
    assert answer.status_code == status
    assert entries(site) == before


def test_engine_acts_cannot_be_asked_for_by_people(site: Site) -> None:
    offered(site)
    for contact in ("un-act-head", "tf-la-head"):
        answer = do(site, {"act": "expire", "holding": MAPPING}, contact)
        assert answer.status_code == 403


def test_every_holding_can_be_looked_at(site: Site) -> None:
    office = site.bench.office
    with office.store.read() as session:
        keys = list(session.exec(select(Holding.id)))[::12]
    for key in keys:
        assert site.browser.get(f"/holdings/{key}").status_code == 200
    for function in office.programme.functions:
        assert site.browser.get(f"/functions/{function.slug}").status_code == 200


# -- the ledger's page -----------------------------------------------------------------------------


def test_the_ledger_is_read_searched_and_paged(site: Site) -> None:
    handed_over(site.bench.office, MAPPING, "tf-la")
    page = site.browser.get("/ledger?verify=1").text
    assert "The ledger is whole: 129 entries" in page
    assert "Lao PDR task force accepted" in page
    assert "Older entries" in page
    found = site.browser.get("/ledger?q=mapping%40LA tf-la accepted").text
    assert found.count("<tr id=") == 1
    older = site.browser.get("/ledger?before=51").text
    assert older.count("<tr id=") == 50
    assert "Older entries" not in older
    assert "Nothing found" in site.browser.get("/ledger?q=%25").text
    accepted = site.browser.get("/ledger?kind=holding&by=tf-la").text
    assert "accepted" in accepted
    assert "UN-ACT" not in accepted.split("<tbody>")[1]
    assert "Nothing found" in site.browser.get("/ledger?by=tf-la&until=2000-01-01").text
    assert site.browser.get("/ledger?since=soon").status_code == 400


def test_the_ledger_s_page_says_what_was_changed(site: Site) -> None:
    from sqlalchemy import text

    with site.bench.office.store.engine.begin() as connection:
        connection.execute(text("update ledger set subject = '<script>' where seq = 7"))
    page = site.browser.get("/ledger?before=9&verify=1").text
    assert "Entry 7 does not match its seal" in page
    assert "<script>" not in page

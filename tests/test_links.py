"""Links in mails: opening one changes nothing, its button does one act, once, and no other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, select, update

from schemas.acts import AgreeChair, EndBody, HoldPost, Offer, TakeChair, Withdraw
from schemas.tables import Link, Person
from secretariat.store import Store
from tests.conftest import Bench, at
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
    from schemas.tables import Holding

    with site.bench.office.store.read() as session:
        return session.get_one(Holding, MAPPING).version


def minted(site: Site, purpose: str, subject: str, contact: str) -> str:
    now = site.bench.clock.now()
    with site.bench.office.store.write() as session:
        return LINKS.mint(session, purpose, subject, contact, now + timedelta(days=30), now)


# -- what is no link to act by ---------------------------------------------------------------------


def expire(site: Site, _path: str) -> None:
    site.bench.until("2019-02-20")


def call_back(site: Site, _path: str) -> None:
    change(site, revoked_at=site.bench.clock.now())


def change(site: Site, **columns: Any) -> None:
    """Write into the store past the program, as somebody who got hold of it would."""
    with site.bench.office.store.write() as session:
        session.exec(update(Link).values(**columns))


def end_body(site: Site, _path: str) -> None:
    site.bench.office.do(EndBody(body="tf-vn", reason="restructured"), by="un-act")


def pass_post_on(site: Site, _path: str) -> None:
    with site.bench.office.store.write() as session:
        session.add(Person(slug="p1", name="Somebody Else"))
    day = at("2019-01-02").date()
    site.bench.office.do(HoldPost(post="tf-vn-focal-point", person="p1", since=day), by="tf-vn")


WRONG: dict[str, Callable[[Site, str], object]] = {
    "expired": expire,
    "called back": call_back,
    "another purpose": lambda site, _: change(site, purpose="sign-in"),
    "another object": lambda site, _: change(site, object=HOST.replace("@tf-vn", "@tf-kh")),
    "another contact": lambda site, _: change(site, contact="un-act-head"),
    "another key": lambda site, _: change(site, key="0" * 8),
    "forgotten": lambda site, _: site_without_links(site),
    "its body ended": end_body,
    "its post passed on": pass_post_on,
}


def site_without_links(site: Site) -> None:
    with site.bench.office.store.write() as session:
        for link in session.exec(select(Link)):
            session.delete(link)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_used_looks_the_same_and_does_nothing(site: Site, wrong: str) -> None:
    path = site.link()
    WRONG[wrong](site, path)
    before = dump(site.bench.office.store)
    assert neutral(site, path) == neutral(site, "/link/none")
    assert dump(site.bench.office.store) == before


def test_a_former_chair_s_link_looks_like_none(site: Site) -> None:
    path = site.link("chair-cn-head")
    assert site.browser.get(path).status_code == 200
    site.bench.office.do(AgreeChair(som="SOM14", member="VN"), by="chair")
    site.bench.office.do(TakeChair(som="SOM14"), by="un-act")
    assert neutral(site, path) == neutral(site, "/link/none")


def test_a_link_of_a_body_that_was_never_asked_looks_like_none(site: Site) -> None:
    assert neutral(site, site.link("tf-th-head")) == neutral(site, "/link/none")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 84), bit=st.integers(0, 6))
def test_a_link_with_one_bit_changed_is_none(site: Site, place: int, bit: int) -> None:
    token = site.link().rpartition("/")[2]
    altered = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
    with site.bench.office.store.read() as session:
        assert LINKS.find(session, token)
        assert LINKS.find(session, altered) is None


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJub25lIn0.eyJwdXJwb3NlIjoic2lnbi1pbiJ9.",  # “alg”: “none”
        "none.none.none",
        "." * 85,
        "%00",
        "ü" * 85,
        "a" * 5000,
    ],
)
def test_nonsense_is_no_link_and_no_error(site: Site, token: str) -> None:
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

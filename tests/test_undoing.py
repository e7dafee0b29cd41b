"""After an act the page says what was done, and offers to undo what can be taken back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from schemas.acts import Accept, Offer, Waive
from schemas.meeting_tables import AgendaItem
from schemas.programme import Programme
from schemas.tables import Holding, Mail, Som
from secretariat.sentences import SENTENCES
from secretariat.web.undoing import OPPOSITES
from tests.served import opened_site
from tests.test_web import Site

MAPPING = "referral-mechanisms/mapping@LA"


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        found.sign_in("un-act-head")
        yield found


def act(site: Site, page: str, **form: str) -> str:
    """Press a button; the address one is led to."""
    answer = site.browser.post(page, data=form)
    assert answer.status_code == 303, answer.text
    after: str = answer.headers["location"]
    assert re.fullmatch(rf"{re.escape(page)}\?did=\d+", after)
    return after


def done(site: Site, address: str) -> str:
    """What the page says was just done."""
    page = site.browser.get(address)
    assert page.status_code == 200
    return page.text.partition('<section class="first done"')[2].partition("</section>")[0]


def undo(site: Site, address: str, **more: str) -> str:
    """Look at what undoing would do, then press Undo; where one is led to."""
    said = done(site, address)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', said))
    assert ('name="reason"' in said) == ("reason" in more)
    page = address.partition("?")[0]
    seen = site.browser.post(page, data={**hidden, **more, "preview": "1"})
    assert "Nothing is done yet" in seen.text
    return act(site, page, **hidden, **more)


def test_an_offer_is_withdrawn_where_it_was_made(site: Site) -> None:
    after = act(site, f"/holdings/{MAPPING}", act="offer", phase="shared")
    assert "UN-ACT offered “Map capacities" in done(site, after)
    withdrawn = undo(site, after)
    with site.bench.office.store.read() as session:
        assert session.get_one(Holding, MAPPING).standing == "steady"
    assert "withdrew" in done(site, withdrawn)
    assert ">Undo<" not in done(site, withdrawn)  # an offer withdrawn is offered anew


def test_what_was_answered_meanwhile_can_not_be_undone(site: Site) -> None:
    office = site.bench.office
    waiver = Waive(holding=MAPPING, items=["contacts"], reason="Known.")
    office.do(waiver, by="un-act", contact="un-act-head")
    after = act(site, f"/holdings/{MAPPING}", act="offer", phase="shared")
    assert ">Undo<" in done(site, after)
    office.do(Accept(holding=MAPPING), by="tf-la")
    assert "UN-ACT offered" in done(site, after)
    assert ">Undo<" not in done(site, after)


def test_only_the_body_that_acted_is_told(site: Site) -> None:
    after = act(site, f"/holdings/{MAPPING}", act="offer", phase="shared")
    site.sign_in("tf-la-head")
    assert done(site, after) == ""
    site.browser.cookies.clear()
    for number in (after.partition("=")[2], "0", "-1", "x", "9" * 30):
        assert done(site, f"/holdings/{MAPPING}?did={number}") == ""


def test_a_meeting_that_was_moved_is_moved_back_with_a_reason(site: Site) -> None:
    def day() -> str:
        with site.bench.office.store.read() as session:
            return session.get_one(Som, "SOM14").anchor

    before = day()
    form = {"act": "postpone-som", "to": "2020-05-12", "reason": "An election."}
    after = act(site, "/meetings/SOM14", **form)
    assert "An election" in done(site, after)
    assert day() == "2020-05-12"
    back = undo(site, after, reason="The election is put off.")
    assert day() == before
    assert ">Undo<" in done(site, back)  # and once more to the later day


def test_an_item_of_an_agenda_and_a_held_mail_are_taken_back(site: Site) -> None:
    added = act(site, "/meetings/SOM14", act="add-item", title="Budgets")
    undo(site, added, reason="Not now.")
    with site.bench.office.store.read() as session:
        (item,) = session.exec(select(AgendaItem).where(AgendaItem.title == "Budgets")).all()
        mail = session.exec(select(Mail)).first()
    assert not item.stands
    assert mail
    held = act(site, f"/mail/{mail.id}", act="hold-mail", reason="A wrong date.")
    assert ">Undo<" in done(site, held)
    undo(site, held)
    with site.bench.office.store.read() as session:
        assert session.get_one(Mail, mail.id).state == "waiting"


def test_a_duty_put_aside_is_taken_up_again(site: Site) -> None:
    take_over(site)
    site.sign_in("tf-la-head")
    form = {"act": "suspend", "reason": "A flood.", "follow_up": "2019-03-01"}
    resumed = undo(site, act(site, f"/holdings/{MAPPING}", **form))
    assert "Lao PDR task force resumed" in done(site, resumed)


def take_over(site: Site) -> None:
    office = site.bench.office
    waiver = Waive(holding=MAPPING, items=["contacts"], reason="Known.")
    office.do(waiver, by="un-act", contact="un-act-head")
    office.do(Offer(holding=MAPPING), by="un-act")
    office.do(Accept(holding=MAPPING), by="tf-la")


def test_who_is_said_to_be_absent_is_back(site: Site) -> None:
    away = {"act": "be-absent", "post": "un-act-head", "substitute": "un-act-focal-point"}
    after = act(site, "/people", **away, since="2019-01-03", until="2019-01-20")
    undo(site, after)
    assert "Back already" not in site.browser.get("/people").text


def test_each_thing_that_can_be_undone_is_one_that_happens() -> None:
    assert {kind for kind in OPPOSITES if kind not in SENTENCES} <= {"agenda.item-added"}

"""The chair's turns: passed, swapped, agreed; and whoever is next is asked weeks ahead."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from schemas.act import Act
from schemas.acts import (
    AgreeChair,
    AskBodies,
    CloseSom,
    OpenCycle,
    PlanMilestones,
    PlanSom,
    PostponeSom,
    TakeChair,
)
from schemas.anchor import Anchor
from schemas.tables import Mail, Obligation
from schemas.turn_acts import AcceptSwap, DeclineSwap, OfferSwap, PassTurn
from secretariat import chair
from secretariat.commands.turns import turns
from secretariat.errors import ConflictError, NotAllowedError, UnknownError
from tests.conftest import Bench
from tests.test_web import LINKS, Site


@pytest.fixture
def bench(open_office: Callable[[str], Bench]) -> Bench:
    """China holds the chair for SOM13; Viet Nam is informally agreed for SOM14."""
    bench = open_office("2018-10-01T03:00+00:00")
    for act in (
        AgreeChair(som="SOM13", member="CN"),
        TakeChair(som="SOM13"),
        PlanSom(som="SOM13", host="CN", on=Anchor.model_validate("2019-Q1")),
        AgreeChair(som="SOM14", member="VN", agreement="informal"),
    ):
        bench.office.do(act, by="un-act")
    return bench


def do(bench: Bench, act: Act, by: str) -> None:
    bench.office.do(act, by=by)


def line(bench: Bench) -> list[str | None]:
    """Who chairs SOM13, SOM14, …"""
    with bench.office.store.read() as session:
        return [turn.member for turn in turns(session, bench.office.programme, ahead=4)]


def written_to(bench: Bench) -> list[str]:
    with bench.office.store.read() as session:
        mails = select(Mail).where(Mail.template == "turn").order_by(col(Mail.id))
        return [mail.contact for mail in session.exec(mails)]


def test_after_what_is_agreed_the_line_goes_on_as_the_programme_says(bench: Bench) -> None:
    assert line(bench) == ["CN", "VN", "KH", "LA", "MM", "TH"]


def test_formal_and_informal_agreements_are_told_apart(bench: Bench) -> None:
    with bench.office.store.read() as session:
        found = turns(session, bench.office.programme)
    assert [turn.agreed for turn in found[:3]] == ["formal", "informal", ""]


def test_who_passes_loses_its_agreement_and_is_first_for_the_meeting_after(bench: Bench) -> None:
    do(bench, PassTurn(som="SOM14", reason="no budget line yet"), "tf-vn")
    assert line(bench)[:4] == ["CN", "KH", "VN", "LA"]
    assert written_to(bench) == [
        "tf-kh-head",
        "un-act-head",
    ]  # whose turn it is now, and who steers


def test_a_swap_counts_once_the_other_has_accepted_it(bench: Bench) -> None:
    do(bench, OfferSwap(som="SOM15", other="TH", reason="elections that year"), "tf-kh")
    assert line(bench)[2:] == ["KH", "LA", "MM", "TH"]
    do(bench, AcceptSwap(som="SOM15"), "tf-th")
    assert line(bench)[2:] == ["TH", "LA", "MM", "KH"]
    assert written_to(bench) == ["tf-th-head", "un-act-head", "tf-kh-head", "un-act-head"]


def test_a_declined_swap_leaves_the_line_and_may_be_offered_to_another(bench: Bench) -> None:
    do(bench, OfferSwap(som="SOM15", other="TH", reason="elections"), "tf-kh")
    with pytest.raises(ConflictError, match="offered to TH, who has not answered"):
        do(bench, OfferSwap(som="SOM15", other="LA", reason="elections"), "tf-kh")
    do(bench, DeclineSwap(som="SOM15", reason="not ready either"), "tf-th")
    assert line(bench)[2:] == ["KH", "LA", "MM", "TH"]
    do(bench, OfferSwap(som="SOM15", other="LA", reason="elections"), "tf-kh")
    do(bench, AcceptSwap(som="SOM15"), "tf-la")
    assert line(bench)[2:4] == ["LA", "KH"]


def test_nobody_gives_or_takes_a_turn_for_another(bench: Bench) -> None:
    with pytest.raises(NotAllowedError, match="tf-kh or un-act"):
        do(bench, PassTurn(som="SOM15", reason="let us"), "tf-la")
    do(bench, OfferSwap(som="SOM15", other="TH", reason="elections"), "un-act")
    for other in ("tf-la", "un-act"):
        with pytest.raises(NotAllowedError, match="tf-th"):
            do(bench, AcceptSwap(som="SOM15"), other)


@pytest.mark.parametrize(
    ("act", "error", "sentence"),
    [
        (PassTurn(som="SOM13", reason="late"), ConflictError, "already holds the chair"),
        (PassTurn(som="SOM9", reason="late"), UnknownError, "Nobody’s turn is known"),
        (OfferSwap(som="SOM15", other="XX", reason="x"), UnknownError, "no member"),
        (AcceptSwap(som="SOM15"), ConflictError, "No swap of SOM15"),
    ],
)
def test_a_turn_that_cannot_change_any_more_says_why(
    bench: Bench, act: Act, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        do(bench, act, "un-act")


def test_whose_turn_the_next_meeting_is_is_asked_weeks_ahead_and_anew_when_it_is_passed(
    bench: Bench,
) -> None:
    def asked() -> str:
        for act in (OpenCycle, PlanMilestones, AskBodies):
            bench.office.do(act(function="chair-rotation", cycle="SOM13"), by="un-act")
        with bench.office.store.read() as session:
            query = select(Obligation).where(Obligation.milestone == "next-chair-ready")
            return session.exec(query).one().body

    assert asked() == "tf-vn"
    do(bench, PassTurn(som="SOM14", reason="no budget line yet"), "tf-vn")
    assert asked() == "tf-kh"


def test_whoever_is_next_reads_the_brief_by_its_mailed_link(bench: Bench, tmp_path: Path) -> None:
    for act in (OpenCycle, PlanMilestones, AskBodies):
        bench.office.do(act(function="chair-rotation", cycle="SOM13"), by="un-act")
    site = Site(bench, tmp_path)

    def link(milestone: str) -> str:
        with bench.office.store.write() as session:
            now, key = bench.clock.now(), f"chair-rotation/SOM13/{milestone}@tf-vn"
            until = now + timedelta(days=30)
            return LINKS.mint(session, "obligation", key, "tf-vn-focal-point", until, now)

    brief = link("brief-received")
    assert f"{brief}/dossier.pdf" in site.browser.get(brief).text
    assert site.browser.get(f"{brief}/dossier.pdf").content.startswith(b"%PDF")
    assert site.browser.get(f"{link('next-chair-ready')}/dossier.pdf").status_code == 403
    assert site.browser.get("/link/nothing/dossier.pdf").status_code == 404


def test_the_term_moves_with_its_meeting_and_ends_with_it(bench: Bench) -> None:
    postponed = PostponeSom(som="SOM13", to=Anchor.model_validate("2019-06-12"), reason="resources")
    do(bench, postponed, "un-act")
    with bench.office.store.read() as session:
        first = chair.seen(session, bench.office.programme)[0]
    assert first.meets
    assert (first.meets.words, first.was and first.was.words, first.until) == (
        "12 June 2019", "first quarter of 2019", None,
    )  # fmt: skip
    bench.until("2019-06-13T03:00")
    do(bench, CloseSom(som="SOM13"), "un-act")
    with bench.office.store.read() as session:
        places = [each.place for each in chair.seen(session, bench.office.programme)[:2]]
    assert places == ["outgoing", "in office"]


def test_a_turn_is_offered_and_taken_on_its_page(bench: Bench, tmp_path: Path) -> None:
    site = Site(bench, tmp_path)
    assert "Give this turn away" not in site.browser.get("/chair").text
    site.sign_in("tf-kh-head")
    assert site.browser.get("/chair").text.count("Give this turn away") == 1
    form = {"act": "offer-swap", "som": "SOM15", "other": "TH", "reason": "<elections>"}
    assert site.browser.post("/chair", data=form).status_code == 303
    assert "&lt;elections&gt;" in site.browser.get("/chair").text
    site.sign_in("tf-th-head")
    assert "Take this turn, give ours" in site.browser.get("/chair").text
    site.browser.post("/chair", data={"act": "accept-swap", "som": "SOM15"})
    assert "taken from Cambodia by a swap" in site.browser.get("/chair").text
    wrong = site.browser.post("/chair", data={"act": "close-som", "som": "SOM13"})
    assert (wrong.status_code, line(bench)[2]) == (400, "TH")

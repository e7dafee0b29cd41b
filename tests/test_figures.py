"""Figures with their sources, what contradicts itself, and how far each strand has come."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import AskBodies, OpenCycle, PlanMilestones
from schemas.figure_acts import ReportStage, StateFigure, WithdrawFigure
from schemas.figures import FigureSeen
from schemas.measures import Indicator
from schemas.programme import Programme
from secretariat import figures, words
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, UnknownError
from secretariat.settings import Settings
from secretariat.statements import contradictions, faults
from secretariat.store import open_store
from tests.conftest import BARE, Bench
from tests.test_cli import cli
from tests.test_web import LINKS, Site

PERSONS = Indicator.model_validate(
    {"slug": "persons", "name": "Persons referred", "function": "any", "by": ["sex", "age"]}
)
RATE = PERSONS.model_copy(update={"adds_up": False, "by": []})
MEMBERS = {
    "KH": "Cambodia",
    "CN": "China",
    "LA": "Lao PDR",
    "MM": "Myanmar",
    "TH": "Thailand",
    "VN": "Viet Nam",
}
REPORT = "UN-ACT annual report 2018"


@dataclass
class Claim:
    """A statement as the pure rules see it."""

    value: int
    source: str = "a report"
    counts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    counted: int | None = None
    planned: bool = False


def said(
    *claims: Claim, by_member: dict[str, int] | None = None, of: Indicator = PERSONS
) -> list[str]:
    found = contradictions(of, claims, by_member or {}, MEMBERS)
    return [f"{each.words} | {each.holds}" for each in found]


# -- what is wrong with one figure -----------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-3, 3))
def test_parts_must_add_up_to_the_whole(women: int, men: int, off: int) -> None:
    found = list(faults(PERSONS, max(0, women + men + off), {"women": women, "men": men}))
    assert bool(found) == (max(0, women + men + off) != women + men)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_part_alone_is_never_more_than_the_whole(part: int, whole: int) -> None:
    assert bool(list(faults(PERSONS, whole, {"children": part}))) == (part > whole)


def test_a_part_the_indicator_has_not_is_named() -> None:
    assert "“dogs” is no part" in next(faults(PERSONS, 3, {"dogs": 3}))


# -- what contradicts itself -----------------------------------------------------------------------


def test_two_values_of_one_figure_contradict_each_other() -> None:
    assert said(Claim(1, "page 1"), Claim(2, "page 9")) == ["page 1 says 1, page 9 says 2 | "]


def test_the_same_said_twice_is_no_contradiction() -> None:
    assert said(Claim(3, "page 1"), Claim(3, "page 9")) == []


def test_of_two_sums_the_one_its_members_bear_out_holds() -> None:
    by_member = {"KH": 848, "VN": 340, "TH": 401}
    first = Claim(1589, "note 2", counts=["KH", "VN", "TH"])
    second = Claim(1589, "note 5", counts=["KH", "VN"])
    [found] = said(first, second, by_member=by_member)
    assert "848 + 401 + 340 = 1,589 (Cambodia, Thailand, Viet Nam): note 2 holds" in found
    assert "848 + 340 = 1,188 (Cambodia, Viet Nam): note 5 does not hold, it is not 1,589" in found


def test_a_total_its_members_do_not_add_up_to_is_shown() -> None:
    assert said(Claim(3, counts=["KH", "LA"]), by_member={"KH": 2, "LA": 2}) == [
        "the members’ figures add up to 4, the total says 3 | "
    ]


def test_a_percentage_is_no_sum_of_its_members() -> None:
    assert said(Claim(66, counts=["KH"]), by_member={"KH": 80}, of=RATE) == []


def test_a_member_named_twice_or_left_out_or_on_both_sides_is_shown() -> None:
    claim = Claim(1589, "note 5", counts=["KH", "VN"], missing=["CN", "MM", "LA", "CN", "VN"])
    found = " ".join(said(claim))
    assert "note 5 names China 2 times" in found
    assert "note 5 counts Viet Nam and names it as yet to report" in found
    assert "note 5 neither counts Thailand" in found


def test_what_the_record_knows_otherwise_is_shown() -> None:
    assert said(Claim(9, counted=8)) == ["stated is 9, the record here had 8 then | "]


# -- stated, withdrawn, reported -------------------------------------------------------------------


@pytest.fixture
def bench(open_office: Callable[[str], Bench]) -> Bench:
    return open_office("2019-02-04T03:00+00:00")


def state(bench: Bench, by: str = "un-act", **facts: Any) -> None:
    given = {"indicator": "persons-trained", "period": "2019", "about": "KH", "value": 76}
    bench.office.do(StateFigure.model_validate(given | {"source": "a letter"} | facts), by=by)


def stated(bench: Bench) -> list[FigureSeen]:
    with bench.office.store.read() as session:
        return figures.figures(session, bench.office.programme)


def test_a_figure_is_kept_with_where_it_is_said(bench: Bench) -> None:
    state(bench, parts={"women": 25, "men": 51}, says="76 government officials", note="in Kampot")
    [figure] = stated(bench)
    [statement] = figure.statements
    assert (figure.said, figure.about_name) == ("76 persons", "Cambodia")
    assert statement.parts == {"women": 25, "men": 51}
    assert (statement.source, statement.says, statement.note) == (
        "a letter", "76 government officials", "in Kampot",
    )  # fmt: skip


def test_the_same_statement_again_changes_nothing_and_another_is_kept_beside_it(
    bench: Bench,
) -> None:
    state(bench)
    state(bench)
    state(bench, value=77, source="a mail")
    [figure] = stated(bench)
    assert [each.value for each in figure.statements] == [76, 77]
    assert figure.contradictions[0].words == "a letter says 76, a mail says 77"


def test_a_withdrawn_statement_is_seen_and_no_longer_counts(bench: Bench) -> None:
    state(bench)
    state(bench, value=77, source="a mail")
    withdraw = WithdrawFigure(statement="persons-trained/2019/KH#2", reason="a slip of the pen")
    bench.office.do(withdraw, by="un-act")
    [figure] = stated(bench)
    assert (figure.value, figure.contradictions) == (76, [])
    assert figure.statements[1].withdrawn_why == "a slip of the pen"
    with pytest.raises(ConflictError, match="withdrawn before"):
        bench.office.do(withdraw, by="un-act")


def test_who_did_not_say_it_may_not_withdraw_it(bench: Bench) -> None:
    state(bench)
    with pytest.raises(NotAllowedError, match="un-act"):
        bench.office.do(
            WithdrawFigure(statement="persons-trained/2019/KH#1", reason="no"), by="tf-kh"
        )


@pytest.mark.parametrize(
    ("facts", "by", "error", "sentence"),
    [
        ({"parts": {"women": 26, "men": 51}}, "un-act", BadInputError, "= 77, not 76"),
        ({"indicator": "dogs"}, "un-act", UnknownError, "no indicator “dogs”"),
        ({"about": "XX"}, "un-act", UnknownError, "no member of COMMIT"),
        ({"about": "CN-TH"}, "un-act", BadInputError, "is about a member"),
        ({}, "tf-vn", NotAllowedError, "Figures of KH are for chair or tf-kh or un-act"),
        ({"about": "region"}, "tf-kh", NotAllowedError, "Figures of region"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_or_is_not_theirs_to_say_is_refused(
    bench: Bench, facts: dict[str, Any], by: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        state(bench, by, **facts)
    assert stated(bench) == []


def test_who_leads_a_function_speaks_for_the_region(bench: Bench) -> None:
    state(bench, "tf-cn", indicator="operation-cases", about="region", value=760)
    assert stated(bench)[0].said == "760 cases"


def test_what_the_program_counts_itself_is_kept_beside_what_is_said(bench: Bench) -> None:
    state(bench, indicator="functions-fully-transferred", about="region", value=8)
    [figure] = stated(bench)
    assert figure.contradictions[0].words == "stated is 8, the record here had 0 then"


def report(bench: Bench, by: str = "tf-kh", **facts: Any) -> None:
    given = {
        "function": "referral-mechanisms",
        "strand": "nrm",
        "receiver": "KH",
        "stage": "mapping",
    }
    bench.office.do(ReportStage.model_validate(given | {"evidence": "the map"} | facts), by=by)


def nrm(bench: Bench) -> Any:
    function = bench.office.programme.function("referral-mechanisms")
    assert function
    with bench.office.store.read() as session:
        return figures.strands(session, bench.office.programme, function)[0]


def test_a_receiver_reports_its_stages_and_the_newest_report_counts(bench: Bench) -> None:
    report(bench, state="planned", when="2019-Q2")
    report(bench, state="reached", when="2019-05")
    strand = nrm(bench)
    seen = strand.report("mapping", "KH")
    assert (seen.state, seen.when, seen.evidence) == ("reached", "2019-05", "the map")
    assert (strand.reached("mapping"), len(strand.receivers)) == (1, 6)


@pytest.mark.parametrize(
    ("facts", "by", "error", "sentence"),
    [
        ({"stage": "party"}, "tf-kh", UnknownError, "“party” is no stage"),
        ({"strand": "party"}, "tf-kh", UnknownError, "“party” is no strand"),
        ({"receiver": "CN-TH"}, "tf-kh", UnknownError, "no receiver"),
        ({"receiver": "LA"}, "tf-kh", NotAllowedError, "tf-la"),
    ],
)
def test_a_stage_that_is_not_or_is_not_theirs_is_refused(
    bench: Bench, facts: dict[str, Any], by: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        report(bench, by, **facts)
    assert nrm(bench).reports == {}


def test_either_of_a_pair_reports_its_agreements(bench: Bench) -> None:
    agreement = {"function": "bilateral-agreements", "strand": "memorandum", "receiver": "CN-TH"}
    report(bench, "tf-cn", **agreement, stage="drafting")
    report(bench, "tf-th", **agreement, stage="signed", when="2018-11")


def test_figures_and_stages_are_told_as_sentences(bench: Bench, commit: Programme) -> None:
    acts = [
        StateFigure(indicator="persons-trained", period="2018", about="VN", value=1205,
                    source="p. 4"),
        ReportStage(function="bilateral-agreements", strand="memorandum", receiver="CN-TH",
                    stage="signed", evidence="the text"),
    ]  # fmt: skip
    told = [words.sentence(commit, bench.office.do(act, by="un-act")[0], "un-act") for act in acts]
    assert told == [
        "UN-ACT stated: Front-line practitioners and officials trained, Viet Nam, 2018: "
        "1,205 (p. 4)",
        "China and Thailand: Signed (Memorandum of understanding) is reached: the text",
    ]


# -- on pages --------------------------------------------------------------------------------------


@pytest.fixture
def site(bench: Bench, tmp_path: Path) -> Site:
    return Site(bench, tmp_path)


def test_a_figure_is_stated_and_withdrawn_on_its_page(site: Site) -> None:
    site.sign_in("un-act-head")
    form = {
        "indicator": "persons-trained",
        "period": "2019",
        "about": "KH",
        "value": "76",
        "part.women": "25",
        "part.men": "51",
        "source": "a letter",
        "says": "<b>76</b>",
    }
    after = site.browser.post("/figures", data=form).headers["location"]
    assert re.fullmatch(r"/figures\?did=\d+#persons-trained", after)
    page = site.browser.get("/figures").text
    assert "&lt;b&gt;76&lt;/b&gt;</q>" in page
    assert "25 women, 51 men" in page
    withdrawal = {"statement": "persons-trained/2019/KH#1", "reason": "wrong year"}
    assert site.browser.post("/figures/withdraw", data=withdrawal).status_code == 303
    assert "wrong year" in site.browser.get("/functions/frontline-training").text


def test_a_stage_is_reported_on_the_page_of_its_function(site: Site) -> None:
    site.sign_in("tf-kh-focal-point")
    assert "Report a stage" in site.browser.get("/functions/referral-mechanisms").text
    form = {
        "function": "referral-mechanisms",
        "strand": "nrm",
        "receiver": "KH",
        "stage": "mapping",
        "state": "reached",
        "when": "2019-01",
        "evidence": "the map",
    }
    answer = site.browser.post("/stages", data=form)
    after = answer.headers["location"]
    assert re.fullmatch(r"/functions/referral-mechanisms\?did=\d+#nrm", after)
    assert "reached, January 2019" in site.browser.get("/functions/referral-mechanisms").text


def test_a_stage_is_reported_from_a_mailed_link_in_its_reader_s_language(site: Site) -> None:
    key = "referral-mechanisms/2019-Q1/progress-reported@tf-kh"
    asked(site.bench, "referral-mechanisms", "2019-Q1")
    with site.bench.office.store.write() as session:
        now = site.bench.clock.now()
        until = now + timedelta(days=30)
        path = LINKS.mint(session, "obligation", key, "tf-kh-focal-point", until, now)
    assert "The map of services, gaps and needs" in site.browser.get(path).text
    form = {"answer": "stage", "stage": "KH/mapping", "state": "reached", "words": "the map"}
    assert site.press(path, **form).status_code == 303
    assert site.press(path, **form).status_code == 303  # the same again is no news
    assert nrm(site.bench).reached("mapping") == 1
    assert "the map" in site.browser.get(path).text
    stolen = site.press(path, **form | {"stage": "LA/mapping"})
    assert (stolen.status_code, nrm(site.bench).reached("mapping")) == (400, 1)


def asked(bench: Bench, function: str, cycle: str) -> None:
    for act in (OpenCycle, PlanMilestones, AskBodies):
        bench.office.do(act(function=function, cycle=cycle), by="un-act")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/figures", {"indicator": "persons-trained", "period": "2019", "about": "KH",
                      "value": "76", "source": "a letter"}),
        ("/figures/withdraw", {"statement": "persons-trained/2019/KH#1", "reason": "wrong"}),
        ("/stages", {"function": "referral-mechanisms", "strand": "nrm", "receiver": "KH",
                     "stage": "mapping", "evidence": "the map"}),
    ],
)  # fmt: skip
def test_nothing_is_said_by_who_is_not_signed_in(
    site: Site, path: str, form: dict[str, str]
) -> None:
    assert site.browser.post(path, data=form).status_code == 403
    assert stated(site.bench) == []


# -- what the report says --------------------------------------------------------------------------


SAID = {
    ("functions-fully-transferred", "2018", "region"): 8,
    ("functions-partly-transferred", "2018", "region"): 9,
    ("governments-reporting", "2018", "region"): 5,
    ("persons-referred", "2018", "region"): 1589,
    ("persons-referred", "2018", "KH"): 848,
    ("persons-referred", "2018", "VN"): 340,
    ("persons-referred", "2018", "TH"): 401,
    ("persons-referred", "2014-2018", "region"): 11544,
    ("policy-changes", "2014-2018", "region"): 57,
    ("policy-changes", "2018", "region"): 17,
    ("workplan-completed", "2018", "region"): 66,
    ("capacity-mappings", "2018", "region"): 6,
    ("budget-exercises", "2018", "region"): 6,
    ("national-consultations", "2018", "region"): 3,
    ("national-consultations", "2018", "KH"): 2,
    ("national-consultations", "2019", "region"): 6,
    ("referral-frameworks", "2019", "region"): 4,
    ("mechanisms-in-place", "2018", "region"): 10,
    ("pairs-of-countries", "2018", "region"): 15,
    ("mechanisms-with-means", "2018", "region"): 8,
    ("memoranda-signed", "2018", "CN-TH"): 1,
    ("procedures-in-drafting", "2018", "region"): 2,
    ("case-management-meetings", "2018", "MM-TH"): 22,
    ("operation-cases", "2018", "region"): 760,
    ("women-rescued", "2018", "region"): 1130,
    ("children-rescued", "2018", "region"): 17,
    ("contributions", "2018", "CN"): 150_000,
    ("persons-trained", "2018", "KH"): 76,
    ("persons-trained", "2018", "VN"): 205,
    ("trainings-held", "2018", "VN"): 6,
    ("consultation-participants", "2018", "VN"): 67,
    ("organisations-taking-part", "2018", "region"): 25,
}


@pytest.fixture(scope="module")
def told(replayed: Settings) -> dict[str, Any]:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(replayed.data_dir)}
    found: dict[str, Any] = json.loads(cli("figures", "--json", environment=environment).stdout)
    return found


def test_every_figure_of_the_report_can_be_found_with_its_sentence(told: dict[str, Any]) -> None:
    found = {(f["indicator"], f["period"], f["about"]): f for f in told["figures"]}
    assert {key: found[key]["value"] for key in SAID} == SAID
    for figure in told["figures"]:
        for statement in figure["statements"]:
            assert statement["source"].startswith(REPORT)
            assert statement["says"]


def test_the_report_contradicts_itself_about_1589_and_the_sum_of_three_holds(
    told: dict[str, Any],
) -> None:
    [figure] = [f for f in told["figures"] if (f["indicator"], f["period"], f["about"])
                == ("persons-referred", "2018", "region")]  # fmt: skip
    assert [s["counts"] for s in figure["statements"]] == [["KH", "VN", "TH"], ["KH", "VN"]]
    found = " ".join(each["words"] + each["holds"] for each in figure["contradictions"])
    assert "848 + 401 + 340 = 1,589 (Cambodia, Thailand, Viet Nam)" in found
    assert "848 + 340 = 1,188 (Cambodia, Viet Nam)" in found
    assert "names China 2 times" in found


def test_what_the_record_has_is_what_the_report_counts(told: dict[str, Any]) -> None:
    counted = {
        f["indicator"]: (s["counted"], s["value"])
        for f in told["figures"]
        for s in f["statements"]
        if s["counted"] is not None
    }
    assert counted == {
        "functions-fully-transferred": (8, 8),
        "functions-partly-transferred": (9, 9),
        "governments-reporting": (5, 5),
        "mechanisms-in-place": (10, 10),
        "pairs-of-countries": (15, 15),
    }


def test_the_stages_of_referral_and_of_agreements_are_as_told(replayed: Settings) -> None:
    store = open_store(replayed.store_url)
    from secretariat.installation import open_office

    office = open_office(replayed)
    with store.read() as session:
        strands = {
            (strand.function, strand.slug): strand
            for strand in figures.everything(session, office.programme, office.clock.now()).strands
        }
    referral = strands["referral-mechanisms", "nrm"]
    reached = {stage["slug"]: referral.reached(stage["slug"]) for stage in referral.stages}
    assert reached == {"mapping": 6, "budget": 6, "consultation": 3, "framework": 0, "training": 0}
    signed = strands["bilateral-agreements", "memorandum"].report("signed", "CN-TH")
    assert signed
    assert signed.when == "2018-11"
    procedure = strands["bilateral-agreements", "procedure"].report("signed", "KH-TH")
    assert procedure
    assert (procedure.state, procedure.when) == ("planned", "2019-04")

"""A body's figures for a period: drafted, handed in, sent back, verified, late for ever."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlmodel import col, select

from schemas.act import Act
from schemas.acts import CloseCycle, Done
from schemas.figure_acts import StateFigure
from schemas.figure_tables import Statement
from schemas.measures import Indicator
from schemas.return_acts import Given, RequestCorrection, SaveReturn, SubmitReturn, VerifyReturn
from schemas.return_tables import FigureReturn
from schemas.tables import Entry, Mail, Obligation
from secretariat import audit, ledger, returns, words
from secretariat.commands import auditing
from secretariat.errors import BadInputError, ConflictError, NotAllowedError
from secretariat.returns import Asked, Rates
from secretariat.timers import tick
from tests.conftest import Bench
from tests.test_obligations import Opened, a_cycle, live_until, mailed

KEY = "indicator-collection/2018/indicators-reported@tf-kh"
PERSONS = {"women": 430, "men": 418, "children": 100, "adults": 748}


def figure(indicator: str, value: int | None = None, about: str = "KH", **more: Any) -> Given:
    return Given(indicator=indicator, about=about, value=value, **more)


def figures(referred: int = 848, note: str = "", about: str = "KH", **parts: int) -> list[Given]:
    """What a task force is asked for: one figure with its parts, the others not available."""
    split = parts or PERSONS
    none = {"about": about, "unavailable": "not collected yet"}
    return [
        figure("persons-referred", referred, parts=split, note=note, about=about),
        figure("policy-changes", **none),
        figure("cases-investigated", **none),
        figure("persons-convicted", **none),
        figure("persons-reached", **none),
    ]


@pytest.fixture
def bench(open_office: Opened) -> Bench:
    """The indicators of 2018 are asked of six task forces."""
    bench = open_office("2018-10-01T03:00")
    a_cycle(bench.office, "indicator-collection", "2018")
    bench.until("2018-11-12T03:00")
    tick(bench.office)
    return bench


def do(bench: Bench, act: Act, by: str = "tf-kh", contact: str | None = None) -> None:
    bench.office.do(act, by=by, contact=contact)


def submit(bench: Bench, **more: Any) -> None:
    do(bench, SubmitReturn(obligation=KEY, figures=figures(**more)))


def kept(bench: Bench) -> FigureReturn:
    with bench.office.store.read() as session:
        return session.get_one(FigureReturn, KEY)


def asked(bench: Bench) -> Obligation:
    with bench.office.store.read() as session:
        return session.get_one(Obligation, KEY)


def letters(bench: Bench) -> list[tuple[str, str]]:
    """(which answer, to whom) of each mail about a return."""
    with bench.office.store.read() as session:
        mails = session.exec(select(Mail).where(Mail.template == "return").order_by(col(Mail.id)))
        return [(mail.context["answer"], mail.contact) for mail in mails]


# -- from draft to verified ------------------------------------------------------------------------


def test_a_draft_may_have_gaps_and_counts_for_nothing(bench: Bench) -> None:
    do(bench, SaveReturn(obligation=KEY, figures=[figure("persons-referred", 848)]))
    assert kept(bench).state == "draft"
    assert asked(bench).done_at is None
    assert letters(bench) == []


def test_the_same_draft_saved_again_changes_nothing(bench: Bench) -> None:
    for _ in range(2):
        do(bench, SaveReturn(obligation=KEY, figures=[figure("persons-referred", 848)]))
    assert kept(bench).version == 1


def test_handing_in_does_what_was_asked_and_sends_a_receipt(bench: Bench) -> None:
    submit(bench)
    found = kept(bench)
    assert (found.state, found.number, found.late) == ("submitted", 1, False)
    assert asked(bench).done_by == "tf-kh"
    assert letters(bench) == [("received", "tf-kh-focal-point"), ("to-verify", "un-act-head")]


def test_who_handed_it_in_gets_the_receipt_as_well(bench: Bench) -> None:
    do(bench, SubmitReturn(obligation=KEY, figures=figures()), contact="tf-kh-head")
    assert ("received", "tf-kh-head") in letters(bench)


def test_handing_the_same_in_twice_is_once_and_something_else_is_refused(bench: Bench) -> None:
    submit(bench)
    submit(bench)
    assert kept(bench).submissions == 1
    with pytest.raises(ConflictError, match=r"receipt no\. 1"):
        submit(bench, women=431, men=417, children=100, adults=748)


def test_what_comes_after_its_day_is_late_for_ever(bench: Bench) -> None:
    bench.until("2019-01-15T03:00")
    submit(bench)
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    submit(bench)
    do(bench, VerifyReturn(obligation=KEY), by="un-act")
    assert kept(bench).late


def test_figures_sent_back_and_corrected_in_time_are_not_late(bench: Bench) -> None:
    submit(bench)
    bench.until("2019-01-15T03:00")
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    submit(bench)
    found = kept(bench)
    assert (found.state, found.late, found.submissions, found.number) == ("submitted", False, 2, 2)


def test_what_is_sent_back_is_asked_once_more_with_the_reason_and_a_whole_ladder(
    bench: Bench,
) -> None:
    submit(bench)
    before = asked(bench)
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    again = asked(bench)
    assert (again.done_at, again.acknowledged_at) == (None, None)
    assert again.sequence == before.sequence + 1
    so_far = len(mailed(bench.office, KEY))
    live_until(bench, "2018-12-20T03:00")
    steps = [step for step, _ in mailed(bench.office, KEY)[so_far:]]
    assert steps[:2] == ["request", "acknowledge-reminder"]
    assert "late-head" in steps


def test_nobody_misses_a_mail_of_a_correction(bench: Bench) -> None:
    submit(bench)
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    live_until(bench, "2018-12-20T03:00")
    with bench.office.store.read() as session:
        gaps = auditing.audit(session, bench.office.programme, bench.clock.now())
    assert not [gap for gap in gaps if gap.obligation == KEY and gap.why == "no mail was asked for"]


def test_a_correction_begins_with_what_was_handed_in(bench: Bench) -> None:
    submit(bench)
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    assert kept(bench).draft == kept(bench).figures


def test_verified_figures_are_stated_with_their_provenance(bench: Bench) -> None:
    submit(bench, note="From the police.")
    do(bench, VerifyReturn(obligation=KEY), by="un-act")
    with bench.office.store.read() as session:
        [said] = session.exec(select(Statement)).all()
    assert (said.indicator, said.about, said.value, said.by) == (
        "persons-referred", "KH", 848, "tf-kh",
    )  # fmt: skip
    assert said.parts == PERSONS
    assert said.note == "From the police."
    assert said.source == (
        "Return no. 1 of Cambodia task force for 2018, submitted 12 November 2018, "
        "verified 12 November 2018"
    )


def test_verified_figures_change_no_more(bench: Bench) -> None:
    submit(bench)
    do(bench, VerifyReturn(obligation=KEY), by="un-act")
    for act in (SaveReturn(obligation=KEY, figures=[]), SubmitReturn(obligation=KEY, figures=[])):
        with pytest.raises(ConflictError, match="verified on 2018-11-12"):
            do(bench, act)
    with pytest.raises(ConflictError, match="was verified"):
        do(bench, RequestCorrection(obligation=KEY, reason="Too late."), by="un-act")


def test_a_cycle_is_not_over_before_all_that_came_in_is_verified(bench: Bench) -> None:
    with bench.office.store.read() as session:
        keys = session.exec(select(Obligation.id).order_by(Obligation.id)).all()
    for key in keys:
        if "indicators-reported" in key:
            code = key[-2:].upper()
            act = SubmitReturn(obligation=key, figures=figures(about=code))
            do(bench, act, by=key.partition("@")[2])
        else:
            do(bench, Done(obligation=key), by="un-act")
    close = CloseCycle(function="indicator-collection", cycle="2018")
    with pytest.raises(ConflictError, match="@tf-cn is not verified"):
        do(bench, close, by="un-act")
    for key in keys:
        if "indicators-reported" in key:
            do(bench, VerifyReturn(obligation=key), by="un-act")
    do(bench, close, by="un-act")


@pytest.mark.parametrize("by", ["tf-kh", "tf-th"])
def test_nobody_verifies_their_own_and_only_who_steers_others(bench: Bench, by: str) -> None:
    submit(bench)
    for act in (VerifyReturn(obligation=KEY), RequestCorrection(obligation=KEY, reason="No.")):
        with pytest.raises(NotAllowedError, match="is for chair or un-act"):
            do(bench, act, by=by)


@pytest.mark.parametrize("by", ["un-act", "tf-th", "chair"])
def test_a_government_gives_its_own_figures(bench: Bench, by: str) -> None:
    with pytest.raises(NotAllowedError, match="for it to give"):
        do(bench, SubmitReturn(obligation=KEY, figures=figures()), by=by)


def test_saying_done_is_not_enough_where_figures_are_asked(bench: Bench) -> None:
    for by, note in (("tf-kh", "848 persons."), ("un-act", ""), ("chair", "No.")):
        with pytest.raises(ConflictError, match="asks for figures"):
            do(bench, Done(obligation=KEY, note=note), by=by)


def test_the_secretariat_can_end_it_without_figures_saying_why(bench: Bench) -> None:
    do(bench, Done(obligation=KEY, note="None will come."), by="un-act")
    assert asked(bench).note == "None will come."


# -- what is refused -------------------------------------------------------------------------------


def refusal(bench: Bench, *changed: Given, left_out: str = "") -> str:
    """Why a return with these figures in place of its own is refused; nothing is kept of it."""
    own = {one.key: one for one in figures()} | {one.key: one for one in changed}
    handed_in = [one for key, one in own.items() if key != left_out]
    with pytest.raises(BadInputError) as refused:
        do(bench, SubmitReturn(obligation=KEY, figures=handed_in))
    with bench.office.store.read() as session:
        assert session.get(FigureReturn, KEY) is None
    return str(refused.value)


def test_every_figure_is_given_or_its_absence_explained(bench: Bench) -> None:
    assert "policy-changes@KH, value: Give the figure" in refusal(
        bench, left_out="policy-changes@KH"
    )
    both = figure("policy-changes", 3, unavailable="not collected")
    assert "not both" in refusal(bench, both)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"women": 430, "men": 400}, "430 + 400 = 830; that is not the total, 848."),
        ({"women": 430}, "men: Give women and men, or neither."),
        ({}, "Split it into women and men, or say in the note why not."),
        ({"others": 3}, "“others” is no part"),
    ],
)
def test_parts_are_the_whole(bench: Bench, parts: dict[str, int], words: str) -> None:
    assert words in refusal(bench, figure("persons-referred", 848, parts=parts))


def test_all_faults_are_told_at_once(bench: Bench) -> None:
    said = refusal(
        bench, figure("policy-changes"), figure("cases-investigated"), figure("road-accidents", 3)
    )
    assert said.count("Give the figure") == 2
    assert "road-accidents@KH, value: This figure is not asked for here." in said


def stated_before(bench: Bench, value: int) -> None:
    act = StateFigure(
        indicator="persons-referred", period="2017", about="KH", value=value, source="last year"
    )
    do(bench, act)


@pytest.mark.parametrize("before", [423, 1697])
def test_a_jump_against_the_last_period_asks_for_a_note(bench: Bench, before: int) -> None:
    stated_before(bench, before)
    alone = figures()[0]
    said = refusal(bench, alone)
    assert f"Last time it was {before:,}. Say in the note" in said
    submit(bench, note="A new register.")


@pytest.mark.parametrize("before", [424, 1696])
def test_half_and_double_are_no_jump(bench: Bench, before: int) -> None:
    stated_before(bench, before)
    submit(bench)


def test_another_body_s_or_function_s_step_takes_no_figures(bench: Bench) -> None:
    with pytest.raises(BadInputError, match="asks for no figures"):
        do(
            bench,
            SubmitReturn(obligation="indicator-collection/2018/template-sent@un-act", figures=[]),
            by="un-act",
        )


# -- the ledger ------------------------------------------------------------------------------------


def test_every_step_is_told_in_a_sentence_and_makes_the_tables_again(bench: Bench) -> None:
    do(bench, SaveReturn(obligation=KEY, figures=figures()))
    submit(bench)
    do(bench, RequestCorrection(obligation=KEY, reason="Children are missing."), by="un-act")
    bench.until("2019-01-15T03:00")
    submit(bench)
    do(bench, VerifyReturn(obligation=KEY), by="un-act")
    with bench.office.store.read() as session:
        entries = session.exec(select(Entry).where(Entry.subject == KEY).order_by(col(Entry.seq)))
        said = [words.sentence(bench.office.programme, ledger.event(e), e.by) for e in entries]
    thing = "Indicators handed in (Indicator collection, 2018)"
    for sentence in (
        f"Cambodia task force saved a draft of its figures: {thing}",
        f"Cambodia task force handed its figures in, receipt no. 1: {thing}",
        f"UN-ACT asked Cambodia task force to correct its figures: {thing} (Children are missing.)",
        f"Cambodia task force is asked once more, until 29 November 2018: {thing}",
        f"UN-ACT verified the figures of Cambodia task force: {thing}",
    ):
        assert sentence in said
    assert audit.differing(bench.office.store) == []


# -- the rules by themselves -----------------------------------------------------------------------

CASES = Indicator(slug="cases", name="Cases", function="f", unit="cases")
PEOPLE = Indicator(slug="people", name="People", function="f", by=["sex", "age"])
counts = st.integers(0, 10**6)


@drawn(women=counts, men=counts, children=counts, adults=counts, value=counts)
def test_parts_are_right_exactly_if_each_split_adds_up(
    women: int, men: int, children: int, adults: int, value: int
) -> None:
    parts = {"women": women, "men": men, "children": children, "adults": adults}
    one = Given(indicator="people", about="KH", value=value, parts=parts)
    right = women + men == children + adults == value
    assert (returns.faults([Asked(PEOPLE, "KH")], [one]) == []) == right


@drawn(before=st.none() | counts, value=counts)
def test_a_note_always_explains_a_jump(before: int | None, value: int) -> None:
    one = Given(indicator="cases", about="KH", value=value, note="so it was")
    assert returns.faults([Asked(CASES, "KH", before)], [one]) == []


@drawn(value=st.integers(0, 10**14))
def test_a_count_reads_back_in_every_script_s_digits(value: int) -> None:
    for zero in "0០໐၀๐":  # Latin, Khmer, Lao, Burmese, Thai
        typed = "".join(chr(ord(zero) + int(digit)) for digit in str(value))
        assert returns.count_from(f" {typed} ") == value


@pytest.mark.parametrize("typed", ["-1", "1.5", "1,848", "1 848", "1e3", "=1+1", "many", "²", "½"])
def test_what_is_no_count_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="is no count"):
        returns.count_from(typed)


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("2018", "2017"),
        ("2018-H2", "2018-H1"),
        ("2018-H1", "2017-H2"),
        ("2018-Q1", "2017-Q4"),
        ("2018-Q3", "2018-Q2"),
        ("SOM14", "SOM13"),
    ],
)
def test_each_period_follows_another(period: str, before: str) -> None:
    assert returns.period_before(period) == before


def test_rates_are_whole_only_if_everything_is_there() -> None:
    assert Rates(asked=1000, given=999, due=0, in_time=0).completeness == 99
    assert Rates(asked=5, given=5, due=0, in_time=0).timeliness is None

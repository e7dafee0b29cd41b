"""Two parties, one duty: offers, readiness, reviews, custody, letters, as an office lives them."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from notifications.compose import Composer
from notifications.links import Links
from schemas.act import Act
from schemas.acts import (
    Accept,
    Advance,
    AskBodies,
    Attest,
    Complete,
    Decline,
    Done,
    EndBody,
    HoldingAct,
    Offer,
    OpenCycle,
    PlanMilestones,
    Reopen,
    RestoreBody,
    Return,
    Review,
    Suspend,
    Waive,
    Withdraw,
)
from schemas.phase import Phase, Transferred
from schemas.tables import Entry, Holding, Item, Mail, Support, Timer
from schemas.tables import Review as AskedReview
from secretariat import board, closeup
from secretariat.commands import Office
from secretariat.commands.office import Desk, bodies_of
from secretariat.documents import file_letter
from secretariat.errors import BadInputError, ChangedError, ConflictError, NotAllowedError
from secretariat.ledger import event
from secretariat.timers import tick
from secretariat.words import sentence
from tests.conftest import Bench, at

Opened = Callable[[str], Bench]
MAPPING = "referral-mechanisms/mapping@LA"
EVERYTHING = ["contacts", "people", "budget", "records", "templates", "access"]


def waived(office: Office, holding: str, *items: str) -> None:
    waiver = Waive(holding=holding, items=list(items) or EVERYTHING, reason="agreed by the SOM")
    office.do(waiver, by="un-act", contact="un-act-head")


def handed_over(office: Office, holding: str, to: str, phase: Phase = Phase.SHARED) -> None:
    waived(office, holding)
    office.do(Offer(holding=holding, phase=phase), by="un-act")
    office.do(Accept(holding=holding), by=to)


def the(office: Office, holding: str) -> Holding:
    with office.store.read() as session:
        return session.get_one(Holding, holding)


def mails(office: Office, kind: str) -> list[str]:
    """To whom mails of a kind were asked for, in order."""
    with office.store.read() as session:
        found = session.exec(select(Mail).order_by(col(Mail.id))).all()
    return [m.contact for m in found if kind in (m.template, m.context.get("kind"))]


def told(office: Office, subject: str) -> str:
    """The last entry about something, as a sentence."""
    with office.store.read() as session:
        query = select(Entry).where(Entry.subject == subject).order_by(col(Entry.seq).desc())
        entry = session.exec(query).first()
    assert entry
    return sentence(office.programme, event(entry), entry.by)


def live_until(bench: Bench, moment: str) -> None:
    end = at(moment)
    while bench.clock.now() < end:
        bench.clock.advance_to(min(end, bench.clock.now() + timedelta(days=1)))
        tick(bench.office)


def everything(office: Office) -> list[Any]:
    """Every row of the tables an act can touch."""
    with office.store.read() as session:
        return [
            [row.model_dump() for row in session.exec(select(table).order_by(*keys))]
            for table, keys in (
                (Entry, (col(Entry.seq),)),
                (Holding, (col(Holding.id),)),
                (Item, (col(Item.holding), col(Item.item))),
                (Timer, (col(Timer.kind), col(Timer.subject), col(Timer.step))),
                (Mail, (col(Mail.id),)),
            )
        ]


# -- offers ----------------------------------------------------------------------------------------


def test_an_offer_changes_no_owner_until_it_is_accepted(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    waived(office, MAPPING)
    office.do(Offer(holding=MAPPING), by="un-act")
    assert (the(office, MAPPING).owner, the(office, MAPPING).phase) == ("un-act", "un_led")
    assert mails(office, "holding.offered") == ["tf-la-head"]
    office.do(Accept(holding=MAPPING), by="tf-la")
    assert (the(office, MAPPING).owner, the(office, MAPPING).phase) == ("tf-la", "shared")
    assert mails(office, "holding.accepted") == ["un-act-head"]


def test_an_offer_nobody_answers_runs_out_and_the_offerer_is_told(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    bench.office.do(Offer(holding=MAPPING, answer_by=date(2018, 8, 31)), by="un-act")
    live_until(bench, "2018-08-31T16:59")
    assert the(bench.office, MAPPING).standing == "offered"
    live_until(bench, "2018-08-31T17:00")  # midnight in Vientiane
    assert the(bench.office, MAPPING).standing == "steady"
    assert mails(bench.office, "holding.expired") == ["un-act-head"]
    assert told(bench.office, MAPPING).startswith("UN-ACT got no answer in time")


def test_an_answer_in_time_stops_the_clock(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    bench.office.do(Offer(holding=MAPPING, answer_by=date(2018, 8, 31)), by="un-act")
    bench.office.do(Decline(holding=MAPPING, reason="no staff"), by="tf-la")
    live_until(bench, "2018-10-01T00:00")
    assert mails(bench.office, "holding.expired") == []


def test_without_a_day_the_programme_s_term_counts_in_the_receiver_s_working_days(
    open_office: Opened,
) -> None:
    bench = open_office("2018-08-13T03:00")
    bench.office.do(Offer(holding=MAPPING), by="un-act")
    calendar = Desk(None, bench.office.programme, bench.clock.now(), "un-act").calendar("tf-la")  # type: ignore[arg-type]
    due = calendar.end_of(calendar.shift(date(2018, 8, 13), 30))
    assert the(bench.office, MAPPING).answer_by == due


def test_an_answer_cannot_be_asked_for_in_the_past(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    with pytest.raises(BadInputError, match="answer_by must lie ahead"):
        office.do(Offer(holding=MAPPING, answer_by=date(2018, 8, 1)), by="un-act")


def test_a_holding_can_be_offered_on_to_another_government(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    handed_over(office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    office.do(Offer(holding=MAPPING, to="tf-th"), by="tf-la")
    office.do(Accept(holding=MAPPING), by="tf-th")
    found = the(office, MAPPING)
    assert (found.owner, found.takes_over, found.phase) == ("tf-th", "tf-th", "government_led")


# -- two at once -----------------------------------------------------------------------------------


def test_of_two_at_once_one_is_told_both_versions(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    office.do(Offer(holding=MAPPING), by="un-act")
    seen = the(office, MAPPING).version
    office.do(Withdraw(holding=MAPPING, seen=seen), by="un-act")
    before = everything(office)
    with pytest.raises(ChangedError) as refused:
        office.do(Decline(holding=MAPPING, seen=seen, reason="no staff"), by="tf-la")
    assert (refused.value.seen["event"], refused.value.now["event"]) == (
        "holding.offered",
        "holding.withdrawn",
    )
    assert (refused.value.seen["version"], refused.value.now["version"]) == (seen, seen + 1)
    assert everything(office) == before


def test_the_same_key_acts_once(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    assert len(office.do(Offer(holding=MAPPING), by="un-act", key="k1")) == 1
    assert office.do(Offer(holding=MAPPING), by="un-act", key="k1") == []


def test_the_version_counts_the_entries_of_the_ledger(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    handed_over(bench.office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    live_until(bench, "2018-11-20T03:00")
    bench.office.do(Review(holding=MAPPING, performed=True, note="yes"), by="tf-la")
    with bench.office.store.read() as session:
        for holding in session.exec(select(Holding)):
            query = select(func.count()).select_from(Entry).where(Entry.subject == holding.id)
            assert holding.version == session.exec(query).one(), holding.id


# -- a look before the leap ------------------------------------------------------------------------


ANY_ACT: list[tuple[HoldingAct, str]] = [
    (Offer(holding=MAPPING), "un-act"),
    (Attest(holding=MAPPING, item="people", evidence="two posts"), "tf-la"),
    (Suspend(holding=MAPPING, reason="flood", follow_up=date(2018, 12, 3)), "un-act"),
]


@pytest.mark.parametrize(("act", "by"), ANY_ACT, ids=lambda value: getattr(value, "act", value))
def test_a_preview_says_what_would_happen_and_changes_nothing(
    open_office: Opened, act: Act, by: str
) -> None:
    office = open_office("2018-08-13T03:00").office
    composer = Composer(
        office.programme, Links(lambda: ["k" * 32], "http://board"), "secretariat@un.example"
    )
    before = everything(office)
    seen = office.preview(act, by=by, look=composer.look)
    assert everything(office) == before
    assert len(seen.sentences) == 1
    office.do(act, by=by)
    assert told(office, MAPPING) == seen.sentences[0]


def test_a_preview_shows_the_mails_as_they_would_be_sent(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    composer = Composer(
        office.programme, Links(lambda: ["k" * 32], "http://board"), "secretariat@un.example"
    )
    [mail] = office.preview(Offer(holding=MAPPING), by="un-act", look=composer.look).mails
    assert (
        mail.subject
        == "Offered to you: “Map capacities and consult” (Referral mechanisms, Lao PDR)"
    )
    assert "head.task-force@la.example" in mail.to
    assert "Answer by: the end of" in mail.text
    assert "http://board/link/" in mail.text


def test_a_preview_refuses_what_the_act_would(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    with pytest.raises(NotAllowedError):
        office.preview(Offer(holding=MAPPING), by="tf-la", look=lambda desk: desk.events)


# -- readiness -------------------------------------------------------------------------------------


def test_a_phase_is_not_entered_without_what_it_needs(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    office.do(Offer(holding=MAPPING), by="un-act")
    with pytest.raises(ConflictError, match=r"Missing: Named contacts.*\(contacts\)\. Say with"):
        office.do(Accept(holding=MAPPING), by="tf-la")
    assert the(office, MAPPING).standing == "offered"
    office.do(Attest(holding=MAPPING, item="contacts", evidence="Letter 12/2018"), by="tf-la")
    office.do(Accept(holding=MAPPING), by="tf-la")
    with pytest.raises(ConflictError, match=r"people.*budget.*records.*templates.*access"):
        office.do(Advance(holding=MAPPING), by="tf-la")


def test_a_waiver_names_who_waived_and_why_and_stays_visible(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    handed_over(office, MAPPING, "tf-la")
    office.do(Advance(holding=MAPPING), by="tf-la")
    with office.store.read() as session:
        seen = closeup.holding(session, office.programme, MAPPING)
    kept = {item.slug: found for item, found in seen.checklist if found}
    assert {found.waived for found in kept.values()} == {"agreed by the SOM"}
    assert {found.contact for found in kept.values()} == {"un-act-head"}
    assert sorted(kept) == sorted(EVERYTHING)


def test_nobody_waives_without_a_name_or_for_itself(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    waiver = Waive(holding=MAPPING, items=["people"], reason="because")
    with pytest.raises(BadInputError, match="names a contact of un-act"):
        office.do(waiver, by="un-act")
    with pytest.raises(BadInputError, match="names a contact of un-act"):
        office.do(waiver, by="un-act", contact="tf-la-head")
    with pytest.raises(NotAllowedError):
        office.do(waiver, by="tf-la", contact="tf-la-head")


def test_an_item_that_is_on_no_checklist_is_refused_by_name(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    with pytest.raises(BadInputError, match="“pepole” is not on the checklist of referral-mech"):
        office.do(Attest(holding=MAPPING, item="pepole", evidence="x"), by="tf-la")


def test_exit_criteria_gate_the_end_of_support(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    handed_over(office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    with pytest.raises(ConflictError, match=r"performed-alone.*lessons-kept"):
        office.do(Complete(holding=MAPPING), by="tf-la")
    for item in ("performed-alone", "lessons-kept"):
        office.do(Attest(holding=MAPPING, item=item, evidence="Report 3"), by="tf-la")
    office.do(Complete(holding=MAPPING), by="tf-la")
    assert the(office, MAPPING).phase == "completed"
    office.do(Reopen(holding=MAPPING, reason="new law"), by="un-act")
    assert the(office, MAPPING).phase == "government_led"


# -- reviews and support ---------------------------------------------------------------------------


def test_90_and_180_days_after_a_government_leads_its_head_is_asked_if_it_is_performed(
    open_office: Opened,
) -> None:
    bench = open_office("2018-03-01T03:00")
    handed_over(bench.office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    live_until(bench, "2018-09-10T03:00")
    with bench.office.store.read() as session:
        asked = session.exec(select(AskedReview)).all()
    assert sorted((r.days, r.asked_at.date()) for r in asked) == [
        (90, date(2018, 5, 30)),
        (180, date(2018, 8, 28)),
    ]
    assert mails(bench.office, "review.asked") == ["tf-la-head", "tf-la-head"]


def test_a_holding_given_back_is_not_reviewed(open_office: Opened) -> None:
    bench = open_office("2018-03-01T03:00")
    handed_over(bench.office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    bench.office.do(Return(holding=MAPPING, reason="no staff"), by="tf-la")
    live_until(bench, "2018-09-10T03:00")
    assert mails(bench.office, "review.asked") == []


def test_a_review_that_says_no_proposes_support_to_owner_and_chair(open_office: Opened) -> None:
    bench = open_office("2018-03-01T03:00")
    handed_over(bench.office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    live_until(bench, "2018-06-05T03:00")
    bench.office.do(Review(holding=MAPPING, performed=False, note="two posts empty"), by="tf-la")
    with bench.office.store.read() as session:
        [support] = session.exec(select(Support)).all()
    assert (support.function, support.body) == ("referral-mechanisms", "tf-la")
    assert mails(bench.office, "support") == ["tf-la-head", "un-act-head"]  # nobody chairs yet


def a_quarter(office: Office, cycle: str) -> None:
    for act in (OpenCycle, PlanMilestones, AskBodies):
        office.do(act(function="task-force-convening", cycle=cycle), by="engine")


def test_two_obligations_missed_in_a_row_propose_support_once(open_office: Opened) -> None:
    bench = open_office("2018-01-15T03:00")
    a_quarter(bench.office, "2018-Q1")
    live_until(bench, "2018-03-12T20:00")  # the meeting is missed, the record is not yet
    assert mails(bench.office, "support") == []
    live_until(bench, "2018-07-10T03:00")
    with bench.office.store.read() as session:
        proposed = {(s.function, s.body) for s in session.exec(select(Support))}
    forces = bench.office.programme.task_forces()
    assert proposed == {("task-force-convening", body) for body in forces}
    assert mails(bench.office, "support").count("tf-la-head") == 1


def test_support_is_over_when_the_function_is_performed_again(open_office: Opened) -> None:
    bench = open_office("2018-01-15T03:00")
    a_quarter(bench.office, "2018-Q1")
    live_until(bench, "2018-04-05T03:00")
    meeting = "task-force-convening/2018-Q1/meeting-held@tf-la"
    bench.office.do(Done(obligation=meeting), by="tf-la")
    with bench.office.store.read() as session:
        assert "tf-la" not in set(session.exec(select(Support.body)))


# -- bodies that end -------------------------------------------------------------------------------


def test_when_a_ministry_is_dissolved_its_duties_are_in_custody_in_the_same_act(
    open_office: Opened,
) -> None:
    office = open_office("2018-08-13T03:00").office
    handed_over(office, MAPPING, "tf-la", Phase.GOVERNMENT_LED)
    office.do(EndBody(body="tf-la", reason="dissolved"), by="un-act")
    found = the(office, MAPPING)
    assert (found.owner, found.custody_of, found.phase) == ("un-act", "tf-la", "government_led")
    assert mails(office, "ended") == ["un-act-head"]
    with pytest.raises(NotAllowedError, match="tf-la has ended; un-act looks after what it had"):
        office.do(Return(holding=MAPPING, reason="x"), by="tf-la")


def test_custody_does_not_count_as_transferred(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    for duty in ("investigation", "communication"):
        key = f"joint-operations/{duty}@CN"
        handed_over(bench.office, key, "tf-cn", Phase.GOVERNMENT_LED)
    assert how(bench, "joint-operations") is Transferred.FULLY
    bench.office.do(EndBody(body="tf-cn", reason="dissolved"), by="un-act")
    assert how(bench, "joint-operations") is Transferred.NOT
    bench.office.do(RestoreBody(body="tf-cn", reason="not after all"), by="un-act")
    assert how(bench, "joint-operations") is Transferred.NOT  # until the steward releases it


def how(bench: Bench, function: str) -> Transferred:
    with bench.office.store.read() as session:
        status = board.status(session, bench.office.programme, bench.clock.now())
    return next(f.transferred for f in status.functions if f.slug == function)


def test_un_act_closes_on_its_last_day_and_nothing_is_without_an_owner(
    open_office: Opened,
) -> None:
    bench = open_office("2020-06-01T03:00")
    office = bench.office
    waived(office, MAPPING)
    office.do(Offer(holding=MAPPING, answer_by=date(2020, 7, 31)), by="un-act")
    live_until(bench, "2020-06-30T16:59")
    assert (the(office, MAPPING).owner, office.steward) == ("un-act", "un-act")
    live_until(bench, "2020-06-30T17:00")  # midnight in Bangkok
    with office.store.read() as session:
        owners = {holding.owner for holding in session.exec(select(Holding))}
        bodies = bodies_of(session, office.programme)
    assert owners == {"chair"}
    assert (bodies.steward, bodies.ended) == ("chair", {"un-act"})
    # Who names no body at a terminal speaks for the steward: from now on, the chair.
    assert office.steward == "chair"
    # UN-ACT's offer was still open: the custodian makes it anew, and it can be accepted.
    office.do(Offer(holding=MAPPING), by="chair")
    office.do(Accept(holding=MAPPING), by="tf-la")
    assert the(office, MAPPING).owner == "tf-la"


def test_the_chair_s_office_cannot_end(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    with pytest.raises(ConflictError, match="passes on to the next member"):
        office.do(EndBody(body="chair", reason="x"), by="un-act")


def test_a_planned_end_can_be_called_off(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    bench.office.do(EndBody(body="tf-la", on=date(2018, 9, 30), reason="reform"), by="un-act")
    bench.office.do(RestoreBody(body="tf-la", reason="reform called off"), by="un-act")
    live_until(bench, "2018-10-10T03:00")
    with bench.office.store.read() as session:
        assert "tf-la" not in bodies_of(session, bench.office.programme).ended


# -- suspended -------------------------------------------------------------------------------------


def test_a_suspended_holding_is_looked_at_again_on_its_day(open_office: Opened) -> None:
    bench = open_office("2018-08-13T03:00")
    handed_over(bench.office, MAPPING, "tf-la")
    suspend = Suspend(holding=MAPPING, reason="flood", follow_up=date(2018, 10, 1))
    bench.office.do(suspend, by="tf-la")
    live_until(bench, "2018-10-02T03:00")
    assert mails(bench.office, "holding.follow-up-due") == ["tf-la-head"]
    assert the(bench.office, MAPPING).standing == "suspended"


# -- on behalf of ----------------------------------------------------------------------------------


def test_the_secretariat_accepts_for_a_government_by_its_letter(
    open_office: Opened, tmp_path: Path
) -> None:
    office = open_office("2018-08-13T03:00").office
    waived(office, MAPPING)
    office.do(Offer(holding=MAPPING), by="un-act")
    paper = tmp_path / "note verbale.pdf"
    paper.write_bytes(b"%PDF we accept")
    letter = file_letter(tmp_path / "data", paper, "un-act")
    office.do(Accept(holding=MAPPING), by="tf-la", letter=letter)
    assert the(office, MAPPING).owner == "tf-la"
    assert told(office, MAPPING).endswith(
        "(on its behalf: UN-ACT, by the letter “note verbale.pdf”)"
    )
    [kept] = (tmp_path / "data/documents").iterdir()
    assert kept.read_bytes() == paper.read_bytes()
    assert kept.stem == letter.sha256


def test_only_steward_and_chair_act_on_behalf_of_others(
    open_office: Opened, tmp_path: Path
) -> None:
    office = open_office("2018-08-13T03:00").office
    office.do(Offer(holding=MAPPING), by="un-act")
    (tmp_path / "letter.txt").write_text("we decline")
    letter = file_letter(tmp_path, tmp_path / "letter.txt", "tf-th")
    with pytest.raises(NotAllowedError, match="on behalf of tf-la is for"):
        office.do(Decline(holding=MAPPING, reason="x"), by="tf-la", letter=letter)


@pytest.mark.parametrize("content", [None, b""])
def test_a_letter_that_is_not_there_or_empty_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    paper = tmp_path / "letter.pdf"
    if content is not None:
        paper.write_bytes(content)
    with pytest.raises(BadInputError, match=r"letter\.pdf"):
        file_letter(tmp_path, paper, "un-act")


# -- nothing is lost -------------------------------------------------------------------------------


def test_a_holding_returned_keeps_what_was_shown_and_said(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    handed_over(office, MAPPING, "tf-la")
    office.do(Return(holding=MAPPING, reason="no staff"), by="tf-la")
    with office.store.read() as session:
        seen = closeup.holding(session, office.programme, MAPPING)
    assert seen.holding.owner == "un-act"
    assert [entry.kind for entry in seen.history] == [
        "holding.returned",
        "holding.accepted",
        "holding.offered",
        "readiness.waived",
        "holding.opened",
    ]
    assert len([kept for _, kept in seen.checklist if kept]) == len(EVERYTHING)


def test_exactly_one_body_is_accountable_in_every_phase(open_office: Opened) -> None:
    office = open_office("2018-08-13T03:00").office
    with office.store.read() as session:
        assert closeup.holding(session, office.programme, MAPPING).raci.consulted == ("tf-la",)
    handed_over(office, MAPPING, "tf-la")
    with office.store.read() as session:
        raci = closeup.holding(session, office.programme, MAPPING).raci
    assert (raci.accountable, raci.responsible) == ("tf-la", ("tf-la", "un-act"))
    office.do(Advance(holding=MAPPING), by="tf-la")
    with office.store.read() as session:
        raci = closeup.holding(session, office.programme, MAPPING).raci
    assert (raci.responsible, raci.consulted, raci.informed) == (
        ("tf-la",),
        ("un-act",),
        ("chair",),
    )

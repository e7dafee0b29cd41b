"""From a planned meeting to reminders: who is asked, when it climbs, what stops it."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from schemas.acts import (
    Accept,
    Acknowledge,
    AgreeChair,
    AskBodies,
    Attest,
    CloseCycle,
    CloseSom,
    Done,
    Offer,
    OpenCycle,
    PlanMilestones,
    PlanSom,
    PostponeSom,
    PrepareSom,
    RunFlow,
    TakeChair,
)
from schemas.anchor import Anchor
from schemas.tables import Cycle, Entry, Mail, Obligation, Run, Term, Timer
from secretariat.commands import Office
from secretariat.errors import (
    BadInputError,
    ConflictError,
    NotAllowedError,
    SecretariatError,
    UnknownError,
)
from secretariat.timers import tick
from tests.conftest import Bench, at

Opened = Callable[[str], Bench]
HOST = "som-hosting/SOM14/host-confirmed@tf-vn"


def on(text: str) -> Anchor:
    return Anchor.model_validate(text)


def a_chair(office: Office, som: str = "SOM13", member: str = "CN") -> None:
    office.do(AgreeChair(som=som, member=member), by="un-act")
    office.do(TakeChair(som=som), by="un-act")


def a_cycle(office: Office, function: str, cycle: str) -> None:
    """Open, plan and ask, as a flow does."""
    for act in (OpenCycle, PlanMilestones, AskBodies):
        office.do(act(function=function, cycle=cycle), by="engine")


def a_meeting(bench: Bench, day: str = "2020-03-10") -> None:
    a_chair(bench.office)
    bench.office.do(PlanSom(som="SOM14", host="VN", on=on(day)), by="un-act")
    a_cycle(bench.office, "som-hosting", "SOM14")


def live_until(bench: Bench, moment: str) -> None:
    """Let time pass, ticking four times a day."""
    end = at(moment)
    while bench.clock.now() < end:
        bench.clock.advance_to(min(end, bench.clock.now() + timedelta(hours=6)))
        tick(bench.office)


def mailed(office: Office, obligation: str) -> list[tuple[str, str]]:
    """(step, contact) of every mail asked for, in order."""
    with office.store.read() as session:
        query = select(Mail).where(Mail.obligation == obligation, Mail.template == "obligation")
        query = query.where(Mail.state != "suppressed").order_by(col(Mail.id))
        return [(mail.context["step"], mail.contact) for mail in session.exec(query)]


def test_nobody_acknowledges_so_it_climbs_to_head_then_chair_then_secretariat(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    live_until(bench, "2019-11-10")
    assert mailed(bench.office, HOST) == [
        ("request", "tf-vn-focal-point"),
        ("acknowledge-reminder", "tf-vn-focal-point"),
        ("unacknowledged-head", "tf-vn-head"),
        ("unacknowledged-chair", "chair-cn-head"),
        ("unacknowledged-secretariat", "un-act-head"),
        ("due-soon", "tf-vn-focal-point"),
    ]


def test_acknowledging_stops_the_climb_but_not_the_reminders_of_what_is_due(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    live_until(bench, "2019-10-17")
    bench.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    live_until(bench, "2019-11-30")
    assert mailed(bench.office, HOST) == [
        ("request", "tf-vn-focal-point"),
        ("due-soon", "tf-vn-focal-point"),
        ("due-today", "tf-vn-focal-point"),
        ("late-head", "tf-vn-head"),
        ("late-chair", "chair-cn-head"),
        ("late-secretariat", "un-act-head"),
    ]


def test_what_is_done_is_never_reminded_of(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    bench.office.do(Done(obligation=HOST, note="Ha Noi"), by="tf-vn")
    live_until(bench, "2020-01-10")
    assert mailed(bench.office, HOST) == []


def test_after_an_outage_each_person_gets_one_mail_that_says_how_late_it_is(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    live_until(bench, "2019-10-14")
    bench.until("2019-11-09")  # the program was down for weeks
    tick(bench.office)
    tick(bench.office)
    assert mailed(bench.office, HOST) == [
        ("unacknowledged-head", "tf-vn-head"),
        ("unacknowledged-chair", "chair-cn-head"),
        ("unacknowledged-secretariat", "un-act-head"),
        ("due-soon", "tf-vn-focal-point"),
    ]
    with bench.office.store.read() as session:
        mails = session.exec(select(Mail).where(Mail.obligation == HOST)).all()
        contacts = [mail.contact for mail in mails if mail.asked_at == bench.clock.now()]
        late = {mail.contact: mail.context["hours_late"] for mail in mails}
    assert len(contacts) == len(set(contacts))
    assert late["tf-vn-head"] > 24 * 7


def test_every_step_is_claimed_once_and_none_is_lost(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    bench.until("2021-01-01")
    claimed = tick(bench.office)
    assert tick(bench.office) == 0
    with bench.office.store.read() as session:
        timers = session.exec(select(Timer)).all()
        once = [timer for timer in timers if timer.kind == "step" and not timer.turn]
    assert claimed > len(once) > 50
    assert all(timer.claimed_at == bench.clock.now() for timer in once)
    assert all(timer.claimed_at or timer.due_at > bench.clock.now() for timer in timers)


def test_reminders_reach_people_in_their_office_hours(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    live_until(bench, "2019-12-30")
    with bench.office.store.read() as session:
        mails = session.exec(select(Mail)).all()
    assert mails
    for mail in mails:
        contact = bench.office.programme.contact(mail.contact)
        assert contact
        local = mail.not_before.astimezone(ZoneInfo(contact.zone))
        assert 9 <= local.hour < 17, mail
        assert local.weekday() < 5 or contact.zone == "Asia/Shanghai"


def test_planning_and_asking_twice_changes_nothing(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    for act in (OpenCycle, PlanMilestones, AskBodies):
        assert bench.office.do(act(function="som-hosting", cycle="SOM14"), by="engine") == []


def test_a_postponed_meeting_takes_its_obligations_and_waiting_reminders_along(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    with bench.office.store.read() as session:
        before = session.get_one(Obligation, HOST).do_by
    bench.office.do(PostponeSom(som="SOM14", to=on("2020-09-08"), reason="Rain."), by="un-act")
    a_cycle(bench.office, "som-hosting", "SOM14")
    with bench.office.store.read() as session:
        moved = session.get_one(Obligation, HOST)
        timers = session.exec(
            select(Timer).where(Timer.subject == HOST, Timer.kind == "step")
        ).all()
    assert moved.moved_from == before
    assert (moved.do_by - before).days > 150
    assert min(timer.due_at for timer in timers) >= moved.asked_at > at("2020-03-01")
    live_until(bench, "2020-02-01")
    assert mailed(bench.office, HOST) == []


def test_a_tentative_meeting_gives_provisional_dates_until_it_is_fixed(
    open_office: Opened,
) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench, "2020-Q1")
    with bench.office.store.read() as session:
        assert session.get_one(Obligation, HOST).provisional
    bench.office.do(PostponeSom(som="SOM14", to=on("2020-03-31"), reason="Fixed."), by="un-act")
    a_cycle(bench.office, "som-hosting", "SOM14")
    with bench.office.store.read() as session:
        assert not session.get_one(Obligation, HOST).provisional


def test_a_new_owner_is_asked_and_the_former_one_released(open_office: Opened) -> None:
    bench = open_office("2018-02-01T03:00")
    a_cycle(bench.office, "case-management-meetings", "2018-H1")
    holding = "case-management-meetings/meeting@MM-TH"

    def bodies() -> set[str]:
        with bench.office.store.read() as session:
            return set(session.exec(select(Obligation.body)))

    assert bodies() == {"un-act"}
    bench.office.do(Offer(holding=holding), by="un-act")
    bench.office.do(Attest(holding=holding, item="contacts", evidence="Both named."), by="tf-th")
    bench.office.do(Accept(holding=holding), by="tf-th")
    a_cycle(bench.office, "case-management-meetings", "2018-H1")
    assert bodies() == {"un-act", "tf-th"}  # UN-ACT still owns the other pairs


def test_a_cycle_closes_only_when_nothing_is_open(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_cycle(bench.office, "regional-liaison", "2019-H1")
    close = CloseCycle(function="regional-liaison", cycle="2019-H1")
    with pytest.raises(ConflictError, match="contacts-reported@un-act"):
        bench.office.do(close, by="engine")
    done = Done(obligation="regional-liaison/2019-H1/contacts-reported@un-act")
    bench.office.do(done, by="un-act")
    assert [event.kind for event in bench.office.do(close, by="engine")] == ["cycle.closed"]
    assert bench.office.do(close, by="engine") == []
    with bench.office.store.read() as session:
        assert session.get_one(Cycle, "regional-liaison/2019-H1").closed_at


def test_closing_the_meeting_passes_the_chair_to_the_agreed_successor(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    a_chair(bench.office)
    bench.office.do(AgreeChair(som="SOM14", member="VN", agreement="informal"), by="un-act")
    bench.office.do(PlanSom(som="SOM13", host="CN", on=on("2019-03-12")), by="un-act")
    with pytest.raises(ConflictError, match="still to be held"):
        bench.office.do(CloseSom(som="SOM13"), by="chair")
    bench.until("2019-03-12")
    bench.office.do(CloseSom(som="SOM13"), by="chair")
    with bench.office.store.read() as session:
        china, viet_nam = session.get_one(Term, "SOM13"), session.get_one(Term, "SOM14")
    assert china.left_at == viet_nam.took_office_at == bench.clock.now()


def test_preparing_a_meeting_twice_asks_for_one_flow_run(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    prepare = PrepareSom(som="SOM14", host="VN", on=on("2020-03-10"))
    bench.office.do(prepare, by="un-act")
    assert bench.office.do(prepare, by="un-act") == []
    with bench.office.store.read() as session:
        runs = session.exec(select(Run)).all()
    assert [(run.deployment, run.parameters) for run in runs] == [
        ("som-hosting", {"cycle": "SOM14"})
    ]


def test_an_act_with_a_known_key_is_done_once(open_office: Opened) -> None:
    bench = open_office("2019-01-03T03:00")
    offer = Offer(holding="som-hosting/venue-and-money@chair")
    assert bench.office.do(offer, by="un-act", key="letter-7")
    assert bench.office.do(offer, by="un-act", key="letter-7") == []


REFUSED = {
    "an unknown host": (
        PrepareSom(som="SOM14", host="XX", on=on("2020-03-10")),
        "un-act",
        UnknownError,
        "no member of COMMIT",
    ),
    "a day that is past": (
        PrepareSom(som="SOM14", host="VN", on=on("2018-03-10")),
        "un-act",
        BadInputError,
        "is past",
    ),
    "a body that may not": (
        PrepareSom(som="SOM14", host="VN", on=on("2020-03-10")),
        "tf-th",
        NotAllowedError,
        "not for tf-th",
    ),
    "an unknown body": (
        Offer(holding="som-hosting/venue-and-money@chair"),
        "nobody",
        UnknownError,
        "no body “nobody”",
    ),
    "an unknown function": (
        RunFlow(function="tea-making"),
        "un-act",
        UnknownError,
        "no function “tea-making”",
    ),
    "an unknown meeting": (
        RunFlow(function="som-hosting", cycle="SOM99"),
        "un-act",
        UnknownError,
        "no meeting “SOM99”",
    ),
    "a cycle that is no period": (
        RunFlow(function="national-planning", cycle="2019-Q9"),
        "un-act",
        BadInputError,
        "is no period",
    ),
    "an unknown holding": (Offer(holding="tea/cups@KH"), "un-act", UnknownError, "tea/cups@KH"),
    "somebody else's obligation": (
        Acknowledge(obligation="regional-liaison/2019-H1/contacts-reported@un-act"),
        "tf-kh",
        NotAllowedError,
        "asked of un-act",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_act_gets_a_sentence_and_changes_nothing(open_office: Opened, case: str) -> None:
    act, by, kind, words = REFUSED[case]
    bench = open_office("2019-01-03T03:00")
    a_cycle(bench.office, "regional-liaison", "2019-H1")

    def everything() -> list[object]:
        with bench.office.store.read() as session:
            tables = (Entry, Run, Timer, Mail, Obligation)
            return [row.model_dump() for table in tables for row in session.exec(select(table))]

    before = everything()
    with pytest.raises(kind, match=words) as refusal:
        bench.office.do(act, by=by)
    assert isinstance(refusal.value, SecretariatError)
    assert everything() == before

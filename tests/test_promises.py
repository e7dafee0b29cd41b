"""What becomes of a promise: acknowledged for a while, put off, extended, moved, released."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlmodel import col, select

from notifications.compose import Composer
from notifications.links import Links
from schemas.acts import (
    Acknowledge,
    AskExtension,
    Done,
    EndBody,
    GrantExtension,
    PostponeSom,
    RefuseExtension,
    Snooze,
)
from schemas.tables import Mail, Obligation, Timer
from secretariat.commands import Office
from secretariat.errors import BadInputError, ConflictError, NotAllowedError
from secretariat.history import live_until
from secretariat.store import Store, open_store
from tests.conftest import Bench, at
from tests.test_obligations import HOST, Opened, a_cycle, a_meeting, mailed, on

BUDGET = "som-hosting/SOM14/budget-confirmed@tf-vn"
# HOST is asked of Viet Nam on 15 October 2019, and is due on 12 November.


def the(office: Office, key: str = HOST) -> Obligation:
    with office.store.read() as session:
        return session.get_one(Obligation, key)


def mails(office: Office, template: str) -> list[Mail]:
    with office.store.read() as session:
        query = select(Mail).where(Mail.template == template, Mail.state != "suppressed")
        return list(session.exec(query.order_by(col(Mail.id))))


def leave(office: Office) -> None:
    """Every mail whose hour has come is taken by the relay."""
    now = office.clock.now()
    with office.store.write() as session:
        query = select(Mail).where(Mail.state == "waiting", col(Mail.not_before) <= now)
        for mail in session.exec(query):
            mail.state, mail.content = "accepted", b"as written"
            mail.accepted_at = mail.ended_at = now


def text_of(office: Office, mail: Mail) -> str:
    """What the mail says when it is written now."""
    composer = Composer(office.programme, Links("k" * 32, ""), "secretariat@board.example")
    with office.store.write() as session:
        found = session.get_one(Mail, mail.id)
        composer.freeze(session, found, office.clock.now())
        message = BytesParser(policy=SMTP).parsebytes(found.content or b"")
    plain = message.get_body(("plain",))
    assert plain
    return " ".join(plain.get_content().split())


def live(bench: Bench, moment: str) -> None:
    """Let time pass, each step at its hour and each mail leaving at its own."""
    live_until(bench.office, bench.clock, at(moment), lambda: leave(bench.office))


def pass_unsent(bench: Bench, moment: str) -> None:
    """Let time pass with the relay away."""
    live_until(bench.office, bench.clock, at(moment), lambda: None)


@pytest.fixture
def store(blank: Path, tmp_path: Path) -> Iterator[Store]:
    """These are rules; that both databases keep them is seen in test_obligations."""
    shutil.copy(blank, tmp_path / "secretariat.db")
    found = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    yield found
    found.engine.dispose()


@pytest.fixture
def asked(open_office: Opened) -> Bench:
    """Viet Nam was asked two days ago, and has had the mail."""
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    live(bench, "2019-10-16")
    assert mailed(bench.office, HOST) == [("request", "tf-vn-focal-point")]
    return bench


# -- acknowledged for a while ----------------------------------------------------------------------


def test_an_acknowledgement_runs_out_and_the_climb_starts_again(open_office: Opened) -> None:
    bench = open_office("2018-10-04T03:00")
    a_cycle(bench.office, "indicator-collection", "2018")
    key = "indicator-collection/2018/indicators-reported@tf-kh"
    live(bench, "2018-10-10")  # asked on the 5th, due on 17 December
    bench.office.do(Acknowledge(obligation=key), by="tf-kh")
    until = the(bench.office, key).acknowledged_until
    assert until
    live(bench, (until - timedelta(hours=1)).isoformat())
    assert the(bench.office, key).acknowledged_at
    live(bench, (until + timedelta(days=9)).isoformat())
    found = the(bench.office, key)
    assert found.acknowledged_at is None
    assert found.acknowledge_by > until
    assert mailed(bench.office, key)[:3] == [
        ("request", "tf-kh-focal-point"),
        ("request", "tf-kh-focal-point"),
        ("acknowledge-reminder", "tf-kh-focal-point"),
    ]


def test_acknowledging_again_renews_it(open_office: Opened) -> None:
    bench = open_office("2018-10-04T03:00")
    a_cycle(bench.office, "indicator-collection", "2018")
    key = "indicator-collection/2018/indicators-reported@tf-kh"
    pass_unsent(bench, "2018-10-19")
    bench.office.do(Acknowledge(obligation=key), by="tf-kh")
    assert bench.office.do(Acknowledge(obligation=key), by="tf-kh") == []
    first = the(bench.office, key).acknowledged_until
    pass_unsent(bench, "2018-10-31")
    bench.office.do(Acknowledge(obligation=key), by="tf-kh")
    again = the(bench.office, key).acknowledged_until
    assert first
    assert again
    assert again - first > timedelta(days=7)


def test_an_acknowledgement_does_not_run_out_once_the_day_is_near(asked: Bench) -> None:
    asked.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    assert the(asked.office).acknowledged_until is None


def test_acknowledged_is_never_done(asked: Bench) -> None:
    asked.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    live(asked, "2019-11-30")
    found = the(asked.office)
    assert (found.done_at, found.missed_at is not None) == (None, True)


# -- not before ------------------------------------------------------------------------------------


def test_a_snooze_lets_reminders_rest_until_its_day_and_then_they_come(asked: Bench) -> None:
    asked.office.do(Snooze(obligation=HOST, until=date(2019, 11, 6)), by="tf-vn")
    live(asked, "2019-11-05T16:00")
    assert mailed(asked.office, HOST) == [("request", "tf-vn-focal-point")]
    live(asked, "2019-11-07")
    assert {step for step, _ in mailed(asked.office, HOST)} == {
        "request",
        "due-soon",
        "unacknowledged-head",
        "unacknowledged-chair",
        "unacknowledged-secretariat",
    }


def test_what_is_late_climbs_whatever_was_put_off(asked: Bench) -> None:
    asked.office.do(Snooze(obligation=HOST, until=the(asked.office).due_on), by="tf-vn")
    live(asked, "2019-11-30")
    assert ("late-chair", "chair-cn-head") in mailed(asked.office, HOST)


def test_a_mail_that_has_not_left_rests_too(open_office: Opened) -> None:
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    pass_unsent(bench, "2019-10-16")
    bench.office.do(Snooze(obligation=HOST, until=date(2019, 10, 25)), by="tf-vn")
    live(bench, "2019-10-24")
    assert mails(bench.office, "obligation") == []
    live(bench, "2019-10-26")
    assert ("acknowledge-reminder", "tf-vn-focal-point") in mailed(bench.office, HOST)


def test_reminders_are_put_off_as_often_as_the_ladder_allows(asked: Bench) -> None:
    for day in (18, 22):
        asked.office.do(Snooze(obligation=HOST, until=date(2019, 10, day)), by="tf-vn")
    with pytest.raises(ConflictError, match="put off 2 times"):
        asked.office.do(Snooze(obligation=HOST, until=date(2019, 10, 25)), by="tf-vn")


@pytest.mark.parametrize("day", [date(2019, 10, 16), date(2019, 11, 13)])
def test_reminders_rest_until_a_day_after_today_and_not_after_the_day_due(
    asked: Bench, day: date
) -> None:
    with pytest.raises(BadInputError, match="at the latest until 2019-11-12"):
        asked.office.do(Snooze(obligation=HOST, until=day), by="tf-vn")


@pytest.mark.parametrize("by", ["un-act", "chair", "tf-th"])
def test_only_the_asked_body_puts_off_and_asks_for_time(asked: Bench, by: str) -> None:
    with pytest.raises(NotAllowedError, match="for it to say"):
        asked.office.do(Snooze(obligation=HOST, until=date(2019, 10, 25)), by=by)
    with pytest.raises(NotAllowedError, match="for it to say"):
        wish = AskExtension(obligation=HOST, to=date(2019, 11, 20), reason="Tet")
        asked.office.do(wish, by=by)


# -- not by that day -------------------------------------------------------------------------------


def wish(bench: Bench, day: date = date(2019, 11, 25)) -> None:
    bench.office.do(
        AskExtension(obligation=HOST, to=day, reason="The venue burnt down."), by="tf-vn"
    )


def test_while_an_extension_waits_the_ladder_goes_on_and_the_steward_is_reminded(
    asked: Bench,
) -> None:
    wish(asked)
    live(asked, "2019-10-29")
    assert ("unacknowledged-chair", "chair-cn-head") in mailed(asked.office, HOST)
    asking = mails(asked.office, "extension")
    assert {mail.contact for mail in asking} == {"un-act-head"}
    assert [mail.context["turn"] for mail in asking] == [0, 1, 2]


def test_a_granted_extension_keeps_both_days_and_moves_the_reminders(asked: Bench) -> None:
    first = the(asked.office).due_on
    wish(asked)
    asked.office.do(GrantExtension(obligation=HOST), by="un-act")
    found = the(asked.office)
    assert (found.promised_on, found.due_on) == (first, date(2019, 11, 25))
    assert (found.sequence, found.wanted_on) == (1, None)
    live(asked, "2019-11-22")
    assert [step for step, _ in mailed(asked.office, HOST)][-1] == "due-soon"
    assert ("request", "tf-vn-focal-point") not in mailed(asked.office, HOST)[1:]
    told = mails(asked.office, "extension")[-1]
    assert (told.contact, told.context["answer"]) == ("tf-vn-focal-point", "granted")
    with asked.office.store.read() as session:
        timers = session.exec(select(Timer).where(Timer.kind == "extension")).all()
    assert timers == []


def test_an_extension_that_is_refused_changes_no_day(asked: Bench) -> None:
    before = the(asked.office).due_on
    wish(asked)
    asked.office.do(RefuseExtension(obligation=HOST, reason="Book another."), by="chair")
    found = the(asked.office)
    assert (found.due_on, found.wanted_on, found.sequence) == (before, None, 0)
    assert mails(asked.office, "extension")[-1].context["answer"] == "refused"


def test_a_day_on_a_holiday_becomes_the_next_working_day(asked: Bench) -> None:
    wish(asked, date(2019, 11, 23))  # a Saturday
    assert the(asked.office).wanted_on == date(2019, 11, 25)


def test_nobody_grants_their_own_wish(open_office: Opened) -> None:
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    a_cycle(bench.office, "som-preparation", "SOM14")
    key = "som-preparation/SOM14/concept-note@un-act"
    bench.office.do(AskExtension(obligation=key, to=date(2019, 12, 20), reason="Ill."), by="un-act")
    assert {mail.contact for mail in mails(bench.office, "extension")} == {"chair-cn-head"}
    with pytest.raises(NotAllowedError, match="another answers"):
        bench.office.do(GrantExtension(obligation=key), by="un-act")
    bench.office.do(GrantExtension(obligation=key), by="chair")
    assert the(bench.office, key).due_on == date(2019, 12, 20)


@pytest.mark.parametrize(
    ("act", "by", "kind", "words"),
    [
        (GrantExtension(obligation=HOST), "un-act", ConflictError, "Nobody asks for more time"),
        (GrantExtension(obligation=HOST), "tf-vn", NotAllowedError, "not for tf-vn"),
        (
            AskExtension(obligation=HOST, to=date(2019, 11, 1), reason="x"),
            "tf-vn",
            BadInputError,
            "after 2019-11-12",
        ),
    ],
)
def test_what_does_not_fit_gets_a_sentence(
    asked: Bench, act: GrantExtension, by: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        asked.office.do(act, by=by)


# -- the day moves ---------------------------------------------------------------------------------


def postpone(bench: Bench, to: str, reason: str = "Rain.") -> None:
    bench.office.do(PostponeSom(som="SOM14", to=on(to), reason=reason), by="un-act")


def test_when_a_meeting_moves_each_person_gets_one_mail_with_all_their_days(asked: Bench) -> None:
    a_cycle(asked.office, "som-preparation", "SOM14")
    live(asked, "2019-11-15")  # the budget is asked for too, and HOST has climbed up to the chair
    before = the(asked.office).due_on
    postpone(asked, "2020-03-24")
    asked_for = [mail.contact for mail in mails(asked.office, "moved")]
    assert sorted(asked_for) == sorted(set(asked_for))
    [mail] = [m for m in mails(asked.office, "moved") if m.contact == "tf-vn-focal-point"]
    moves = {move["obligation"]: move for move in mail.context["moves"]}
    assert {HOST, BUDGET} <= set(moves)
    assert moves[HOST]["was"] == before.isoformat()
    assert moves[HOST]["day"] == the(asked.office).due_on.isoformat()
    live(asked, "2019-11-18")
    again = [m for m in mails(asked.office, "obligation") if m.asked_at >= mail.asked_at]
    assert "request" not in [m.context["step"] for m in again if m.obligation in moves]


def test_what_moves_says_why_in_the_mail(asked: Bench) -> None:
    postpone(asked, "2020-Q2")
    [mail] = [m for m in mails(asked.office, "moved") if m.contact == "tf-vn-focal-point"]
    text = text_of(asked.office, mail)
    assert "SOM14 was postponed to second quarter of 2020: Rain." in text
    assert "Was due on 12 November 2019, is due on" in text
    assert "(provisional)" in text


def test_a_meeting_moved_twice_in_a_night_is_told_once_from_the_day_people_know(
    asked: Bench,
) -> None:
    before = the(asked.office).due_on
    asked.until("2019-10-16T20:00")
    postpone(asked, "2020-04-07")
    postpone(asked, "2020-03-24")
    [mail] = [m for m in mails(asked.office, "moved") if m.contact == "tf-vn-focal-point"]
    [move] = [m for m in mail.context["moves"] if m["obligation"] == HOST]
    assert (move["was"], move["day"]) == (before.isoformat(), the(asked.office).due_on.isoformat())
    postpone(asked, "2020-03-10")
    assert [m for m in mails(asked.office, "moved") if m.contact == "tf-vn-focal-point"] == []


def test_reminders_of_the_old_day_that_have_not_left_are_called_back(open_office: Opened) -> None:
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    pass_unsent(bench, "2019-10-16")
    postpone(bench, "2020-03-24")
    with bench.office.store.read() as session:
        old = session.exec(select(Mail).where(Mail.obligation == HOST)).one()
    assert (old.state, old.reply) == ("suppressed", "moved before it was sent")
    assert mails(bench.office, "moved") == []  # nobody had been told
    live(bench, "2019-10-30")
    assert ("request", "tf-vn-focal-point") in [
        (mail.context["step"], mail.contact) for mail in mails(bench.office, "obligation")
    ]


def test_a_meeting_moved_far_away_is_asked_for_anew_in_its_time(asked: Bench) -> None:
    asked.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    postpone(asked, "2020-09-08")
    assert the(asked.office).acknowledged_at is None
    live(asked, "2020-04-01")
    assert [step for step, _ in mailed(asked.office, HOST)] == ["request"]
    live(asked, "2020-05-01")
    assert [step for step, _ in mailed(asked.office, HOST)][:2] == ["request", "request"]


def test_an_extension_is_kept_as_so_many_working_days_beyond_the_milestone_s_day(
    asked: Bench,
) -> None:
    wish(asked)
    asked.office.do(GrantExtension(obligation=HOST), by="un-act")
    postpone(asked, "2020-03-24")
    found = the(asked.office)
    assert found.extended_by == 9
    assert found.planned_on < found.due_on
    assert (found.due_on - found.planned_on).days == 13
    postpone(asked, "2020-03-10")
    assert the(asked.office).due_on == date(2019, 11, 25)


def test_who_had_been_told_is_told_once_that_they_are_no_longer_asked(open_office: Opened) -> None:
    bench = open_office("2018-05-07T03:00")
    a_cycle(bench.office, "case-management-meetings", "2018-H1")
    live(bench, "2018-05-10")
    bench.office.do(EndBody(body="un-act", reason="Early."), by="un-act")
    a_cycle(bench.office, "case-management-meetings", "2018-H1")
    [mail] = mails(bench.office, "moved")
    assert [move["day"] for move in mail.context["moves"]] == [None]
    a_cycle(bench.office, "case-management-meetings", "2018-H1")
    assert len(mails(bench.office, "moved")) == 1


def test_what_is_done_is_never_reminded_of_nor_moved(asked: Bench) -> None:
    wish(asked)
    asked.office.do(Done(obligation=HOST, note="Ha Noi"), by="tf-vn")
    postpone(asked, "2020-03-24")
    live(asked, "2020-02-01")
    assert mailed(asked.office, HOST) == [("request", "tf-vn-focal-point")]
    assert [m for m in mails(asked.office, "moved") if HOST in str(m.context)] == []

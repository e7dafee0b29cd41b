"""Calendars that change after days were planned: shown first, then moved; never what is past."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from schemas.acts import ApproveCalendar, AskExtension, GrantExtension, Snooze
from schemas.programme import Programme
from schemas.tables import Entry, Mail, Obligation, PlannedMilestone, Timer
from secretariat import audit
from secretariat.commands import Office, recount
from secretariat.commands.office import Desk
from secretariat.commands.recount import Shift
from secretariat.errors import ConflictError
from secretariat.installation import open_office as opened
from secretariat.ownership import ENGINE
from secretariat.settings import Settings
from secretariat.store import Store
from secretariat.timers import tick
from tests.conftest import Bench
from tests.test_obligations import HOST, Opened, a_cycle, a_meeting, live_until

only_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def bench(open_office: Opened) -> Bench:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    recount.waiting(bench.office)
    return bench


def edited(bench: Bench, change: Callable[[dict[str, Any]], None]) -> Office:
    """The same office after an edit of its programme file."""
    words = bench.office.programme.model_dump()
    change(words)
    return Office(bench.office.store, Programme.model_validate(words), bench.clock)


def free_in_vietnam(*days: date) -> Callable[[dict[str, Any]], None]:
    def change(words: dict[str, Any]) -> None:
        vietnam = next(member for member in words["members"] if member["code"] == "VN")
        vietnam["calendar"]["extra_holidays"] = list(days)

    return change


def the_host(office: Office) -> Obligation:
    with office.store.read() as session:
        return session.get_one(Obligation, HOST)


def shifts(office: Office) -> list[Shift]:
    with office.store.read() as session:
        return recount.shifts(Desk(session, office.programme, office.clock.now(), ENGINE))


def hours(office: Office) -> dict[int, datetime]:
    with office.store.read() as session:
        steps = select(Timer).where(Timer.subject == HOST, Timer.kind == "step")
        return {timer.step: timer.due_at for timer in session.exec(steps)}


def approve(office: Office) -> None:
    office.do(ApproveCalendar(reason="a new holiday"), by="un-act")


@only_sqlite
def test_while_nothing_changes_nothing_would_be_another(bench: Bench, store: Store) -> None:
    assert shifts(bench.office) == []
    with pytest.raises(ConflictError, match="nothing was changed"):
        approve(bench.office)
    live_until(bench, "2019-11-15")
    assert shifts(bench.office) == []


def test_a_year_lived_through_with_these_calendars_is_counted_the_same(replayed: Settings) -> None:
    assert shifts(opened(replayed)) == []


@only_sqlite
def test_what_people_agreed_on_since_is_counted_along(bench: Bench, store: Store) -> None:
    live_until(bench, str(the_host(bench.office).asked_at))
    host = the_host(bench.office)
    later = recount_day(host.due_on, 12)
    bench.office.do(Snooze(obligation=HOST, until=host.due_on), by=host.body)
    bench.office.do(AskExtension(obligation=HOST, to=later, reason="Tet"), by=host.body)
    assert shifts(bench.office) == []
    bench.office.do(GrantExtension(obligation=HOST, reason="yes"), by="un-act")
    assert shifts(bench.office) == []


def recount_day(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)


def test_a_new_holiday_moves_what_lies_ahead_once_somebody_approves(bench: Bench) -> None:
    host, before = the_host(bench.office), hours(bench.office)
    asked_on = host.asked_at.date()
    office = edited(bench, free_in_vietnam(asked_on))
    found = shifts(office)
    assert ("asked", host.asked_at) in {(s.what, s.was) for s in found if s.subject == HOST}
    assert all(shift.was != shift.would for shift in found)
    assert "would be others by changed calendars (the programme's calendars" in recount.waiting(
        office
    )
    assert hours(office) == before  # nothing moves by itself

    approve(office)
    assert shifts(office) == []
    assert recount.waiting(office) == ""
    moved = the_host(office)
    assert moved.asked_at.date() < asked_on  # as many working days ahead as before
    assert (moved.due_on, moved.do_by, moved.sequence) == (host.due_on, host.do_by, 0)
    assert hours(office)[0] == moved.asked_at
    with office.store.read() as session:
        kinds = [entry.kind for entry in session.exec(select(Entry).order_by(col(Entry.seq)))]
    assert "calendar.approved" in kinds
    assert kinds[-1] == "obligation.recounted"
    assert audit.differing(office.store) == []


@only_sqlite
def test_a_body_that_moves_to_another_zone_has_its_own_midnight(bench: Bench, store: Store) -> None:
    """As if a government changed its zone, or a release of the zones corrected it."""

    def change(words: dict[str, Any]) -> None:
        next(m for m in words["members"] if m["code"] == "VN")["zone"] = "Asia/Yangon"

    host, office = the_host(bench.office), edited(bench, change)
    approve(office)
    moved = the_host(office)
    assert (moved.do_by - host.do_by).total_seconds() == 1800
    assert moved.due_on == host.due_on


@only_sqlite
def test_what_is_past_never_moves(bench: Bench, store: Store) -> None:
    host = the_host(bench.office)
    live_until(bench, host.asked_at.isoformat())
    tick(bench.office)
    with store.read() as session:
        taken = {t.step: t.due_at for t in session.exec(select(Timer)) if t.claimed_at}
    office = edited(bench, free_in_vietnam(host.asked_at.date()))
    if shifts(office):
        approve(office)
    assert the_host(office).asked_at == host.asked_at
    with store.read() as session:
        assert {t.step: t.due_at for t in session.exec(select(Timer)) if t.claimed_at} == taken


@only_sqlite
def test_flows_do_not_move_a_milestone_by_a_calendar_nobody_approved(
    bench: Bench, store: Store
) -> None:
    """They move it when its meeting moves; a holiday where the secretariat is waits."""

    def days() -> dict[str, date]:
        with store.read() as session:
            return {row.id: row.due_on for row in session.exec(select(PlannedMilestone))}

    before = days()
    slug, day = next(iter(before.items()))

    def change(words: dict[str, Any]) -> None:
        words["calendar"]["extra_holidays"] = [day]

    office = edited(bench, change)
    a_cycle(office, "som-hosting", "SOM14")
    assert days() == before
    assert slug in {shift.subject for shift in shifts(office)}
    approve(office)
    assert days()[slug] != day
    assert shifts(office) == []
    a_cycle(office, "som-hosting", "SOM14")
    assert shifts(office) == []


@only_sqlite
@pytest.mark.parametrize(("rule", "expected"), [("stays", 0), ("before", -1), ("after", 1)])
def test_a_day_that_is_not_worked_where_it_is_due_stays_or_gives_way(
    bench: Bench, store: Store, rule: str, expected: int
) -> None:
    host = the_host(bench.office)

    def change(words: dict[str, Any]) -> None:
        free_in_vietnam(host.due_on)(words)
        for function in words["functions"]:
            for milestone in function["milestones"]:
                milestone["on_holiday"] = rule

    office = edited(bench, change)
    assert shifts(office)
    approve(office)
    moved = the_host(office)
    with store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        work = desk.calendar(host.body)
    assert moved.planned_on == host.planned_on
    assert moved.due_on == (work.shift(host.due_on, expected) if expected else host.due_on)
    assert moved.do_by == work.end_of(moved.due_on)
    assert shifts(office) == []


@only_sqlite
def test_who_was_told_of_the_day_is_told_once_when_it_moves(bench: Bench, store: Store) -> None:
    host = the_host(bench.office)
    live_until(bench, host.asked_at.isoformat())
    tick(bench.office)
    with store.write() as session:
        for mail in session.exec(select(Mail).where(Mail.obligation == HOST)):
            mail.state, mail.content = "accepted", b"sent"
            mail.accepted_at = mail.ended_at = bench.clock.now()

    def change(words: dict[str, Any]) -> None:
        free_in_vietnam(host.due_on)(words)
        for function in words["functions"]:
            for milestone in function["milestones"]:
                milestone["on_holiday"] = "before"

    approve(edited(bench, change))
    with store.read() as session:
        told = session.exec(select(Mail).where(Mail.template == "moved")).all()
    assert [mail.contact for mail in told] == ["tf-vn-focal-point"]
    assert told[0].context["why"]["kind"] == "calendar.approved"

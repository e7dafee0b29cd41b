"""When a body is asked, reminded and escalated, and which mails still have to be written."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.programme import Calendar, Ladder, LadderStep
from secretariat.calendars import WorkCalendar
from secretariat.ladder import (
    Times,
    days_late,
    following,
    lasts_until,
    latest_of_each,
    still_due,
    times,
)
from secretariat.ladder import worked as worked_since
from tests.conftest import at

ZONES = {
    "KH": "Asia/Phnom_Penh",
    "CN": "Asia/Shanghai",
    "LA": "Asia/Vientiane",
    "MM": "Asia/Yangon",
    "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh",
}
LONG_BEFORE = at("2010-01-01")
ONE_DAY = timedelta(days=1)


def a_calendar(country: str) -> WorkCalendar:
    return WorkCalendar.of(Calendar(holidays=country), ZONES[country])


def a_step(counted_from: str, days: int, unless: str = "done") -> LadderStep:
    words = {"name": "step", "counted_from": counted_from, "days": days, "unless": unless}
    return LadderStep.model_validate(words | {"to": "head"})


def a_ladder(*steps: LadderStep, acknowledge_within: int = 5) -> Ladder:
    return Ladder(
        slug="standard",
        acknowledge_within=acknowledge_within,
        steps=list(steps) or [a_step("asked", 0)],
    )


def worked(work: WorkCalendar, first: date, until: date) -> int:
    """How many days from ``first`` to the day before ``until`` are worked."""
    return sum(work.works_on(first + n * ONE_DAY) for n in range((until - first).days))


CALENDARS = st.sampled_from(sorted(ZONES)).map(a_calendar)
DAYS = st.dates(date(2016, 1, 1), date(2028, 12, 31))
WORKED = st.tuples(CALENDARS, DAYS).map(lambda found: (found[0], found[0].shift(found[1], 0)))
MOMENTS = st.builds(datetime.combine, DAYS, st.times(), st.just(UTC))
LEADS = st.integers(0, 60)
STEPS = st.builds(a_step, st.sampled_from(["asked", "due"]), st.integers(-30, 30))
Due = tuple[WorkCalendar, date]


def test_a_whole_ladder_in_myanmar_before_and_after_christmas() -> None:
    steps = [("asked", 0), ("asked", 3), ("due", -2), ("due", 0), ("due", 3)]
    ladder = a_ladder(*(a_step(*step) for step in steps), acknowledge_within=2)
    assert times(ladder, date(2018, 12, 20), 5, a_calendar("MM"), LONG_BEFORE) == Times(
        asked_at=at("2018-12-13T09:00+06:30"),
        acknowledge_by=at("2018-12-18T00:00+06:30"),
        due_on=date(2018, 12, 20),
        do_by=at("2018-12-21T00:00+06:30"),
        steps=(
            at("2018-12-13T09:00+06:30"),
            at("2018-12-18T09:00+06:30"),
            at("2018-12-18T09:00+06:30"),
            at("2018-12-20T09:00+06:30"),
            at("2018-12-26T09:00+06:30"),  # the 25th is a public holiday there
        ),
    )


def test_the_first_step_is_the_asking_itself_even_on_a_day_no_longer_worked() -> None:
    sunday = at("2018-12-16T10:00+06:30")
    due_on, work = date(2018, 12, 20), a_calendar("MM")
    found = times(a_ladder(a_step("asked", 0)), due_on, 5, work, sunday, asked_at=sunday)
    assert found.steps == (sunday,)


@pytest.mark.parametrize(
    ("country", "asked_at", "do_by"),
    [
        ("KH", "2018-12-13T02:00Z", "2018-12-14T17:00Z"),
        ("CN", "2018-12-13T01:00Z", "2018-12-14T16:00Z"),
        ("LA", "2018-12-13T02:00Z", "2018-12-14T17:00Z"),
        ("MM", "2018-12-13T02:30Z", "2018-12-14T17:30Z"),
        ("TH", "2018-12-13T02:00Z", "2018-12-14T17:00Z"),
        ("VN", "2018-12-13T02:00Z", "2018-12-14T17:00Z"),
    ],
)
def test_a_body_is_asked_at_its_own_nine_o_clock_and_has_until_its_own_midnight(
    country: str, asked_at: str, do_by: str
) -> None:
    found = times(a_ladder(), date(2018, 12, 14), 1, a_calendar(country), LONG_BEFORE)
    assert (found.asked_at, found.do_by) == (at(asked_at), at(do_by))
    assert (found.asked_at.tzinfo, found.do_by.tzinfo) == (UTC, UTC)


@given(WORKED)
def test_what_is_due_on_a_day_is_due_when_that_day_is_over_there(due: Due) -> None:
    work, due_on = due
    do_by = times(a_ladder(), due_on, 20, work, LONG_BEFORE).do_by
    local = do_by.astimezone(work.zone)
    assert (local.date(), local.time()) == (due_on + ONE_DAY, time())


@given(WORKED, LEADS)
def test_a_body_is_asked_that_many_working_days_ahead_when_its_office_opens(
    due: Due, lead_time: int
) -> None:
    work, due_on = due
    asked = times(a_ladder(), due_on, lead_time, work, LONG_BEFORE).asked_at.astimezone(work.zone)
    assert asked.time() == time(9)
    assert work.works_on(asked.date())
    assert worked(work, asked.date(), due_on) == lead_time


@given(WORKED, LEADS, MOMENTS)
def test_when_that_is_past_a_body_is_asked_now_or_when_its_office_next_opens(
    due: Due, lead_time: int, now: datetime
) -> None:
    work, due_on = due
    in_time = times(a_ladder(), due_on, lead_time, work, LONG_BEFORE).asked_at
    asked_at = times(a_ladder(), due_on, lead_time, work, now).asked_at
    assert asked_at == (in_time if now <= in_time else work.office_hour(now))


@pytest.mark.parametrize(
    ("now", "asked_at"),
    [
        ("2018-12-17T10:15+07:00", "2018-12-17T10:15+07:00"),
        ("2018-12-17T19:00+07:00", "2018-12-18T09:00+07:00"),
        ("2018-12-15T10:00+07:00", "2018-12-17T09:00+07:00"),  # a Saturday
    ],
)
def test_a_late_request_waits_for_the_office_to_open(now: str, asked_at: str) -> None:
    found = times(a_ladder(), date(2018, 12, 20), 10, a_calendar("LA"), at(now))
    assert found.asked_at == at(asked_at)


@given(WORKED, LEADS, MOMENTS, STEPS)
def test_a_step_comes_on_its_day_at_opening_but_never_before_the_asking(
    due: Due, lead_time: int, now: datetime, step: LadderStep
) -> None:
    work, due_on = due
    found = times(a_ladder(step), due_on, lead_time, work, now)
    origin = found.due_on if step.counted_from == "due" else work.today(found.asked_at)
    [moment] = found.steps
    assert moment >= found.asked_at
    if moment == found.asked_at:
        assert work.opening_of(work.shift(origin, step.days)) <= moment
    else:
        day = work.today(moment)
        assert moment == work.opening_of(day)
        assert worked(work, *sorted([origin, day])) == abs(step.days)
        assert (day < origin) == (step.days < 0)


@given(WORKED, LEADS, MOMENTS, st.lists(STEPS, min_size=1, max_size=12))
def test_nobody_is_written_to_at_night_on_a_weekend_or_on_a_holiday(
    due: Due, lead_time: int, now: datetime, steps: list[LadderStep]
) -> None:
    work, due_on = due
    found = times(a_ladder(*steps), due_on, lead_time, work, now)
    assert len(found.steps) == len(steps)
    assert [work.office_hour(moment) for moment in found.steps] == list(found.steps)


@given(WORKED, LEADS, MOMENTS)
def test_the_request_goes_out_at_the_asking_however_late_it_is(
    due: Due, lead_time: int, now: datetime
) -> None:
    work, due_on = due
    found = times(a_ladder(a_step("asked", 0)), due_on, lead_time, work, now)
    assert found.steps == (found.asked_at,)


@given(WORKED, LEADS, MOMENTS, st.integers(0, 30))
def test_a_body_has_whole_working_days_to_acknowledge_from_the_day_it_is_asked(
    due: Due, lead_time: int, now: datetime, within: int
) -> None:
    work, due_on = due
    found = times(a_ladder(acknowledge_within=within), due_on, lead_time, work, now)
    asked_on, ends = work.today(found.asked_at), work.today(found.acknowledge_by)
    assert found.acknowledge_by.astimezone(work.zone).time() == time()
    assert worked(work, asked_on + ONE_DAY, ends) == within
    assert work.works_on(ends - ONE_DAY)


def test_steps_whose_day_is_past_are_taken_with_the_request() -> None:
    ladder = a_ladder(a_step("asked", 0), a_step("due", -5), a_step("due", 0), a_step("due", 3))
    now = at("2018-12-18T11:00+07:00")
    found = times(ladder, date(2018, 12, 20), 20, a_calendar("LA"), now)
    assert found.steps == (
        now,
        now,
        at("2018-12-20T09:00+07:00"),
        at("2018-12-25T09:00+07:00"),
    )


@given(WORKED, LEADS, MOMENTS, st.integers(0, 30))
def test_what_is_asked_after_its_day_is_due_when_it_must_be_acknowledged(
    due: Due, lead_time: int, now: datetime, within: int
) -> None:
    work, due_on = due
    found = times(a_ladder(acknowledge_within=within), due_on, lead_time, work, now)
    asked_on = work.today(found.asked_at)
    assert found.do_by == work.end_of(found.due_on)
    assert found.by_rule is (due_on >= asked_on)
    if found.by_rule:
        assert found.due_on == due_on
    else:
        assert worked(work, asked_on, found.due_on) == min(lead_time, within)


@given(WORKED, LEADS, st.integers(1, 30))
def test_an_extension_is_that_many_working_days_on_top_of_the_day_due(
    due: Due, lead_time: int, days: int
) -> None:
    work, due_on = due
    first = times(a_ladder(), due_on, lead_time, work, LONG_BEFORE)
    found = times(a_ladder(), due_on, lead_time, work, LONG_BEFORE, extended_by=days)
    assert (found.asked_at, found.by_rule) == (first.asked_at, True)
    assert worked(work, due_on, found.due_on) == days


@pytest.mark.parametrize(
    ("now", "asked_anew"),
    [("2019-05-20", True), ("2019-06-03T02:00", False), ("2019-06-05", False)],
    ids=["the day now lies far ahead", "asked just now", "asked already"],
)
def test_a_body_asked_before_is_asked_anew_only_if_its_day_moved_far_ahead(
    now: str, asked_anew: bool
) -> None:
    before = at("2019-05-13T03:00")
    found = times(a_ladder(), date(2019, 6, 17), 10, a_calendar("VN"), at(now), asked_at=before)
    assert found.asked_at == (at("2019-06-03T02:00") if asked_anew else before)


def test_due_today_is_said_before_it_is_late_even_if_the_day_is_a_holiday_there() -> None:
    """The plan counts the secretariat's working days; this Friday is free in Cambodia only."""
    independence_day = date(2018, 11, 9)
    found = times(a_ladder(a_step("due", 0)), independence_day, 20, a_calendar("KH"), LONG_BEFORE)
    assert found.steps[0] == at("2018-11-08T09:00+07:00") < found.do_by


@pytest.mark.parametrize(
    ("unless", "acknowledged", "done", "still"),
    [
        ("done", False, False, True),
        ("done", True, False, True),  # acknowledged is not done
        ("done", False, True, False),
        ("done", True, True, False),
        ("acknowledged", False, False, True),
        ("acknowledged", True, False, False),
        ("acknowledged", False, True, False),  # done without a word before
        ("acknowledged", True, True, False),
    ],
)
def test_a_step_falls_away_once_what_it_waits_for_has_happened(
    unless: str, acknowledged: bool, done: bool, still: bool
) -> None:
    step = a_step("due", 0, unless)
    assert still_due(step, acknowledged=acknowledged, done=done) is still


PAIRS = st.lists(st.tuples(st.sampled_from(["kh-head", "vn-head", "chair"]), st.integers(0, 9)))


@given(PAIRS)
def test_of_steps_due_together_each_contact_gets_one_mail_the_last(
    due: list[tuple[str, int]],
) -> None:
    mails = sorted(latest_of_each(due))
    assert [contact for contact, _ in mails] == sorted({contact for contact, _ in due})
    for contact, step in mails:
        assert step == max(s for c, s in due if c == contact)


@given(PAIRS, PAIRS)
def test_the_order_in_which_steps_are_found_does_not_matter(
    some: list[tuple[str, int]], others: list[tuple[str, int]]
) -> None:
    assert latest_of_each(some + others) == latest_of_each(others + some)


MONDAY_IN_HANOI = at("2019-06-03T03:00:00+00:00")  # ten in the morning there
OPENS = time(2)  # nine in the morning there


def repeated(every: int | None, times: int | None = None) -> LadderStep:
    return a_step("due", 1).model_copy(update={"repeat_every": every, "times": times})


def test_a_step_is_taken_again_after_that_many_working_days_when_the_office_opens() -> None:
    again = following(repeated(every=5), 0, a_calendar("VN"), MONDAY_IN_HANOI)
    assert again == datetime.combine(date(2019, 6, 10), OPENS, UTC)


def test_a_step_that_is_not_repeated_is_taken_once() -> None:
    assert following(repeated(every=None), 0, a_calendar("VN"), MONDAY_IN_HANOI) is None


@pytest.mark.parametrize(("times", "taken"), [(2, 2), (3, 3), (None, 10)])
def test_a_step_is_taken_as_often_as_it_says_and_without_a_number_on_and_on(
    times: int | None, taken: int
) -> None:
    turns = range(10)
    work = a_calendar("VN")
    again = [following(repeated(1, times), turn, work, MONDAY_IN_HANOI) for turn in turns]
    assert again.index(None) + 1 == taken if times else None not in again


@pytest.mark.parametrize(
    ("due_on", "until"),
    [
        (date(2019, 6, 12), datetime.combine(date(2019, 6, 10), OPENS, UTC)),
        (date(2019, 6, 11), datetime.combine(date(2019, 6, 10), OPENS, UTC)),
        (date(2019, 6, 10), None),
        (date(2019, 6, 7), None),
    ],
)
def test_an_acknowledgement_runs_out_unless_the_day_due_comes_first(
    due_on: date, until: datetime | None
) -> None:
    ladder = a_ladder().model_copy(update={"acknowledgement_lasts": 5})
    assert lasts_until(ladder, due_on, a_calendar("VN"), MONDAY_IN_HANOI) == until


@pytest.mark.parametrize(
    ("past", "late"),
    [
        (timedelta(days=-3), 0),
        (timedelta(seconds=-1), 0),
        (timedelta(0), 1),
        (timedelta(hours=23), 1),
        (timedelta(hours=24), 2),
        (timedelta(days=10), 11),
    ],
)
def test_the_first_day_late_is_the_one_after_the_last(past: timedelta, late: int) -> None:
    assert days_late(MONDAY_IN_HANOI, MONDAY_IN_HANOI + past) == late


@pytest.mark.parametrize(
    ("after", "until", "days"),
    [
        ("2019-06-03", "2019-06-03", 0),
        ("2019-06-03", "2019-06-04", 1),
        ("2019-06-03", "2019-06-07", 4),
        ("2019-06-07", "2019-06-10", 1),  # over a weekend
        ("2019-08-30", "2019-09-03", 1),  # and over the second of September
        ("2019-06-07", "2019-06-03", 0),
    ],
)
def test_working_days_are_counted_from_the_day_after_up_to_and_with_the_last(
    after: str, until: str, days: int
) -> None:
    first, last = date.fromisoformat(after), date.fromisoformat(until)
    assert worked_since(a_calendar("VN"), first, last) == days

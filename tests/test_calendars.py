"""Working days of the six countries, and the instants at which their days open and end."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.programme import Calendar
from secretariat.calendars import WorkCalendar
from tests.conftest import at

ZONES = {
    "KH": "Asia/Phnom_Penh",
    "CN": "Asia/Shanghai",
    "LA": "Asia/Vientiane",
    "MM": "Asia/Yangon",
    "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh",
}
COUNTRIES = st.sampled_from(sorted(ZONES))
DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))
INSTANTS = st.builds(datetime.combine, DAYS, st.times(), st.just(UTC))
ONE_DAY = timedelta(days=1)
every_country = pytest.mark.parametrize("country", ZONES)
# The first look at a year computes its holidays: slow once, so no example has a deadline.
unhurried = settings(deadline=None)


def days(*texts: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, texts))


def a_calendar(
    country: str, *, free: tuple[date, ...] = (), worked: tuple[date, ...] = ()
) -> WorkCalendar:
    calendar = Calendar(holidays=country, extra_holidays=free, extra_working_days=worked)
    return WorkCalendar.of(calendar, ZONES[country])


def walked(work: WorkCalendar, day: date, working_days: int) -> date:
    """The oracle: go day by day, counting on fingers."""
    step = -ONE_DAY if working_days < 0 else ONE_DAY
    for _ in range(abs(working_days)):
        day += step
        while not work.works_on(day):
            day += step
    while not work.works_on(day):
        day += step
    return day


def local(country: str, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(ZONES[country]))


@pytest.mark.parametrize(
    ("country", "day", "worked"),
    [
        ("KH", "2018-11-09", False),  # Independence Day, a Friday
        ("KH", "2018-04-16", False),  # Khmer New Year
        ("KH", "2018-12-05", True),
        ("CN", "2018-10-01", False),  # National Day
        ("CN", "2018-12-05", True),
        ("LA", "2018-12-03", False),  # National Day, moved from a Sunday
        ("LA", "2018-12-05", True),
        ("MM", "2018-01-04", False),  # Independence Day
        ("MM", "2018-12-25", False),
        ("MM", "2018-12-05", True),
        ("TH", "2018-12-05", False),  # the late king's birthday
        ("TH", "2018-11-09", True),
        ("VN", "2018-04-30", False),  # Reunification Day
        ("VN", "2018-12-25", True),
    ],
)
def test_each_country_keeps_its_own_public_holidays(country: str, day: str, worked: bool) -> None:
    assert a_calendar(country).works_on(date.fromisoformat(day)) is worked


@every_country
def test_an_ordinary_weekend_is_free_everywhere(country: str) -> None:
    work = a_calendar(country)
    assert not any(work.works_on(day) for day in days("2018-06-09", "2018-06-10"))


@pytest.mark.parametrize("day", days("2018-02-11", "2018-04-08", "2018-09-30", "2018-12-29"))
def test_china_works_on_the_weekend_days_it_moved(day: date) -> None:
    assert day.weekday() >= 5
    assert a_calendar("CN").works_on(day)
    assert not a_calendar("TH").works_on(day)


def test_china_is_free_on_the_monday_it_moved_to_the_saturday_before() -> None:
    work = a_calendar("CN")
    assert [work.works_on(day) for day in days("2018-12-29", "2018-12-30", "2018-12-31")] == [
        True,
        False,
        False,
    ]
    assert work.shift(date(2018, 12, 28), 1) == date(2018, 12, 29)
    assert work.shift(date(2018, 12, 29), 1) == date(2019, 1, 2)


@every_country
def test_an_extra_holiday_is_free_in_that_calendar_only(country: str) -> None:
    [day] = days("2018-12-12")
    assert a_calendar(country).works_on(day)
    assert not a_calendar(country, free=(day,)).works_on(day)


@every_country
def test_an_extra_working_day_is_worked_even_on_labour_day(country: str) -> None:
    [day] = days("2018-05-01")
    assert not a_calendar(country).works_on(day)
    assert a_calendar(country, worked=(day,)).works_on(day)


@unhurried
@given(COUNTRIES, DAYS, st.sets(DAYS), st.sets(DAYS))
def test_corrections_change_the_days_they_name_and_no_others(
    country: str, day: date, free: set[date], worked: set[date]
) -> None:
    corrected = a_calendar(country, free=tuple(free), worked=tuple(worked))
    expected = day in worked or (a_calendar(country).works_on(day) and day not in free)
    assert corrected.works_on(day) == expected


@unhurried
@given(COUNTRIES, DAYS, st.integers(-80, 80))
def test_shifting_is_walking_day_by_day_over_working_days(
    country: str, day: date, working_days: int
) -> None:
    work = a_calendar(country)
    assert work.shift(day, working_days) == walked(work, day, working_days)


@unhurried
@given(DAYS, st.integers(-10, 10), st.sets(st.integers(-20, 20)), st.sets(st.integers(-20, 20)))
def test_shifting_heeds_extra_holidays_and_working_days(
    day: date, working_days: int, free: set[int], worked: set[int]
) -> None:
    work = a_calendar(
        "LA",
        free=tuple(day + n * ONE_DAY for n in free),
        worked=tuple(day + n * ONE_DAY for n in worked),
    )
    assert work.shift(day, working_days) == walked(work, day, working_days)


@unhurried
@given(COUNTRIES, DAYS, st.integers(-60, 60))
def test_from_a_worked_day_there_and_back_again(country: str, day: date, working_days: int) -> None:
    work = a_calendar(country)
    start = work.shift(day, 0)
    assert work.shift(work.shift(start, working_days), -working_days) == start


@unhurried
@given(COUNTRIES, DAYS)
def test_shifting_by_nothing_stays_or_goes_to_the_next_worked_day(country: str, day: date) -> None:
    work = a_calendar(country)
    found = work.shift(day, 0)
    skipped = [day + n * ONE_DAY for n in range((found - day).days)]
    assert work.works_on(found)
    assert found >= day
    assert not any(work.works_on(day) for day in skipped)


@pytest.mark.parametrize(
    ("country", "day", "working_days", "expected"),
    [
        ("TH", "2018-12-05", 0, "2018-12-06"),  # a holiday: the next day
        ("TH", "2018-12-07", 1, "2018-12-11"),  # over a weekend and Constitution Day
        ("TH", "2018-12-11", -1, "2018-12-07"),
        ("TH", "2018-12-08", 1, "2018-12-11"),  # counted from a Saturday
        ("TH", "2018-12-08", -1, "2018-12-07"),
        ("VN", "2018-12-28", 1, "2019-01-02"),
        ("LA", "2018-12-28", 1, "2018-12-31"),
    ],
)
def test_shifts_a_person_can_check_on_a_wall_calendar(
    country: str, day: str, working_days: int, expected: str
) -> None:
    found = a_calendar(country).shift(date.fromisoformat(day), working_days)
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    ("country", "ends"),
    [
        ("KH", "2018-12-31T17:00Z"),
        ("CN", "2018-12-31T16:00Z"),
        ("LA", "2018-12-31T17:00Z"),
        ("MM", "2018-12-31T17:30Z"),
        ("TH", "2018-12-31T17:00Z"),
        ("VN", "2018-12-31T17:00Z"),
    ],
)
def test_the_last_day_of_the_year_ends_at_each_country_s_own_midnight(
    country: str, ends: str
) -> None:
    assert a_calendar(country).end_of(date(2018, 12, 31)) == at(ends)


@given(COUNTRIES, DAYS)
def test_a_day_lasts_until_the_instant_it_ends_and_no_longer(country: str, day: date) -> None:
    work = a_calendar(country)
    end = work.end_of(day)
    assert end.tzinfo is UTC
    assert work.today(end - timedelta(microseconds=1)) == day
    assert work.today(end) == day + ONE_DAY


@given(COUNTRIES, DAYS)
def test_offices_open_at_nine_in_their_own_zone(country: str, day: date) -> None:
    opening = a_calendar(country).opening_of(day)
    assert opening.tzinfo is UTC
    assert local(country, opening).replace(tzinfo=None) == datetime.combine(day, time(9))


@every_country
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2018-12-11T09:00", "2018-12-11T09:00"),
        ("2018-12-11T12:34:56", "2018-12-11T12:34:56"),
        ("2018-12-11T16:59:59", "2018-12-11T16:59:59"),
        ("2018-12-11T17:00", "2018-12-12T09:00"),
        ("2018-12-11T23:59", "2018-12-12T09:00"),
        ("2018-12-11T00:00", "2018-12-11T09:00"),
        ("2018-12-11T08:59:59", "2018-12-11T09:00"),
        ("2018-12-14T18:00", "2018-12-17T09:00"),  # Friday evening
        ("2018-12-15T12:00", "2018-12-17T09:00"),  # Saturday noon
        ("2018-12-16T23:00", "2018-12-17T09:00"),  # Sunday night
        ("2018-05-01T12:00", "2018-05-02T09:00"),  # Labour Day, free in all six
    ],
)
def test_outside_office_hours_it_is_the_next_opening(
    country: str, moment: str, expected: str
) -> None:
    zone = ZoneInfo(ZONES[country])
    found = a_calendar(country).office_hour(datetime.fromisoformat(moment).replace(tzinfo=zone))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=zone)


def test_china_s_offices_are_open_on_a_moved_saturday_and_shut_on_the_monday() -> None:
    work = a_calendar("CN")
    saturday, monday = at("2018-12-29T10:00+08:00"), at("2018-12-31T10:00+08:00")
    assert work.office_hour(saturday) == saturday
    assert work.office_hour(monday) == at("2019-01-02T09:00+08:00")


@unhurried
@given(COUNTRIES, INSTANTS)
def test_an_office_hour_is_the_first_moment_from_then_on_that_offices_are_open(
    country: str, moment: datetime
) -> None:
    work = a_calendar(country)
    here = local(country, moment)
    if work.works_on(here.date()) and 9 <= here.hour < 17:
        assert work.office_hour(moment) == moment
    else:
        openings = (work.opening_of(here.date() + n * ONE_DAY) for n in range(30))
        expected = next(o for o in openings if o > moment and work.works_on(work.today(o)))
        assert work.office_hour(moment) == expected


@unhurried
@given(COUNTRIES, INSTANTS)
def test_the_office_hour_of_an_office_hour_is_itself(country: str, moment: datetime) -> None:
    work = a_calendar(country)
    found = work.office_hour(moment)
    assert work.office_hour(found) == found

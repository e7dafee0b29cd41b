"""Working days of the six countries, and the instants at which their days open and end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.programme import Calendar, OfficeHours, Programme
from secretariat import calendars
from secretariat.calendars import WorkCalendar, common, not_working, of_reader
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


@given(COUNTRIES, DAYS, st.sets(DAYS), st.sets(DAYS))
def test_corrections_change_the_days_they_name_and_no_others(
    country: str, day: date, free: set[date], worked: set[date]
) -> None:
    corrected = a_calendar(country, free=tuple(free), worked=tuple(worked))
    expected = day in worked or (a_calendar(country).works_on(day) and day not in free)
    assert corrected.works_on(day) == expected


@given(COUNTRIES, DAYS, st.integers(-80, 80))
def test_shifting_is_walking_day_by_day_over_working_days(
    country: str, day: date, working_days: int
) -> None:
    work = a_calendar(country)
    assert work.shift(day, working_days) == walked(work, day, working_days)


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


@given(COUNTRIES, DAYS, st.integers(-60, 60))
def test_from_a_worked_day_there_and_back_again(country: str, day: date, working_days: int) -> None:
    work = a_calendar(country)
    start = work.shift(day, 0)
    assert work.shift(work.shift(start, working_days), -working_days) == start


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


@given(COUNTRIES, INSTANTS)
def test_the_office_hour_of_an_office_hour_is_itself(country: str, moment: datetime) -> None:
    work = a_calendar(country)
    found = work.office_hour(moment)
    assert work.office_hour(found) == found


# -- what the holiday tables say, and what they do not ---------------------------------------------

# The notices of China's State Council, year by year: weekend days worked in place of others.
MOVED_IN_CHINA = {
    2018: "02-11 02-24 04-08 04-28 09-29 09-30 12-29",
    2019: "02-02 02-03 04-28 05-05 09-29 10-12",
    2020: "01-19 04-26 05-09 06-28 09-27 10-10",
    2021: "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    2022: "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    2023: "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def year_of(year: int) -> list[date]:
    return [
        date(year, 1, 1) + n * ONE_DAY
        for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
    ]


@pytest.mark.parametrize("year", MOVED_IN_CHINA)
def test_china_works_on_exactly_the_weekend_days_its_government_moved(year: int) -> None:
    work = a_calendar("CN")
    worked = [day for day in year_of(year) if day.weekday() >= 5 and work.works_on(day)]
    assert [f"{day:%m-%d}" for day in worked] == MOVED_IN_CHINA[year].split()
    assert all(work.why_worked(day) for day in worked)


@every_country
def test_every_day_is_worked_or_not_as_the_holiday_table_says(country: str) -> None:
    table = holidays.country_holidays(country, years=range(2018, 2027))
    work = a_calendar(country)
    for year in range(2018, 2027):
        for day in year_of(year):
            assert work.works_on(day) == table.is_working_day(day), day


@pytest.mark.parametrize(
    ("country", "day", "worked"),
    [
        ("SA", "2026-06-12", False),  # a Friday: the week begins on Sunday
        ("SA", "2026-06-14", True),
        ("AE", "2019-06-14", False),  # a Friday, before the weekend was moved in 2022
        ("AE", "2019-06-16", True),
        ("AE", "2026-06-12", True),
        ("AE", "2026-06-14", False),
    ],
)
def test_a_weekend_is_what_it_is_in_that_country_and_year(
    country: str, day: str, worked: bool
) -> None:
    work = WorkCalendar.of(Calendar(holidays=country), "Asia/Riyadh")
    assert work.works_on(date.fromisoformat(day)) is worked


def test_a_year_without_a_table_counts_by_weekends_and_says_so() -> None:
    work = a_calendar("LA")
    assert "only weekends are free" in work.doubt(2150)
    assert [work.works_on(day) for day in days("2150-12-02", "2150-12-05")] == [True, False]
    assert work.doubt(2026) == ""


def test_moved_days_not_announced_yet_are_missed() -> None:
    assert "none are known for 2031 yet" in a_calendar("CN").doubt(2031)
    assert [a_calendar("CN").doubt(year) for year in MOVED_IN_CHINA] == [""] * 9
    assert [a_calendar(c).doubt(2031) for c in ("KH", "LA", "TH")] == [""] * 3


def test_threads_that_look_at_a_year_together_see_the_same_year() -> None:
    calendars.holiday_year.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(a_calendar("KH").works_on, [date(2044, 11, 9)] * 64))
    assert seen == [False] * 64


@given(COUNTRIES, DAYS, DAYS, st.integers(-60, 60))
def test_what_begins_later_is_never_shifted_to_an_earlier_day(
    country: str, one: date, other: date, working_days: int
) -> None:
    work = a_calendar(country)
    first, second = sorted([one, other])
    assert work.shift(first, working_days) <= work.shift(second, working_days)


@given(COUNTRIES, DAYS, st.integers(0, 40), st.integers(0, 40))
def test_shifting_twice_is_shifting_by_the_sum(country: str, day: date, a: int, b: int) -> None:
    work = a_calendar(country)
    start = work.shift(day, 0)
    assert work.shift(work.shift(start, a), b) == work.shift(start, a + b)


# -- a day all work --------------------------------------------------------------------------------

ALL = {code: a_calendar(code) for code in ZONES}


def test_the_next_and_the_previous_day_all_six_work() -> None:
    independence_day = date(2018, 11, 9)  # in Cambodia; the day before is Diwali in Myanmar
    assert set(not_working(ALL, independence_day)) == {"KH"}
    assert common(ALL, independence_day) == date(2018, 11, 12)
    assert common(ALL, independence_day, -ONE_DAY) == date(2018, 11, 7)
    assert common(ALL, date(2018, 11, 7)) == date(2018, 11, 7)


@given(DAYS, st.sampled_from([ONE_DAY, -ONE_DAY]))
def test_a_common_day_is_the_nearest_that_each_country_works(day: date, step: timedelta) -> None:
    found = common(ALL, day, step)
    assert found
    assert all(work.works_on(found) for work in ALL.values())
    between = [day + n * step for n in range(abs((found - day).days))]
    assert not any(all(work.works_on(d) for work in ALL.values()) for d in between)


def test_where_nobody_ever_works_there_is_no_common_day() -> None:
    free = tuple(date(2026, 1, 1) + n * ONE_DAY for n in range(400))
    assert common({"LA": a_calendar("LA", free=free)}, date(2026, 1, 1)) is None


# -- quiet hours -----------------------------------------------------------------------------------

DAY_SHIFT = OfficeHours(opens=time(8, 30), closes=time(16))


def test_office_hours_are_the_programme_s_the_member_s_or_the_contact_s(commit: Programme) -> None:
    early = OfficeHours(opens=time(7), closes=time(15))
    words = commit.model_dump()
    words["office_hours"] = DAY_SHIFT.model_dump()
    laos = next(member for member in words["members"] if member["code"] == "LA")
    head = next(contact for contact in words["contacts"] if contact["slug"] == "tf-la-head")

    def hours() -> OfficeHours:
        programme = Programme.model_validate(words)
        post = programme.contact("tf-la-head")
        assert post
        return of_reader(programme, post).hours

    assert hours() == DAY_SHIFT
    laos["office_hours"] = early.model_dump()
    assert hours() == early
    head["office_hours"] = OfficeHours().model_dump()
    assert hours() == OfficeHours()


def test_mail_waits_for_the_reader_s_own_clock_and_holidays(commit: Programme) -> None:
    post = commit.contact("chair-kh-head")
    assert post
    abroad = post.model_copy(update={"zone": "Europe/Vienna"})
    friday_nine_in_cambodia = at("2018-11-09T09:00+07:00")  # free in Cambodia, a night in Vienna
    assert of_reader(commit, abroad).office_hour(friday_nine_in_cambodia) == at(
        "2018-11-12T09:00+01:00"
    )


@pytest.mark.parametrize(
    "hours", [("17:00", "09:00"), ("9:00", "17:00"), ("09:00", "24:00"), ("32400", "17:00")]
)
def test_office_hours_that_are_none_are_refused(hours: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        OfficeHours.model_validate({"opens": hours[0], "closes": hours[1]})

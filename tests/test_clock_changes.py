"""Days and opening hours where clocks are put forward or back, against a table of every minute.

The oracle knows nothing of folds and gaps: it asks, minute by minute of UTC, what a clock shows.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from schemas.programme import Calendar, OfficeHours
from secretariat.calendars import ONE_DAY, WorkCalendar

MINUTE = timedelta(minutes=1)
# (zone, days with a change of its clocks or without one)
NIGHTS = [
    ("Europe/Vienna", "2026-03-29"),
    ("Europe/Vienna", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Asia/Yangon", "2028-02-29"),  # +06:30, a leap day
    ("Asia/Yangon", "2026-12-31"),
    ("Asia/Beirut", "2026-03-29"),  # midnight is skipped
    ("Asia/Beirut", "2026-10-25"),  # the hour before midnight comes twice
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),  # the hour after midnight comes twice
    ("America/St_Johns", "2010-11-07"),  # back from one past midnight into the day before
    ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
    ("Pacific/Apia", "2011-12-30"),  # a day that never was
    ("Asia/Riyadh", "2026-06-14"),  # a week that begins on Sunday
]
AROUND = [(zone, date.fromisoformat(day) + n * ONE_DAY) for zone, day in NIGHTS for n in (-1, 0, 1)]
every_night = pytest.mark.parametrize(("zone", "day"), AROUND)


@lru_cache
def shown(zone: str, around: date) -> list[tuple[datetime, datetime]]:
    """(instant, what a clock shows) for each minute of the five days around a day."""
    first = datetime.combine(around - 2 * ONE_DAY, time(), UTC)
    clock = ZoneInfo(zone)
    minutes = (first + n * MINUTE for n in range(5 * 24 * 60))
    return [(utc, utc.astimezone(clock).replace(tzinfo=None)) for utc in minutes]


def first_shown(zone: str, day: date, from_: time) -> datetime:
    """The first minute at which a clock shows this or something later."""
    wanted = datetime.combine(day, from_)
    return next(utc for utc, wall in shown(zone, day) if wall >= wanted)


def a_calendar(zone: str, opens: time = time(9)) -> WorkCalendar:
    hours = OfficeHours(opens=opens, closes=time(17))
    return WorkCalendar.of(Calendar(holidays="LA"), zone, hours)


@every_night
def test_a_day_ends_after_the_last_minute_that_is_of_it(zone: str, day: date) -> None:
    of_it = [utc for utc, wall in shown(zone, day) if wall.date() <= day]
    assert a_calendar(zone).end_of(day) == of_it[-1] + MINUTE


@every_night
def test_a_day_begins_with_the_first_minute_that_is_of_it(zone: str, day: date) -> None:
    assert a_calendar(zone).beginning_of(day) == first_shown(zone, day, time())


@every_night
@pytest.mark.parametrize("opens", [time(0, 30), time(1, 30), time(2), time(2, 30), time(9)])
def test_offices_open_once_and_after_a_gap_at_its_end(zone: str, day: date, opens: time) -> None:
    assert a_calendar(zone, opens).opening_of(day) == first_shown(zone, day, opens)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Vienna", "2026-03-29", 23),
        ("Europe/Vienna", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Asia/Yangon", "2028-02-29", 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, day: str, hours: int) -> None:
    work, on = a_calendar(zone), date.fromisoformat(day)
    assert work.end_of(on) - work.beginning_of(on) == timedelta(hours=hours)


def office_minutes(work: WorkCalendar, zone: str, day: date) -> Iterator[datetime]:
    for utc, wall in shown(zone, day):
        if work.works_on(wall.date()) and work.hours.opens <= wall.time() < work.hours.closes:
            yield utc


@pytest.mark.parametrize(("zone", "day"), [(z, date.fromisoformat(d)) for z, d in NIGHTS[:6]])
def test_the_next_office_hour_is_the_next_minute_people_are_at_work(zone: str, day: date) -> None:
    work = a_calendar(zone)
    open_at = list(office_minutes(work, zone, day))
    for utc, _ in shown(zone, day)[::17]:
        if utc <= open_at[-1]:
            assert work.office_hour(utc) == open_at[bisect_left(open_at, utc)]

"""Which days are worked, and when does a day end? Pure arithmetic over one country's calendar."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from schemas.programme import Calendar, Contact, OfficeHours, OnHoliday, Programme

ONE_DAY = timedelta(days=1)
_MOMENT = timedelta.resolution
_NINE_TO_FIVE = OfficeHours()


@dataclass(frozen=True)
class HolidayYear:
    """What a holiday table says of one year: why days are not worked, and weekend days that are."""

    free: Mapping[date, str]
    moved: frozenset[date]
    known: bool


@lru_cache(maxsize=1024)
def holiday_year(country: str, year: int) -> HolidayYear:
    """A year of a country's table, made whole before anybody sees it.

    The library fills a table while it is read, so threads must not share one.
    """
    table = holidays.country_holidays(country, years=year, expand=False, language="en_US")
    first = date(year, 1, 1)
    days = [first + n * ONE_DAY for n in range((date(year, 12, 31) - first).days + 1)]
    free = {day: table.get(day) or "weekend" for day in days if not table.is_working_day(day)}
    moved = frozenset(day for day in days if table.is_weekend(day) and day not in free)
    return HolidayYear(free, moved, bool(table))


@dataclass(frozen=True)
class WorkCalendar:
    """A country's working days, office hours and zone: holidays, weekends, moved working days."""

    calendar: Calendar
    zone: ZoneInfo
    hours: OfficeHours = _NINE_TO_FIVE

    @classmethod
    def of(cls, calendar: Calendar, zone: str, hours: OfficeHours | None = None) -> "WorkCalendar":
        return cls(calendar, ZoneInfo(zone), hours or _NINE_TO_FIVE)

    def why_free(self, day: date) -> str:
        """Why ``day`` is not worked: the holiday's name or “weekend”; empty when it is worked."""
        if day in self.calendar.extra_working_days:
            return ""
        if day in self.calendar.extra_holidays:
            return "free by the programme file"
        return holiday_year(self.calendar.holidays, day.year).free.get(day, "")

    def why_worked(self, day: date) -> str:
        """Why ``day`` is worked although one would not think so; else empty."""
        if day in self.calendar.extra_working_days:
            return "worked by the programme file"
        moved = day in holiday_year(self.calendar.holidays, day.year).moved
        return "worked, moved here by the government" if moved and not self.why_free(day) else ""

    def works_on(self, day: date) -> bool:
        return not self.why_free(day)

    def doubt(self, year: int) -> str:
        """What the holiday table does not know of ``year``; empty when nothing is missing."""
        country = self.calendar.holidays
        if not holiday_year(country, year).known:
            return f"no public holidays are known for {country} in {year}; only weekends are free"
        if _still_to_be_moved(country, year):
            return (
                f"{country} moves working days every year, and none are known for {year} yet; "
                "enter them as extra_working_days and extra_holidays once they are announced"
            )
        return ""

    def shift(self, day: date, working_days: int) -> date:
        """So many working days later, or earlier; 0 is the day itself if worked, else the next."""
        step = -ONE_DAY if working_days < 0 else ONE_DAY
        left = abs(working_days)
        while left or not self.works_on(day):
            day += step
            left -= left > 0 and self.works_on(day)
        return day

    def settled(self, day: date, on_holiday: OnHoliday) -> date:
        """The day that counts for ``day``: itself if worked, else by the rule of its milestone."""
        if on_holiday == "stays" or self.works_on(day):
            return day
        return self.shift(day, -1 if on_holiday == "before" else 0)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The instant (UTC) at which ``day`` is over here for good: “due on a day” is due then."""
        first, second = (self._instant(day + ONE_DAY, time(), fold) for fold in (0, 1))
        return second if self.today(second - _MOMENT) == day else first

    def last_day(self, end: datetime) -> date:
        """The day that is over here at ``end``."""
        return self.today(end - _MOMENT)

    def beginning_of(self, day: date) -> datetime:
        """The instant (UTC) at which ``day`` begins here."""
        return self._instant(day, time())

    def opening_of(self, day: date) -> datetime:
        """The instant (UTC) at which offices open here on ``day``."""
        return self._instant(day, self.hours.opens)

    def office_hour(self, at: datetime) -> datetime:
        """``at`` itself when offices are open here, else the instant (UTC) they next open."""
        local = at.astimezone(self.zone)
        if self.works_on(local.date()) and self.hours.opens <= local.time() < self.hours.closes:
            return at
        day = local.date() + timedelta(days=local.time() >= self.hours.closes)
        return self.opening_of(self.shift(day, 0))

    def _instant(self, day: date, clock: time, fold: int = 0) -> datetime:
        """When clocks here show this; where they skip it, the first instant after the gap."""
        local = datetime.combine(day, clock, self.zone)
        found = local.replace(fold=fold).astimezone(UTC)
        if found.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            return found
        # Read with the offset after the gap it lies before it, and the other way round.
        early, late = (local.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
        seconds = range(int((late - early).total_seconds()))
        after = local.replace(fold=1).utcoffset()
        return early + timedelta(
            seconds=bisect_left(
                seconds,
                True,
                key=lambda n: (
                    (early + timedelta(seconds=n)).astimezone(self.zone).utcoffset() == after
                ),
            )
        )


def _still_to_be_moved(country: str, year: int) -> bool:
    """Whether a country that moved days three years in a row has not yet said which this year."""

    def moved(of: int) -> bool:
        return bool(holiday_year(country, of).moved)

    if any(moved(later) for later in range(year, year + 5)):
        return False
    last = next((before for before in range(year - 1, 2000, -1) if moved(before)), None)
    return last is not None and moved(last - 1) and moved(last - 2)


def of_member(programme: Programme, code: str | None) -> WorkCalendar:
    """How a member works; the programme's own calendar is where the secretariat is."""
    member = programme.member(code) if code else None
    if member is None:
        return WorkCalendar.of(programme.calendar, programme.zone, programme.office_hours)
    hours = member.office_hours or programme.office_hours
    return WorkCalendar.of(member.calendar, member.zone, hours)


def of_reader(programme: Programme, contact: Contact) -> WorkCalendar:
    """When a contact may be written to: in its zone and hours, on the working days of its country.

    A contact of the chair's office works where its member is.
    """
    body = programme.body(contact.body)
    there = of_member(programme, contact.member or (body.member if body else None))
    return replace(there, zone=ZoneInfo(contact.zone), hours=contact.office_hours or there.hours)


def of_all(programme: Programme) -> dict[str, WorkCalendar]:
    """The calendar of each member, by its code."""
    return {member.code: of_member(programme, member.code) for member in programme.members}


def not_working(calendars: Mapping[str, WorkCalendar], day: date) -> dict[str, str]:
    """Where ``day`` is not worked, and why."""
    reasons = {code: work.why_free(day) for code, work in calendars.items()}
    return {code: why for code, why in reasons.items() if why}


def common(
    calendars: Mapping[str, WorkCalendar], day: date, step: timedelta = ONE_DAY
) -> date | None:
    """The next day from ``day`` on that all work; with a step of minus one day the previous.

    None: there is no such day within a year.
    """
    days = (day + n * step for n in range(366))
    return next((found for found in days if not not_working(calendars, found)), None)

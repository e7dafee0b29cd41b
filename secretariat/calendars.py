"""Which days are worked, and when does a day end? Pure arithmetic over one body's calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from schemas.programme import Calendar

OPENS, CLOSES = time(9), time(17)


@lru_cache(maxsize=64)
def _table(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country)


@dataclass(frozen=True)
class WorkCalendar:
    """A body's working days: its public holidays, weekends, moved working days, its zone."""

    calendar: Calendar
    zone: ZoneInfo

    @classmethod
    def of(cls, calendar: Calendar, zone: str) -> "WorkCalendar":
        return cls(calendar, ZoneInfo(zone))

    def works_on(self, day: date) -> bool:
        if day in self.calendar.extra_working_days:
            return True
        return day not in self.calendar.extra_holidays and bool(
            _table(self.calendar.holidays).is_working_day(day)
        )

    def shift(self, day: date, working_days: int) -> date:
        """So many working days later, or earlier; 0 is the day itself if worked, else the next."""
        step = timedelta(days=-1 if working_days < 0 else 1)
        left = abs(working_days)
        while left or not self.works_on(day):
            day += step
            left -= left > 0 and self.works_on(day)
        return day

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The instant (UTC) at which ``day`` is over here: “due on a day” is due then."""
        return datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC)

    def beginning_of(self, day: date) -> datetime:
        """The instant (UTC) at which ``day`` begins here."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def opening_of(self, day: date) -> datetime:
        """The instant (UTC) at which offices open here on ``day``."""
        return datetime.combine(day, OPENS, self.zone).astimezone(UTC)

    def office_hour(self, at: datetime) -> datetime:
        """``at`` itself when offices are open here, else the instant (UTC) they next open."""
        local = at.astimezone(self.zone)
        if self.works_on(local.date()) and OPENS <= local.time() < CLOSES:
            return at
        day = local.date() + timedelta(days=local.time() >= CLOSES)
        return self.opening_of(self.shift(day, 0))

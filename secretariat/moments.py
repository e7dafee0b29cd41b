"""Moments as people type them and as they read them."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.anchor import YEARS
from secretariat.catalogues import marked
from secretariat.errors import BadInputError
from secretariat.languages import ENGLISH, Language


def parse_moment(text: str, zone: str) -> datetime:
    """A day, meant whole (its last instant in ``zone``), or an instant with its own zone.

    Raises BadInputError.
    """
    try:
        if len(text) == len("2018-12-31"):
            moment = datetime.combine(date.fromisoformat(text), time.max, ZoneInfo(zone))
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(marked("“{text}” is no date such as 2018-12-31."), text=text) from None
    if moment.year not in YEARS:
        raise BadInputError(
            marked("“{text}” lies too far away; give a year from 1900 to 2199."), text=text
        )
    if moment.tzinfo is None:
        raise BadInputError(
            marked("The time {text} has no zone; write it like 2018-03-01T09:00+07:00."), text=text
        )
    return moment


def morning_of(text: str, zone: str) -> datetime:
    """Ten in the morning of a day in ``zone``, or an instant with its own zone.

    Raises BadInputError.
    """
    moment = parse_moment(text, zone)
    if len(text) > len("2018-12-31"):
        return moment
    return datetime.combine(moment.date(), time(10), ZoneInfo(zone))


def moment_of(text: str, zone: str, now: datetime) -> datetime:
    """A past moment; what lies ahead is not known, so it becomes ``now``."""
    return min(parse_moment(text, zone), now)


def in_words(zone: str, language: Language = ENGLISH) -> Callable[[datetime], str]:
    """Instants for a reader in ``zone``; the end of a day is called by that day."""

    def words(at: datetime) -> str:
        local = at.astimezone(ZoneInfo(zone))
        if (local.hour, local.minute) == (0, 0):
            day = language.weekday((local - timedelta(minutes=1)).date())
            return language.phrase("the end of {day}", day=day)
        return language.moment(local)

    return words


def last_day(end: datetime, zone: str) -> date:
    """The day in ``zone`` that ends with an instant: what is due on a day is due at its end."""
    return (end.astimezone(ZoneInfo(zone)) - timedelta(microseconds=1)).date()


def span(time: timedelta) -> str:
    """How long, either way, in its largest whole unit: “3 days”, for operators."""
    seconds = int(abs(time).total_seconds())
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if count := seconds // size:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"

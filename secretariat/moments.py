"""What moment does somebody mean who types a date?"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from secretariat.errors import BadInputError


def parse_moment(text: str, zone: str) -> datetime:
    """A day, meant whole (its last instant in ``zone``), or an instant with its own zone.

    Raises BadInputError.
    """
    try:
        if len(text) == len("2018-12-31"):
            following = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(following, time(), ZoneInfo(zone)) - timedelta(microseconds=1)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadInputError(f"“{text}” is no date such as 2018-12-31.") from None
    if moment.tzinfo is None:
        raise BadInputError(f"The time {text} has no zone; write it like 2018-03-01T09:00+07:00.")
    return moment


def moment_of(text: str, zone: str, now: datetime) -> datetime:
    """A past moment; what lies ahead is not known, so it becomes ``now``."""
    return min(parse_moment(text, zone), now)

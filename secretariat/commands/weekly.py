"""Once a week the chair and the secretariat are told where everything stands."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from schemas.programme import Programme, Weekday
from schemas.tables import Timer, Urgency
from secretariat import calendars
from secretariat.commands.office import Desk, fires

KIND, SUBJECT = "weekly", "digest"
DAYS = list(Weekday)


def note_weekly(desk: Desk, programme: Programme) -> None:
    """See to it that the next weekly digest has its time, or none; safe to repeat."""
    waiting = desk.session.exec(
        select(Timer).where(Timer.kind == KIND, col(Timer.claimed_at).is_(None))
    ).first()
    day = programme.digest.weekly
    if day is None:
        desk.stop_timers(SUBJECT, KIND)
    elif waiting is None:
        desk.set_timer(KIND, SUBJECT, _following(programme, day, desk.now))


@fires(KIND)
def _its_day(desk: Desk, timer: Timer) -> None:
    day = desk.programme.digest.weekly
    if day is None:
        return
    desk.set_timer(KIND, SUBJECT, _following(desk.programme, day, desk.now))
    for role in ("chair", "secretariat"):
        for contact in desk.contacts(getattr(desk.programme, role), role):
            key = f"weekly@{timer.due_at:%Y-%m-%d}>{contact.slug}"
            desk.mail(key, contact, "weekly", urgency=Urgency.DIGEST, expires_at=desk.now + EXPIRES)


EXPIRES = timedelta(days=6)


def _following(programme: Programme, day: Weekday, now: datetime) -> datetime:
    """When offices open on the next such day, where the programme is at home (UTC)."""
    home = calendars.of_member(programme, None)
    ahead = (DAYS.index(day) - home.today(now).weekday()) % 7
    at = home.opening_of(home.today(now) + timedelta(days=ahead))
    return at if at > now else home.opening_of(home.today(now) + timedelta(days=ahead + 7))

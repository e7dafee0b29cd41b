"""Who is not to be written to now, and until when? The last look before a mail leaves.

A mail is asked for in its reader's office hours, but it may leave later: after an outage, for
another try, to a substitute who lives elsewhere.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from schemas.programme import Programme
from secretariat.calendars import of_reader
from secretariat.commands.posts import answering


def asleep(
    session: Session, programme: Programme, contacts: Iterable[str], now: datetime
) -> dict[str, datetime]:
    """Those whose reader's office is closed at ``now``, with the instant (UTC) it next opens."""
    found = {}
    for slug in set(contacts):
        if post := programme.contact(slug):
            reader = answering(session, programme, post, now)
            found[slug] = of_reader(programme, reader).office_hour(now)
    return {slug: opens for slug, opens in found.items() if opens > now}

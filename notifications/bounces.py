"""What does a report that a mail did not arrive change? Its mail, and perhaps its address."""

from datetime import datetime, timedelta

from notifications import undelivered
from notifications.fates import Fate
from notifications.incoming import Incoming, Verdict
from schemas.tables import Mail
from secretariat.commands.office import Desk
from secretariat.commands.reach import is_for_good, without_addresses

BELIEVED = timedelta(hours=48)  # after its mail was taken; later, anybody may have read its address
_ON_ITS_WAY = ("accepted", "unknown")


def judge(desk: Desk, mail: Mail, said: Incoming, came_at: datetime) -> Fate:
    """Take a report at its word as far as it speaks of the one address its mail went to.

    Only *failed* ends a mail; what a list behind the address met with is no fault of the address.
    """
    if came_at - (mail.accepted_at or mail.attempted_at or mail.asked_at) > BELIEVED:
        return Fate.LATE
    verdict = _about(mail, said.verdicts)
    if verdict is None or verdict.action != "failed":
        return Fate.COUNTED
    if mail.state not in _ON_ITS_WAY:
        return Fate.REPEATED
    mail.state, mail.ended_at, mail.code = "bounced", desk.now, verdict.status
    words = without_addresses(verdict.words)
    mail.reply = f"came back: {words or verdict.status or 'it could not be delivered'}"
    undelivered.see_to(desk, mail, mail.reply)
    return Fate.SUSPENDED if is_for_good(verdict.status) else Fate.BOUNCED


def _about(mail: Mail, verdicts: tuple[Verdict, ...]) -> Verdict | None:
    address = (mail.address or "").lower()
    return next((verdict for verdict in verdicts if verdict.recipient == address), None)

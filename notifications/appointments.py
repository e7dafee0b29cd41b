"""Which days does a mail put into its reader's calendar, move there, or take out again?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Table, bindparam
from sqlmodel import Session, func, select

from schemas.anchor import Anchor
from schemas.programme import Contact
from schemas.tables import Mail, Obligation

_NEVER_CAME = ("suppressed", "refused", "expired")
_OUTBOX: Table = Mail.__table__  # type: ignore[attr-defined]
# Asked for every mail, so made once; one that has no number yet is the last.
_EARLIER = (
    select(_OUTBOX.c.id)
    .where(
        _OUTBOX.c.obligation == bindparam("obligation"),
        _OUTBOX.c.contact == bindparam("contact"),
        _OUTBOX.c.template == bindparam("template"),
        _OUTBOX.c.idem_key != bindparam("key"),
        _OUTBOX.c.id < func.coalesce(bindparam("id", type_=Integer), _OUTBOX.c.id + 1),
        _OUTBOX.c.state.not_in(_NEVER_CAME),
    )
    .limit(1)
)


@dataclass(frozen=True)
class Appointment:
    """A day of one thing, for ever known by ``about``; a greater ``sequence`` replaces it.

    ``busy`` says that the day is taken, as by a meeting; a deadline leaves it free.
    """

    about: str
    sequence: int
    day: date
    summary: str
    busy: bool = False
    cancelled: bool = False
    where: str = ""

    def uid(self, domain: str) -> str:
        return f"{sha256(self.about.encode()).hexdigest()[:32]}@{domain}"


def appointments(
    session: Session, mail: Mail, contact: Contact, facts: dict[str, Any]
) -> list[Appointment]:
    """What is firm. A request to do something comes with its day once; later mails need not."""
    match mail.template:
        case "obligation":
            return _asked(session, mail, contact, facts)
        case "extension" if mail.context["answer"] == "granted" and facts["own"]:
            return [_due(facts, contact)]
        case "moved":
            moves = zip(mail.context["moves"], facts["moves"], strict=True)
            return [
                _moved(session, move, words, contact)
                for move, words in moves
                if move["body"] == contact.body
                and not (move["provisional"] and move["was_provisional"])
            ]
        case "meeting":
            return [_meeting(mail.context, facts)]
        case _:
            return []


def _asked(
    session: Session, mail: Mail, contact: Contact, facts: dict[str, Any]
) -> list[Appointment]:
    obligation: Obligation = facts["obligation"]
    settled = obligation.provisional or obligation.done_at or facts["escalates"]
    if settled or not facts["own"] or _came_before(session, mail):
        return []
    return [_due(facts, contact)]


def _due(facts: dict[str, Any], contact: Contact) -> Appointment:
    obligation: Obligation = facts["obligation"]
    summary = f"{facts['title']} ({facts['function']}, {facts['cycle']})"
    day = last_day(obligation.do_by, contact)
    return Appointment(obligation.id, obligation.sequence, day, summary)


def _came_before(session: Session, mail: Mail) -> bool:
    asked = {
        "obligation": mail.obligation,
        "contact": mail.contact,
        "template": mail.template,
        "key": mail.idem_key,
        "id": mail.id,
    }
    return session.connection().execute(_EARLIER, asked).first() is not None


def _moved(
    session: Session, move: dict[str, Any], words: dict[str, Any], contact: Contact
) -> Appointment:
    """A day that moved; one that is firm no more, or no longer asked for, is taken out."""
    summary = f"{words['title']} ({words['function']}, {words['cycle']})"
    obligation = session.get(Obligation, move["obligation"])
    if obligation is None or move["provisional"] or not move["day"]:
        was = date.fromisoformat(move["was"])
        return Appointment(move["obligation"], move["sequence"], was, summary, cancelled=True)
    day = last_day(obligation.do_by, contact)
    return Appointment(obligation.id, obligation.sequence, day, summary)


def _meeting(context: dict[str, Any], facts: dict[str, Any]) -> Appointment:
    anchor = Anchor.model_validate(context["anchor"])
    summary = f"{facts['programme'].name} {context['som']} ({facts['host']})"
    off = anchor.tentative
    day = Anchor.model_validate(context["was"]).day if off else anchor.day
    return Appointment(
        f"som/{context['som']}",
        context["sequence"],
        day,
        summary,
        busy=True,
        cancelled=off,
        where=context.get("venue", ""),
    )


def last_day(do_by: datetime, contact: Contact) -> date:
    """The day on which it has to be done where the reader is: ``do_by`` is the instant after it."""
    return (do_by - timedelta(microseconds=1)).astimezone(ZoneInfo(contact.zone)).date()

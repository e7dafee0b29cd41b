"""What is asked of a body, and how far it is."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from schemas.events import Event
from schemas.tables import Obligation, Support
from secretariat.readmodels.projecting import facts_for, instant, instant_or_none, on, row
from secretariat.rows import add_row


@on("obligation.asked")
def _asked(session: Session, event: Event, at: datetime) -> None:
    times = _times(event)
    facts = facts_for(Obligation, event) | times
    add_row(session, Obligation, id=event.subject, promised_on=times["due_on"], **facts)


def _times(event: Event) -> dict[str, Any]:
    """The days and instants an event says, in columns of their own types."""
    days = ("planned_on", "due_on")
    instants = ("asked_at", "acknowledge_by", "do_by")
    found: dict[str, Any] = {n: date.fromisoformat(event.data[n]) for n in days if n in event.data}
    return found | {n: instant(event.data[n]) for n in instants if n in event.data}


@on("obligation.moved", "obligation.extended")
def _moved(session: Session, event: Event, at: datetime) -> None:
    """A new day is a new promise; what was said of the old one holds as far as it still fits."""
    obligation = row(session, Obligation, event.subject)
    obligation.moved_from, obligation.missed_at = obligation.do_by, None
    for name, value in _times(event).items():
        setattr(obligation, name, value)
    obligation.provisional = event.data.get("provisional", obligation.provisional)
    obligation.extended_by = event.data.get("extended_by", obligation.extended_by)
    obligation.by_rule = event.data.get("by_rule", True)
    obligation.sequence += 1
    obligation.acknowledged_until = instant_or_none(event.data.get("acknowledged_until"))
    anew = event.data.get("anew", False)
    if anew:
        _not_acknowledged(obligation)
    if anew or (obligation.snoozed_until and obligation.snoozed_until > obligation.due_on):
        obligation.snoozed_until = None
    obligation.snoozes = 0
    if obligation.wanted_on and obligation.wanted_on <= obligation.due_on:
        _nothing_wanted(obligation)


def _not_acknowledged(obligation: Obligation) -> None:
    obligation.acknowledged_at = obligation.acknowledged_by = obligation.acknowledged_until = None


def _nothing_wanted(obligation: Obligation) -> None:
    obligation.wanted_on, obligation.wanted_why, obligation.wanted_at = None, "", None


@on("obligation.recounted")
def _recounted(session: Session, event: Event, at: datetime) -> None:
    """The same day by another clock: no new promise."""
    obligation = row(session, Obligation, event.subject)
    for name, value in _times(event).items():
        setattr(obligation, name, value)


@on("obligation.asked-anew")
def _asked_anew(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    for name, value in _times(event).items():
        setattr(obligation, name, value)
    _not_acknowledged(obligation)


@on("obligation.retitled")
def _retitled(session: Session, event: Event, at: datetime) -> None:
    row(session, Obligation, event.subject).title = event.data["title"]


@on("obligation.snoozed")
def _snoozed(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.snoozed_until = date.fromisoformat(event.data["rests_until"])
    obligation.snoozes += 1


@on("obligation.extension-asked")
def _extension_asked(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.wanted_on = date.fromisoformat(event.data["wanted_on"])
    obligation.wanted_why, obligation.wanted_at = event.data["reason"], at


@on("obligation.extension-refused")
def _extension_refused(session: Session, event: Event, at: datetime) -> None:
    _nothing_wanted(row(session, Obligation, event.subject))


@on("obligation.missed")
def _missed(session: Session, event: Event, at: datetime) -> None:
    row(session, Obligation, event.subject).missed_at = at


@on("obligation.reopened")
def _reopened(session: Session, event: Event, at: datetime) -> None:
    """What was done is to be done once more, by a new day."""
    obligation = row(session, Obligation, event.subject)
    obligation.done_at = obligation.done_by = None
    obligation.note, obligation.missed_at, obligation.by_rule = "", None, False
    obligation.moved_from = obligation.do_by
    for name, value in _times(event).items():
        setattr(obligation, name, value)
    obligation.sequence += 1
    obligation.snoozed_until, obligation.snoozes = None, 0
    _not_acknowledged(obligation)


@on("obligation.released")
def _released(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Obligation, event.subject))


@on("obligation.acknowledged")
def _acknowledged(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.acknowledged_at, obligation.acknowledged_by = at, event.data["body"]
    obligation.acknowledged_until = instant_or_none(event.data.get("until"))


@on("obligation.done")
def _done(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.done_at, obligation.done_by = at, event.data["body"]
    obligation.note = event.data["note"]
    _nothing_wanted(obligation)
    if support := session.get(Support, (obligation.function, obligation.body)):
        session.delete(support)  # performed again

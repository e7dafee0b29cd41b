"""A meeting's agenda and minutes, what is handed in for it, and its joint statement."""

from datetime import date, datetime

from sqlmodel import Session, select

from schemas.events import Event
from schemas.meeting_tables import (
    AgendaItem,
    Decision,
    Delegation,
    Document,
    Objection,
    Silence,
)
from schemas.tables import Som
from secretariat.readmodels.projecting import facts_for, instant, on, row
from secretariat.rows import add_row


@on("som.venue-set")
def _venue_set(session: Session, event: Event, at: datetime) -> None:
    row(session, Som, event.subject).venue = event.data["venue"]


@on("agenda.item-added")
def _item_added(session: Session, event: Event, at: datetime) -> None:
    session.add(AgendaItem(id=event.subject, **facts_for(AgendaItem, event)))
    if before := event.data["carried_from"]:
        row(session, AgendaItem, before).carried_to = event.subject


@on("agenda.item-changed", "agenda.item-minuted")
def _item_changed(session: Session, event: Event, at: datetime) -> None:
    item = row(session, AgendaItem, event.subject)
    for name, value in facts_for(AgendaItem, event).items():
        setattr(item, name, value)


@on("agenda.item-withdrawn")
def _item_withdrawn(session: Session, event: Event, at: datetime) -> None:
    item = row(session, AgendaItem, event.subject)
    item.withdrawn_at, item.withdrawn_why = at, event.data["reason"]


@on("document.filed")
def _filed(session: Session, event: Event, at: datetime) -> None:
    key = f"{event.subject}#{event.data['version']}"
    facts = facts_for(Document, event)
    session.add(Document(id=key, obligation=event.subject, filed_at=at, **facts))


@on("delegation.named")
def _named(session: Session, event: Event, at: datetime) -> None:
    session.merge(Delegation(id=event.subject, named_at=at, **facts_for(Delegation, event)))


@on("statement.circulated")
def _circulated(session: Session, event: Event, at: datetime) -> None:
    """A draft still under silence gives way to the newer one."""
    earlier = select(Silence).where(Silence.som == event.data["som"], Silence.state == "open")
    for silence in session.exec(earlier):
        silence.state, silence.ended_at = "replaced", at
    facts = facts_for(Silence, event) | {
        "until": date.fromisoformat(event.data["last_day"]),
        "ends_at": instant(event.data["ends_at"]),
    }
    session.add(Silence(id=event.subject, circulated_at=at, **facts))


@on("statement.objected")
def _objected(session: Session, event: Event, at: datetime) -> None:
    silence = row(session, Silence, event.subject)
    if silence.state == "open":
        silence.state, silence.ended_at = "broken", at
    facts = {name: event.data[name] for name in ("body", "reason")}
    session.add(Objection(silence=event.subject, at=at, **facts))


@on("statement.adopted")
def _adopted(session: Session, event: Event, at: datetime) -> None:
    silence = row(session, Silence, event.subject)
    silence.state, silence.ended_at = "adopted", at


@on("decision.recorded")
def _decided(session: Session, event: Event, at: datetime) -> None:
    day = event.data["do_by"]
    facts = facts_for(Decision, event) | {"do_by": date.fromisoformat(day) if day else None}
    add_row(session, Decision, id=event.subject, recorded_at=at, **facts)


@on("decision.withdrawn")
def _not_decided(session: Session, event: Event, at: datetime) -> None:
    decision = row(session, Decision, event.subject)
    decision.withdrawn_at, decision.withdrawn_why = at, event.data["reason"]

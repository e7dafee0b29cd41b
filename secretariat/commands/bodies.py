"""Acts on bodies: one that ends leaves nothing without an owner."""

from datetime import datetime

from sqlmodel import select

from schemas.acts import EndBody, Expire, RestoreBody, TakeCustody
from schemas.programme import Programme
from schemas.tables import Ending, Holding, Timer
from secretariat.catalogues import marked
from secretariat.commands.holdings import carry_out
from secretariat.commands.office import Desk, fires, handles
from secretariat.errors import ConflictError, UnknownError
from secretariat.ownership import ENGINE

STEERS = "secretariat chair"


def note_closing(desk: Desk, programme: Programme) -> None:
    """Keep the secretariat's last day, as the programme has it; safe to repeat."""
    ending = desk.session.get(Ending, programme.secretariat)
    if programme.closes is None or (ending and ending.ended_at):
        return
    ends_at = desk.calendar(programme.secretariat).end_of(programme.closes)
    if ending is None or ending.ends_at != ends_at:
        _plan(desk, programme.secretariat, ends_at, "its last day in the programme")


@handles(EndBody, may=STEERS)
def end_body(desk: Desk, act: EndBody) -> None:
    """At once, or at the end of a day; the chair's office stays, its holder rotates."""
    body = desk.programme.body(act.body)
    if body is None:
        raise UnknownError(
            marked("There is no body “{body}” in {name}."), body=act.body, name=desk.programme.name
        )
    if body.kind == "chair":
        raise ConflictError(
            marked("The chair's office does not end: it passes on to the next member.")
        )
    if body.slug in desk.bodies.ended:
        return
    ends_at = desk.calendar(body.slug).end_of(act.on) if act.on else desk.now
    _plan(desk, body.slug, ends_at, act.reason)
    if ends_at <= desk.now:
        desk.stop_timers(body.slug, "end")
        _end(desk, body.slug)


@handles(RestoreBody, may=STEERS)
def restore_body(desk: Desk, act: RestoreBody) -> None:
    """What it owned stays in custody until the steward releases it."""
    if desk.session.get(Ending, act.body) is None:
        raise ConflictError(marked("{body} is not said to end."), body=act.body)
    desk.stop_timers(act.body, "end")
    desk.record("body.restored", act.body, reason=act.reason)


@fires("end")
def _its_time_has_come(desk: Desk, timer: Timer) -> None:
    _end(desk, timer.subject)


def _plan(desk: Desk, body: str, ends_at: datetime, reason: str) -> None:
    desk.record("body.ends", body, ends_at=ends_at.isoformat(), reason=reason)
    desk.set_timer("end", body, ends_at)


def _end(desk: Desk, body: str) -> None:
    """Its offers lapse and all it owns goes into custody, in the act that ends it."""
    by, desk.by = desk.by, ENGINE
    desk.record("body.ended", body)
    rows = desk.session.exec(select(Holding).order_by(Holding.id)).all()
    owned = [holding.id for holding in rows if holding.owner == body]
    for holding in rows:
        if holding.offered_to == body:
            carry_out(desk, Expire(holding=holding.id))
        if holding.owner == body:
            carry_out(desk, TakeCustody(holding=holding.id))
    desk.by = by
    for contact in desk.contacts(desk.bodies.steward, "head"):
        key = f"{body}#ended#{desk.now.isoformat()}>{contact.slug}"
        desk.mail(key, contact, "ended", body=body, holdings=owned)

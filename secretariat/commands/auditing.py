"""Once a day it is compared who should have been written to with who was; gaps are told once."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from schemas.programme import Ladder, Programme
from schemas.tables import Entry, Mail, Obligation, Timer, Urgency
from secretariat import ledger
from secretariat.auditor import Gap, Promise, Told, gaps
from secretariat.commands import reminders
from secretariat.commands.office import Desk, Office, fires
from secretariat.ownership import ENGINE

KIND, SUBJECT, TEMPLATE = "audit", "mail", "gap"


def audit(session: Session, programme: Programme, now: datetime) -> list[Gap]:
    """Who should have been written to by now about what is still to be done, and was not."""
    desk = Desk(session, programme, now, ENGINE)
    undone = select(Obligation.id).where(col(Obligation.done_at).is_(None))
    about = col(Entry.subject).in_(undone) & col(Entry.kind).startswith("obligation.")
    entries = session.exec(select(Entry).where(about).order_by(col(Entry.seq))).all()
    mails = session.exec(
        select(Mail)
        .where(Mail.template == reminders.TEMPLATE, col(Mail.obligation).in_(undone))
        .order_by(col(Mail.id))
    ).all()
    return gaps(_promises(entries), [_told(session, m) for m in mails], desk.calendar, now)


def begin(office: Office) -> None:
    """Audit every day from now on; safe to repeat."""
    waiting = select(Timer).where(Timer.kind == KIND, col(Timer.claimed_at).is_(None))
    with office.store.write() as session:
        if session.exec(waiting).first() is None:
            _set_next(Desk(session, office.programme, office.clock.now(), ENGINE))


@fires(KIND)
def _compare(desk: Desk, timer: Timer) -> None:
    """Mail the coordinator what nobody got, each gap once."""
    _set_next(desk)
    before = desk.session.exec(select(Mail).where(Mail.template == TEMPLATE)).all()
    known = {gap["key"] for mail in before for gap in mail.context["gaps"]}
    found = [
        {**asdict(gap), "at": gap.at.isoformat(), "key": key(gap)}
        for gap in audit(desk.session, desk.programme, desk.now)
        if key(gap) not in known
    ]
    for contact in desk.contacts(desk.bodies.steward, "head") if found else ():
        idem_key = f"gap@{timer.due_at:%Y%m%dT%H%M}>{contact.slug}"
        desk.mail(idem_key, contact, TEMPLATE, urgency=Urgency.ESCALATION, gaps=found)


def key(gap: Gap) -> str:
    return f"{gap.obligation}#{gap.step}@{gap.at:%Y%m%dT%H%M}"


def _set_next(desk: Desk) -> None:
    work = desk.calendar(desk.bodies.steward)
    tomorrow = work.today(desk.now) + timedelta(days=1)
    desk.set_timer(KIND, SUBJECT, work.opening_of(tomorrow))


def _promises(entries: Iterable[Entry]) -> list[Promise]:
    """What the ledger says each obligation is now; what was released meanwhile is left out."""
    found: dict[str, Promise] = {}
    for entry in entries:
        data: dict[str, Any] = ledger.event(entry).data
        key, before = entry.subject, found.get(entry.subject)
        match entry.kind:
            case "obligation.asked":
                found[key] = Promise(
                    obligation=key,
                    body=data["body"],
                    rungs=Ladder.model_validate(data["ladder"]),
                    since=entry.at,
                    asked_at=datetime.fromisoformat(data["asked_at"]),
                    due_on=date.fromisoformat(data["due_on"]),
                )
            case "obligation.released":
                found.pop(key, None)
            case kind if before:
                found[key] = _after(before, kind, data, entry.at)
    return list(found.values())


def _after(promise: Promise, kind: str, data: dict[str, Any], at: datetime) -> Promise:
    match kind:
        case "obligation.acknowledged":
            return replace(promise, acknowledged_at=at)
        case "obligation.snoozed":
            return replace(promise, rests_until=date.fromisoformat(data["rests_until"]))
        case "obligation.asked-anew":
            asked_at = datetime.fromisoformat(data["asked_at"])
            return replace(promise, since=at, asked_at=asked_at, acknowledged_at=None)
        case "obligation.moved" | "obligation.extended" | "obligation.reopened":
            asked_at = datetime.fromisoformat(data.get("asked_at") or promise.asked_at.isoformat())
            due_on, anew = date.fromisoformat(data["due_on"]), data.get("anew", False)
            rests = promise.rests_until
            return replace(
                promise,
                since=at,
                asked_at=asked_at,
                due_on=due_on,
                acknowledged_at=None if anew else promise.acknowledged_at,
                rests_until=None if anew or (rests and rests > due_on) else rests,
            )
        case _:
            return promise


def _told(session: Session, mail: Mail) -> Told:
    """A mail that became part of another ends as that one does."""
    end = session.get_one(Mail, mail.bundle) if mail.bundle else mail
    return Told(
        obligation=mail.obligation or "",
        steps=(mail.context["step"], *mail.context.get("also", ())),
        asked_at=mail.asked_at,
        not_before=end.not_before,
        state=end.state,
        why=end.reply,
    )

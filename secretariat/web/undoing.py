"""What was just done, and can it be taken back? Said on the page that follows an act.

That page carries the number of the ledger's entry (``?did=412``). The opposite act is offered to
the body that acted, as long as nothing else happened to the same thing and the act is possible.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from schemas.act import Act
from schemas.acts import BeBack, HoldMail, PostponeSom, ReleaseMail, Reopen, Resume, Withdraw
from schemas.events import Event
from schemas.meeting_acts import WithdrawDecision, WithdrawItem
from schemas.tables import Entry
from secretariat import ledger, words
from secretariat.commands.office import Office
from secretariat.errors import SecretariatError
from secretariat.typed import act_from
from secretariat.web import signin
from secretariat.web.speaking import language_at

OPPOSITES: dict[str, tuple[type[Act], Callable[[Event], dict[str, Any]]]] = {
    "holding.offered": (Withdraw, lambda e: {"holding": e.subject}),
    "holding.suspended": (Resume, lambda e: {"holding": e.subject}),
    "holding.completed": (Reopen, lambda e: {"holding": e.subject}),
    "absence.began": (BeBack, lambda e: {"post": e.subject}),
    "mail.held": (ReleaseMail, lambda e: {"mail": e.subject}),
    "mail.released": (HoldMail, lambda e: {"mail": e.subject}),
    "som.postponed": (PostponeSom, lambda e: {"som": e.subject, "to": e.data["was"]}),
    "agenda.item-added": (WithdrawItem, lambda e: {"som": e.data["som"], "item": e.data["number"]}),
    "decision.recorded": (
        WithdrawDecision,
        lambda e: {"som": e.data["som"], "decision": e.data["number"]},
    ),
}
"""What takes back each thing that can be taken back, and the facts it needs."""

_LAST = (
    select(Entry.seq)
    .where(
        Entry.subject == bindparam("subject"),
        Entry.kind == bindparam("kind"),
        Entry.by == bindparam("by"),
    )
    .order_by(col(Entry.seq).desc())
    .limit(1)
)


@dataclass(frozen=True)
class JustDone:
    """What happened, in words, and the ``form`` of the act that undoes it; empty: none does."""

    said: str
    form: dict[str, Any]
    wants_reason: bool


def page_after(session: Session, page: str, events: list[Event], by: str) -> str:
    """The page that follows an act of the body ``by``; it says what the act led to."""
    if not events:
        return page
    told = next((event for event in events if event.kind in OPPOSITES), events[0])
    facts = {"subject": told.subject, "kind": told.kind, "by": by}
    number = session.connection().execute(_LAST, facts).scalar_one()
    path, mark, place = page.partition("#")
    return f"{path}?did={number}{mark}{place}"


def just_done(request: Request) -> JustDone | None:
    """What the body of whoever is signed in did before this page."""
    number, by = request.query_params.get("did", ""), signin.contact(request)
    if by is None or not (number.isdecimal() and len(number) < 19):
        return None
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        entry = session.get(Entry, int(number))
        if entry is None or entry.by != by.body:
            return None
        about = select(Entry.seq).where(Entry.subject == entry.subject)
        last = session.exec(about.order_by(col(Entry.seq).desc()).limit(1)).one()
    event = ledger.event(entry)
    said = words.sentence(office.programme, event, entry.by, language_at(request))
    if event.kind not in OPPOSITES or last != entry.seq:
        return JustDone(said, {}, wants_reason=False)
    kind, facts = OPPOSITES[event.kind]
    reason = kind.model_fields.get("reason")
    wanted = reason is not None and reason.is_required()
    act = act_from(kind, **facts(event), **({"reason": said[:2000]} if wanted else {}))
    form = {"act": kind.model_fields["act"].default, **facts(event)}
    return JustDone(said, form if _is_possible(office, act, by.body) else {}, wanted)


def _is_possible(office: Office, act: Act, by: str) -> bool:
    """Tried, and taken back as if never done."""
    try:
        return office.preview(act, by=by, look=lambda _: True)
    except SecretariatError:
        return False

"""Which acts each kind of link allows, and what is said once one was done."""

from dataclasses import dataclass

from fastapi import Request, Response
from sqlmodel import Session, col, select

from notifications.links import DIGESTS, SIGN_IN, SIGN_IN_MAILED
from schemas.act import Act
from schemas.acts import (
    Accept,
    Acknowledge,
    AskExtension,
    Decline,
    Done,
    Review,
    Snooze,
)
from schemas.figure_acts import ReportStage
from schemas.meeting_acts import FileDocument, NameDelegation, ObjectToStatement
from schemas.programme import Contact
from schemas.return_acts import SaveReturn, SubmitReturn
from schemas.tables import Entry, Link
from secretariat import words
from secretariat.catalogues import marked
from secretariat.moments import in_words
from secretariat.web.render import render
from secretariat.web.speaking import language_at


@dataclass(frozen=True)
class Family:
    """What a kind of link lets its holder do, and what answers its question by whichever door.

    Nothing that changes who may act: no chair, post, address, waiver or end. That needs signing in.
    """

    acts: tuple[type[Act], ...]
    answers: tuple[str, ...]


FAMILIES = {
    "obligation": Family(
        (
            Acknowledge,
            Done,
            Snooze,
            AskExtension,
            ReportStage,
            SaveReturn,
            SubmitReturn,
            FileDocument,
            NameDelegation,
        ),
        (
            "obligation.acknowledged",
            "obligation.done",
            "obligation.snoozed",
            "obligation.extension-asked",
            "document.filed",
            "delegation.named",
        ),
    ),
    "offer": Family(
        (Accept, Decline),
        ("holding.accepted", "holding.declined", "holding.withdrawn", "holding.expired"),
    ),
    "review": Family((Review,), ("review.answered",)),
    "silence": Family((ObjectToStatement,), ("statement.objected",)),
    SIGN_IN: Family((), ()),
    SIGN_IN_MAILED: Family((), ()),
    DIGESTS: Family((), ()),
}

ALREADY = {
    "obligation.acknowledged": marked("This was already acknowledged by {by} on {moment}."),
    "obligation.done": marked("This was already done by {by} on {moment}."),
    "obligation.snoozed": marked("Reminders were already put off by {by} on {moment}."),
    "obligation.extension-asked": marked("More time was already asked for by {by} on {moment}."),
    "document.filed": marked("This was already handed in by {by} on {moment}."),
    "delegation.named": marked("This was already handed in by {by} on {moment}."),
    "statement.objected": marked("{by} already objected on {moment}."),
    "holding.accepted": marked("This was already accepted by {by} on {moment}."),
    "holding.declined": marked("This was already declined by {by} on {moment}."),
    "holding.withdrawn": marked("This was already withdrawn by {by} on {moment}."),
    "holding.expired": marked("This expired on {moment}."),
    "review.answered": marked("This was already answered by {by} on {moment}."),
}


def answered(session: Session, link: Link, body: str, *, since_made: bool) -> Entry | None:
    """What answered the question of a link before; each government answers a silence for itself."""
    query = select(Entry).where(
        Entry.subject == link.object, col(Entry.kind).in_(FAMILIES[link.purpose].answers)
    )
    if link.purpose == "silence":
        query = query.where(Entry.by == body)
    if since_made:
        query = query.where(Entry.at >= link.made_at)
    return session.exec(query.order_by(col(Entry.seq).desc()).limit(1)).first()


def settled(request: Request, contact: Contact, before: Entry | None) -> Response:
    language = language_at(request)
    already = language.gettext("This was already done.")
    if before:
        by = words.name_of(request.app.state.parts.office.programme, before.by, language)
        moment = in_words(contact.zone, language)(before.at)
        already = language.phrase(ALREADY[before.kind], by=by, moment=moment)
    return render(request, "link_settled.html", already=already)

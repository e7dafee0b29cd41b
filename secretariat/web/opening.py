"""Which links may be used? Whatever cannot be looks the same, and tells nothing about any."""

import logging
from datetime import timedelta

from fastapi import Request, Response
from sqlmodel import Session, col, select

from notifications.links import DIGESTS, EXPIRED, SIGN_IN_MAILED, SIGNING_IN, refusal
from schemas.programme import Contact
from schemas.tables import Entry, Holding, Link, Obligation
from secretariat import ledger
from secretariat.catalogues import marked
from secretariat.commands import posts
from secretariat.commands.links import REVOKED
from secretariat.commands.office import Office, bodies_of
from secretariat.errors import (
    UnknownError,
)
from secretariat.languages import Language
from secretariat.moments import in_words
from secretariat.web import sessions
from secretariat.web.answered import settled
from secretariat.web.render import render
from secretariat.web.speaking import language_at

NOTICE = timedelta(days=30)

log = logging.getLogger(__name__)


def opened(request: Request, session: Session, token: str) -> tuple[Link | None, str]:
    """The link of a token, and why it cannot be used. Raises UnknownError: its object is gone."""
    parts = request.app.state.parts
    office: Office = parts.office
    link: Link | None = parts.composer.links.find(session, token)
    signing_in = link is not None and link.purpose in SIGNING_IN
    now = sessions.now() if signing_in else office.clock.now()
    why = refusal(session, office.programme, link, now)
    if link and signing_in and not why:
        why = _shut_out(session, office, link)
    if link and not why and not _concerned(session, office, link):
        why = "not its contact's to answer"
    return link, why


def _shut_out(session: Session, office: Office, link: Link) -> str:
    """Why a link to sign in is of no use any more; empty: it is."""
    if sessions.is_closed(session, link.contact):
        return "its account is closed"
    holder = posts.holder(session, link.contact, office.clock.now())
    moved_on = link.person != (holder.slug if holder else None)
    return "somebody else holds the post" if link.purpose == SIGN_IN_MAILED and moved_on else ""


def _concerned(session: Session, office: Office, link: Link) -> bool:
    """Whether the contact's body has a part in what the link is about."""
    body = contact_of(office, link).body
    if link.purpose in (*SIGNING_IN, DIGESTS):
        return True
    steers = {office.programme.chair, bodies_of(session, office.programme).steward}
    if link.purpose == "obligation":
        obligation = session.get(Obligation, link.object)
        if obligation is None:
            raise UnknownError(marked("What this link was about is no longer asked of anybody."))
        return body in {obligation.body, *steers}
    if link.purpose == "silence":
        return body in office.programme.task_forces()
    holding = session.get_one(Holding, link.object)
    return body in {holding.owner, holding.offered_to, holding.takes_over}


def contact_of(office: Office, link: Link) -> Contact:
    contact = office.programme.contact(link.contact)
    assert contact, "a link without a contact was refused"
    return contact


def reader(request: Request, link: Link) -> Contact:
    """The contact of a good link: pages are in its language from here on, and only from here."""
    contact = contact_of(request.app.state.parts.office, link)
    request.state.reader = contact
    return contact


def unusable(
    request: Request, session: Session, token: str, link: Link | None, why: str
) -> Response:
    """One page for every link that cannot be used, so that it tells nothing about any.

    Only one that expired after it was pressed still says what came of it.
    """
    parts = request.app.state.parts
    if link and why == EXPIRED and (pressed := _pressed(session, link)):
        return settled(request, reader(request, link), pressed)
    address = request.client.host if request.client else ""
    if request.app.state.refused.too_many(address):
        sentence = language_at(request).gettext(
            "Too many links that cannot be used were tried from here. Wait a minute."
        )
        return render(request, "message.html", status=429, words=sentence)
    log.warning("a link was refused to %s: %s", address, why)
    return render(
        request,
        "no_link.html",
        status=404,
        token=token,
        nonce=parts.composer.links.nonce(token),
        notice=_called_back(session, parts.office, language_at(request)),
    )


def _pressed(session: Session, link: Link) -> Entry | None:
    """What was done by this very link."""
    pressed = col(Entry.key).startswith(f"link:{link.id}:", autoescape=True)
    return session.exec(select(Entry).where(pressed)).first()


def _called_back(session: Session, office: Office, language: Language) -> str:
    """What everybody may know: that all links, or those of a key, were called back lately."""
    since = office.clock.now() - NOTICE
    query = select(Entry).where(Entry.subject == "links", Entry.kind == REVOKED, Entry.at >= since)
    for entry in session.exec(query.order_by(col(Entry.seq).desc()).limit(20)):
        facts = ledger.event(entry).data
        if not (facts["contact"] or facts["about"]):
            moment = in_words(office.programme.zone, language)(entry.at)
            return language.phrase(
                "Links mailed before {moment} were called back: {reason}",
                moment=moment,
                reason=facts["reason"],
            )
    return ""

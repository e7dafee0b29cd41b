"""The page of a mailed link on GET, its one act on POST."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from notifications.links import check_unexpired
from schemas.acts import Accept, Acknowledge, Act, Decline, Done, Review
from schemas.phase import Phase
from schemas.programme import Contact
from schemas.tables import Link, Obligation
from secretariat import closeup, words
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, ConflictError, UnknownError
from secretariat.moments import in_words
from secretariat.typed import act_from
from secretariat.web import signin
from secretariat.web.render import render

router = APIRouter()


@router.get("/link/{token}")
def show_link(request: Request, token: str) -> Response:
    """What a mailed link is about. Opening it changes nothing; its button does."""
    parts = request.app.state.parts
    office: Office = parts.office
    with office.store.read() as session:
        link = _opened(request, session, token)
        contact = _contact_of(office, link.contact)
        if link.purpose == "sign-in":
            return render(request, "signin.html", link=link, contact=contact)
        if link.purpose == "holding":
            seen = closeup.holding(session, office.programme, link.object)
            return _answer_page(request, token, contact, seen)
        obligation = session.get(Obligation, link.object)
    if obligation is None:
        raise UnknownError("What this link was about is no longer asked of anybody.")
    function = office.programme.function(obligation.function)
    return render(
        request,
        "obligation.html",
        link=link,
        token=token,
        obligation=obligation,
        function=function.name if function else obligation.function,
        cycle=obligation.cycle.partition("/")[2],
        contact=contact,
        in_words=in_words(contact.zone),
        body_name=lambda body: words.name_of(office.programme, body),
        late=obligation.done_at is None and obligation.do_by <= office.clock.now(),
    )


def _answer_page(
    request: Request, token: str, contact: Contact, seen: closeup.HoldingSeen
) -> Response:
    """What a link to a holding asks: an answer to an offer or to a review, if one is open."""
    open_review = next((review for review in seen.reviews if review.answered_at is None), None)
    office: Office = request.app.state.parts.office
    return render(
        request,
        "answer.html",
        token=token,
        contact=contact,
        seen=seen,
        holding=seen.holding,
        offered=seen.holding.offered_to == contact.body,
        review=open_review if seen.holding.owner == contact.body else None,
        in_words=in_words(contact.zone),
        body_name=lambda body: words.name_of(office.programme, body),
        words_of=lambda phase: Phase(phase).words,
        receiver_name=lambda receiver: words.receiver_name(office.programme, receiver),
    )


@router.post("/link/{token}")
def use_link(
    request: Request,
    token: str,
    done: Annotated[str, Form(max_length=2000)] = "",
    answer: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Do the one act a mailed link stands for, or sign in with it."""
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        link = _opened(request, session, token)
        if link.purpose == "sign-in":
            response = RedirectResponse("/", 303)
            signin.begin(request, session, link, response)
            return response
    act = _answer(link, answer, words) if link.purpose == "holding" else _asked(link, done)
    contact = _contact_of(office, link.contact)
    signin.check_in_office(office, contact)
    done_now = office.do(act, by=contact.body, key=f"link:{link.id}", contact=contact.slug)
    with office.store.write() as session:
        used = session.get_one(Link, link.id)
        if not done_now:
            raise ConflictError(_already(office, session.get(Obligation, link.object), used))
        used.used_at, used.used_as = office.clock.now(), link.contact
    return RedirectResponse(f"/link/{token}", 303)


def _already(office: Office, obligation: Obligation | None, link: Link) -> str:
    """Why the act of a link changed nothing."""
    if obligation and (at := obligation.done_at or obligation.acknowledged_at):
        who = obligation.done_by or obligation.acknowledged_by or ""
        what = "done" if obligation.done_at else "acknowledged"
        name = words.name_of(office.programme, who)
        return (
            f"This was already {what} by {name} on {at:%d %B %Y, %H:%M} UTC. Nothing was changed."
        )
    used = f"on {link.used_at:%d %B %Y, %H:%M} UTC" if link.used_at else "just now"
    return f"This link was used {used}. Nothing was changed."


def _asked(link: Link, done: str) -> Act:
    """What a link to an obligation does."""
    return Done(obligation=link.object, note=done) if done else Acknowledge(obligation=link.object)


def _answer(link: Link, answer: str, words: str) -> Act:
    """What a link to a holding does: it answers an offer or a review."""
    match answer:
        case "accept":
            return act_from(Accept, holding=link.object)
        case "decline":
            return act_from(Decline, holding=link.object, reason=words)
        case "performed" | "not-performed":
            performed = answer == "performed"
            note = words or ("still performed" if performed else "")
            return act_from(Review, holding=link.object, performed=performed, note=note)
        case _:
            raise BadInputError("Choose one of the answers on the page. Nothing was changed.")


def _opened(request: Request, session: Session, token: str) -> Link:
    """The link of a token. Raises UnknownError (altered), ExpiredError."""
    parts = request.app.state.parts
    link: Link = parts.composer.links.find(session, token)
    signing_in = link.purpose == "sign-in"
    check_unexpired(link, signin.now() if signing_in else parts.office.clock.now())
    return link


def _contact_of(office: Office, slug: str) -> Contact:
    contact = office.programme.contact(slug)
    if contact is None:
        raise UnknownError("The contact this link was sent to is no longer in the programme.")
    return contact

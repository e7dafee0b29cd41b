"""The page of a mailed link on GET, its one act on POST; whatever is no link looks the same."""

from hashlib import sha256
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.background import BackgroundTask

from notifications.links import DIGESTS, SIGN_IN, SIGNING_IN, renew
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
from schemas.meeting_tables import Delegation, Document, Objection, Silence
from schemas.programme import Programme
from schemas.tables import Link, Obligation
from secretariat import asked, closeup, words
from secretariat.catalogues import marked
from secretariat.commands import digests, filing, reminders
from secretariat.commands.office import Desk, Office
from secretariat.errors import (
    BadInputError,
    ChangedError,
    ConflictError,
    NotAllowedError,
)
from secretariat.moments import in_words
from secretariat.ownership import ENGINE
from secretariat.rights import Right
from secretariat.typed import act_from
from secretariat.web import return_form, signin
from secretariat.web.answered import FAMILIES, answered, settled
from secretariat.web.opening import contact_of, opened, reader, unusable
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import asked_for, language_at

router = APIRouter()
NO_REASON = marked("Write the reason into the form as well. Nothing was changed.")
NOT_ASKED_FOR = marked("This link does not ask for such a stage. Nothing was changed.")
NOT_PRESSED = marked("Open the link and press the button on its page. Nothing was done.")


@router.get("/link/{token}", dependencies=[needs(Right.USE_LINK)])
def show_link(request: Request, token: str) -> Response:
    """What a mailed link is about. Opening it changes nothing; its button does."""
    parts = request.app.state.parts
    office: Office = parts.office
    with office.store.read() as session:
        link, why = opened(request, session, token)
        if link is None or why:
            return unusable(request, session, token, link, why)
        facts = _facts(request, token, link)
        if link.purpose in SIGNING_IN:
            return render(request, "signin.html", **facts)
        if link.purpose == DIGESTS:
            off = digests.stopped(session, link.contact, office.clock.now())
            return render(request, "digests.html", stopped=off, **facts)
        if link.purpose == "obligation":
            return _obligation_page(request, session, facts)
        if link.purpose == "silence":
            return _silence_page(request, session, facts)
        seen = closeup.holding(session, office.programme, link.object)
        return _answer_page(request, seen, facts)


def checked(request: Request, token: str) -> Link | Response:
    """The link of a token, with its reader noted; else the page that says it cannot be used."""
    with request.app.state.parts.office.store.read() as session:
        link, why = opened(request, session, token)
        if link is None or why:
            return unusable(request, session, token, link, why)
    reader(request, link)
    return link


def _facts(request: Request, token: str, link: Link) -> dict[str, Any]:
    """What every page of a link tells."""
    parts = request.app.state.parts
    programme = parts.office.programme
    contact = reader(request, link)
    language = language_at(request)
    return {
        "link": link,
        "token": token,
        "nonce": parts.composer.links.nonce(token),
        "contact": contact,
        "post": words.post_name(programme, contact, language),
        "in_words": in_words(contact.zone, language),
    }


def figures_page(
    request: Request, token: str, link: Link, status: int = 200, **typed: Any
) -> Response:
    """The page of a link to an obligation, with what was just typed into its form."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        facts = _facts(request, token, link)
        return _obligation_page(request, session, facts, status=status, **typed)


def _obligation_page(
    request: Request, session: Session, facts: dict[str, Any], status: int = 200, **typed: Any
) -> Response:
    office: Office = request.app.state.parts.office
    language, now = language_at(request), office.clock.now()
    seen = asked.obligation(session, office.programme, facts["link"].object, now)
    obligation = seen.obligation
    desk = Desk(session, office.programme, now, ENGINE)
    free = reminders.not_worked(desk, obligation)
    return render(
        request,
        "obligation.html",
        status=status,
        figures=return_form.of(desk, obligation, facts["contact"].body, language, **typed),
        not_worked=free and language.day(free),
        **handed_in(session, office.programme, obligation),
        obligation=obligation,
        title=words.step_title(office.programme, obligation.title, language),
        function=words.function_name(office.programme, obligation.function, language),
        cycle=obligation.cycle.partition("/")[2],
        late=obligation.done_at is None and obligation.do_by <= now,
        replies=seen.replies,
        snoozes_left=seen.snoozes_left,
        answers=seen.answers,
        strand=seen.strand,
        seen_dossier=seen.milestone and seen.milestone.dossier,
        evidence=language.text_of(office.programme, seen.milestone.evidence)
        if seen.milestone
        else "",
        acts=seen.possible(facts["contact"].body, office.programme),
        today=now.astimezone(ZoneInfo(facts["contact"].zone)).date().isoformat(),
        **facts,
    )


def handed_in(session: Session, programme: Programme, obligation: Obligation) -> dict[str, Any]:
    """What an obligation takes, and what was handed in with it so far."""
    return {
        "takes": filing.taken(session, programme, obligation),
        "documents": filing.versions(session, obligation.id),
        "named": filing.attendees(session, obligation.id),
        "delegation": session.get(Delegation, obligation.id),
    }


def _silence_page(request: Request, session: Session, facts: dict[str, Any]) -> Response:
    """A draft under silence: read it, and object with a reason while there is time."""
    office: Office = request.app.state.parts.office
    silence = session.get_one(Silence, facts["link"].object)
    objected = session.get(Objection, (silence.id, facts["contact"].body))
    in_time = silence.state in ("open", "broken") and silence.ends_at > office.clock.now()
    return render(
        request,
        "silence.html",
        silence=silence,
        draft=session.get_one(Document, silence.document),
        until=language_at(request).day(silence.until),
        objected=objected,
        in_time=in_time,
        **facts,
    )


def _answer_page(request: Request, seen: closeup.HoldingSeen, facts: dict[str, Any]) -> Response:
    """What a link to a holding asks: an answer to an offer or to a review, if one is open."""
    purpose, body = facts["link"].purpose, facts["contact"].body
    open_review = next((review for review in seen.reviews if review.answered_at is None), None)
    programme, language = request.app.state.parts.office.programme, language_at(request)
    return render(
        request,
        "answer.html",
        seen=seen,
        holding=seen.holding,
        offered=purpose == "offer" and seen.holding.offered_to == body,
        review=open_review if purpose == "review" and seen.holding.owner == body else None,
        duty=language.text_of(programme, seen.duty),
        function=words.function_name(programme, seen.function.slug, language),
        missing=language.listed([language.text_of(programme, item.name) for item in seen.missing]),
        **facts,
    )


@router.post("/link/{token}", dependencies=[needs(Right.USE_LINK)])
def use_link(
    request: Request,
    token: str,
    nonce: Annotated[str, Form(max_length=100)] = "",
    done: Annotated[str, Form(max_length=2000)] = "",
    answer: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=2000)] = "",
    seen: Annotated[int | None, Form()] = None,
    day: Annotated[str, Form(max_length=10)] = "",
    stage: Annotated[str, Form(max_length=200)] = "",
    state: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Do an act a mailed link stands for, or sign in with it. Done already, it says so."""
    parts = request.app.state.parts
    office: Office = parts.office
    with office.store.read() as session:
        link, why = opened(request, session, token)
        if link is None or why:
            return unusable(request, session, token, link, why)
    reader(request, link)
    if link.purpose == DIGESTS:  # a mail program presses without having opened (RFC 8058)
        return _choose(request, link, again=answer == "again")
    if not parts.composer.links.knows(token, nonce):
        raise NotAllowedError(NOT_PRESSED)
    if link.purpose in SIGNING_IN:
        return _sign_in(request, link)
    if answer == "stage":
        return _report(request, token, link, stage, state, day, words)
    if link.purpose == "obligation":
        act: Act = _asked(link, answer, done or words, day)
    elif link.purpose == "silence":
        act = _objection(link, answer, words)
    else:
        act = _answer(link, answer, words, seen)
    return do_once(request, token, link, act)


def _report(
    request: Request, token: str, link: Link, stage: str, state: str, day: str, evidence: str
) -> Response:
    """Report a stage of the strand an obligation asks for; ``stage`` is ``receiver/stage``."""
    office: Office = request.app.state.parts.office
    contact = contact_of(office, link)
    with office.store.read() as session:
        seen = asked.obligation(session, office.programme, link.object, office.clock.now())
    receiver, _, slug = stage.partition("/")
    if seen.strand is None or receiver not in seen.strand.receivers:
        raise BadInputError(NOT_ASKED_FOR)
    act = act_from(
        ReportStage,
        function=seen.obligation.function,
        strand=seen.strand.slug,
        receiver=receiver,
        stage=slug,
        state=state,
        when=day or None,
        evidence=evidence,
    )
    office.do(act, by=contact.body, contact=contact.slug)
    return RedirectResponse(f"/link/{token}{asked_for(request)}", 303)


def _choose(request: Request, link: Link, *, again: bool) -> Response:
    """Stop the digests of a contact, or send them again; without cookie or redirect."""
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        if again:
            digests.resume(session, link.contact)
        else:
            digests.stop(session, link.contact, office.clock.now())
    return render(request, "digests.html", stopped=not again, contact=contact_of(office, link))


def _sign_in(request: Request, link: Link) -> Response:
    """Who can print a link can read keys and store, so that counts as a second factor too."""
    response = RedirectResponse("/", 303)
    with request.app.state.parts.office.store.write() as session:
        spent = session.get_one(Link, link.id)
        begun = signin.begin(request, session, spent, response, factor=link.purpose == SIGN_IN)
    if begun.wants_factor and begun.factor_at is None:
        response.headers["location"] = "/second-factor"
    return response


def do_once(request: Request, token: str, link: Link, act: Act) -> Response:
    """Hand the act in; the same link does the same act once, whoever presses and how often."""
    office: Office = request.app.state.parts.office
    contact = contact_of(office, link)
    assert type(act) in FAMILIES[link.purpose].acts
    key = f"link:{link.id}:{_once(act)}"
    try:
        if office.do(act, by=contact.body, key=key, contact=contact.slug):
            return RedirectResponse(f"/link/{token}{asked_for(request)}", 303)
        refused = None
    except ChangedError:
        raise
    except ConflictError as error:
        refused = error
    with office.store.read() as session:
        before = answered(session, link, contact.body, since_made=refused is not None)
    if refused and before is None:
        raise refused
    return settled(request, contact, before)


def _once(act: Act) -> str:
    """What a link does once: an act, and where it names a day the act for that day."""
    name = type(act).model_fields["act"].default
    match act:
        case Snooze():
            return f"{name}:{act.until}"
        case AskExtension():
            return f"{name}:{act.to}"
        case FileDocument():
            return f"{name}:{sha256(act.content + act.name.encode()).hexdigest()[:32]}"
        case NameDelegation():
            return f"{name}:{sha256(act.model_dump_json().encode()).hexdigest()[:32]}"
        case _:
            return str(name)


def _asked(link: Link, answer: str, words: str, day: str) -> Act:
    """What a link to an obligation does; a note alone says that it is done."""
    match answer:
        case "snooze":
            return act_from(Snooze, obligation=link.object, until=day)
        case "extend":
            return act_from(AskExtension, obligation=link.object, to=day, reason=words)
        case "done":
            return act_from(Done, obligation=link.object, note=words)
        case "" if words:
            return act_from(Done, obligation=link.object, note=words)
        case "":
            return Acknowledge(obligation=link.object)
        case _:
            raise BadInputError(
                marked("Choose one of the answers on the page. Nothing was changed.")
            )


def _objection(link: Link, answer: str, words: str) -> Act:
    if answer != "object":
        raise BadInputError(marked("Choose one of the answers on the page. Nothing was changed."))
    if not words.strip():
        raise BadInputError(NO_REASON)
    return act_from(ObjectToStatement, statement=link.object, reason=words)


def _answer(link: Link, answer: str, words: str, seen: int | None) -> Act:
    """What a link to a holding does: it answers an offer or a review, as the page showed it."""
    match link.purpose, answer:
        case "offer", "accept":
            return act_from(Accept, holding=link.object, seen=seen)
        case _, "decline" | "not-performed" if not words.strip():
            raise BadInputError(NO_REASON)
        case "offer", "decline":
            return act_from(Decline, holding=link.object, seen=seen, reason=words)
        case "review", "performed" | "not-performed":
            performed = answer == "performed"
            note = words or ("still performed" if performed else "")
            return act_from(Review, holding=link.object, seen=seen, performed=performed, note=note)
        case _:
            raise BadInputError(
                marked("Choose one of the answers on the page. Nothing was changed.")
            )


@router.post("/link/{token}/new", dependencies=[needs(Right.USE_LINK)])
def ask_for_new(
    request: Request, token: str, nonce: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Answer the same to everybody; what follows is done once the answer is on its way."""
    parts = request.app.state.parts
    if not parts.composer.links.knows(token, nonce):
        raise NotAllowedError(NOT_PRESSED)
    response = render(request, "link_asked.html")
    response.background = BackgroundTask(renew, parts.office, parts.composer.links, token)
    return response

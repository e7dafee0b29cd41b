"""Mails as pages: what became of each, what will leave if nobody acts, and what was caught here."""

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from notifications import catcher
from notifications.expected import expected
from notifications.previews import names, preview
from schemas.tables import Mail
from secretariat import maillog, rights
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.errors import UnknownError
from secretariat.languages import LANGUAGES
from secretariat.rights import Right
from secretariat.web import signin
from secretariat.web.forms import act_on, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = 50
STATES = (
    "open", "waiting", "sending", "unknown", "held", "bundled",
    "accepted", "bounced", "refused", "suppressed", "expired",
)  # fmt: skip
STATES_KEPT = ("open", *STATES[STATES.index("bundled") :])
"""The states it can be told at a past day whether a mail was in."""
_SECRET = re.compile(r"(/link/)[\w.=-]+")
Word = Annotated[str, Query(max_length=200)]
Number = Annotated[int, Query(ge=1, lt=2**31)]


@router.get("/mail", dependencies=[needs(Right.READ_MAILS)])
def show_log(
    request: Request,
    to: Word = "",
    state: Word = "",
    about: Word = "",
    before: Number | None = None,
    at: str | None = None,
) -> Response:
    """Every mail with what became of it by then, newest first; governments see their own."""
    office: Office = request.app.state.parts.office
    day = looking(request, at).then
    with office.store.read() as session:
        found = maillog.mails(
            session,
            among=_own(request),
            to=to,
            state=state,
            about=about,
            at=day,
            before=before,
            limit=PAGE + 1,
        )
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render(
        request,
        "mails.html",
        steers=signin.may(request, Right.STEER),
        mails=found[:PAGE],
        older=older,
        states=STATES_KEPT if day else STATES,
        asked={"to": to, "state": state, "about": about},
    )


@router.get("/mail/coming", dependencies=[needs(Right.STEER)])
def show_coming(
    request: Request, to: Word = "", days: Annotated[int, Query(ge=1, le=366)] = 14
) -> Response:
    """Who will get what when, if nobody acts: the chair sees it before it leaves."""
    parts = request.app.state.parts
    until = parts.office.clock.now() + timedelta(days=days)
    found = expected(parts.office, parts.composer, until, to)
    return render(request, "mails_coming.html", mails=found, days=days, to=to)


@router.get("/mail/preview", dependencies=[needs(Right.STEER)])
def show_preview(request: Request, name: Word = "obligation", language: Word = "en") -> Response:
    """How a mail looks in a language: the latest of its kind, or the one of a number."""
    parts = request.app.state.parts
    seen = preview(parts.office, parts.composer, name, language)
    return render(
        request,
        "mail_preview.html",
        seen=seen,
        text=_SECRET.sub(r"\1…", seen.text),
        name=name,
        chosen=LANGUAGES[language],
        names=names(parts.composer),
    )


@router.get("/mail/preview/html", dependencies=[needs(Right.STEER)])
def show_preview_html(request: Request, name: Word, language: Word) -> Response:
    """Its HTML part as a mail program shows it."""
    parts = request.app.state.parts
    seen = preview(parts.office, parts.composer, name, language)
    return as_a_mail_program(_SECRET.sub(r"\1…", seen.html))


@router.get("/mail/{number:int}", dependencies=[needs(Right.READ_MAILS)])
def show_mail(request: Request, number: int, at: str | None = None) -> Response:
    """One mail: how it went, and what it says; the links in it are for its reader alone."""
    day = looking(request, at).then
    mail, message = _read(request, number, day)
    own = _own(request)
    if own is not None and mail.contact not in own:
        signin.hide(request, Mail, number)
    plain = message.get_body(("plain",)) if message else None
    text = _SECRET.sub(r"\1…", plain.get_content()) if plain else ""
    return render(
        request,
        "mail.html",
        steers=own is None,
        mail=mail,
        text=text,
        acts=_possible(mail) if own is None and day is None else [],
    )


@router.post("/mail/{number:int}", dependencies=[needs(Right.STEER)])
async def act_on_mail(request: Request, number: int) -> Response:
    """Hold a mail, let it go, or try it again; or look at what that would do."""
    form = await sent(request)
    return await run_in_threadpool(act_on, request, "mail", str(number), form, f"/mail/{number}")


def _own(request: Request) -> list[str] | None:
    """The contacts whose mails are this reader's to see; None: of everybody."""
    if signin.over(request, Right.READ_MAILS) is rights.ALL:
        return None
    by = signin.check(request, Right.READ_MAILS)
    programme = request.app.state.parts.office.programme
    return [
        each.slug for each in programme.contacts if (each.body, each.member) == (by.body, by.member)
    ]


def _possible(mail: Mail) -> list[str]:
    if mail.state == "held":
        return ["release-mail"]
    if mail.state in ("waiting", "unknown"):
        return ["hold-mail", "retry-mail"]
    return ["retry-mail"] if mail.state in ("bounced", "refused", "suppressed", "expired") else []


def _read(request: Request, number: int, at: datetime | None) -> tuple[Mail, EmailMessage | None]:
    office: Office = request.app.state.parts.office
    if number >= 2**31:
        raise UnknownError(marked("There is no mail “{number}”."), number=number)
    with office.store.read() as session:
        mail = maillog.mail(session, number, at)
    if mail.content is None:
        return mail, None
    parsed = BytesParser(policy=SMTP).parsebytes(mail.content)
    assert isinstance(parsed, EmailMessage)
    return mail, parsed


# -- the built-in catcher --------------------------------------------------------------------------


@router.get("/caught", dependencies=[needs(Right.READ_CAUGHT)])
def show_caught(request: Request) -> Response:
    """Every message the built-in catcher took, newest first."""
    directory = _caught(request)
    messages = [
        (name, found)
        for name in catcher.caught(directory)[:200]
        if (found := catcher.read(directory, name))
    ]
    return render(request, "caught.html", messages=messages)


@router.get("/caught/{name}", dependencies=[needs(Right.READ_CAUGHT)])
def show_message(request: Request, name: str) -> Response:
    message = _message(request, name)
    plain = message.get_body(("plain",))
    return render(
        request,
        "message_caught.html",
        name=name,
        message=message,
        text=plain.get_content() if plain else "",
    )


@router.get("/caught/{name}/html", dependencies=[needs(Right.READ_CAUGHT)])
def show_html_part(request: Request, name: str) -> Response:
    """The HTML part as a mail program shows it."""
    body = _message(request, name).get_body(("html",))
    return as_a_mail_program(body.get_content() if body else "")


def as_a_mail_program(html: str) -> Response:
    """An HTML part on its own: no script, nothing loaded."""
    policy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    return Response(
        html,
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": policy + "style-src 'unsafe-inline'; frame-ancestors 'self'"
        },
    )


def _caught(request: Request) -> Path:
    directory: Path | None = request.app.state.parts.caught
    if directory is None:
        raise UnknownError(marked("Mail leaves by your SMTP server; nothing is caught here."))
    return directory


def _message(request: Request, name: str) -> EmailMessage:
    message = catcher.read(_caught(request), name)
    if message is None:
        raise UnknownError(marked("There is no caught message “{name}”."), name=name)
    return message

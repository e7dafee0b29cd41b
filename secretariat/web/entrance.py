"""Coming in and going out: an address is typed, its owner gets a link, and nobody learns whose."""

import logging
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from secretariat.commands.signing_in import mail_link
from secretariat.installation import DemoClock
from secretariat.rights import Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
log = logging.getLogger(__name__)


@router.get("/sign-in", dependencies=[needs(Right.SIGN_IN)])
def show_entrance(request: Request) -> Response:
    """Where one asks for a link."""
    return _page(request)


@router.post("/sign-in", dependencies=[needs(Right.SIGN_IN)])
def ask_for_link(request: Request, address: Annotated[str, Form(max_length=320)] = "") -> Response:
    """Answer the same to everybody at once; whether there is a mail to send is seen afterwards."""
    origin = request.client.host if request.client else ""
    if request.app.state.asking.too_many(origin):
        log.warning("too many links to sign in were asked for from %s", origin)
        return render(
            request,
            "message.html",
            status=429,
            words="Too many links were asked for from here. Wait a minute.",
        )
    response = _page(request, asked=True)
    office = request.app.state.parts.office
    response.background = BackgroundTask(mail_link, office, address, sessions.now())
    return response


@router.post("/sign-out", dependencies=[needs(Right.SIGN_IN)])
def sign_out(request: Request) -> Response:
    response = RedirectResponse("/", 303)
    with request.app.state.parts.office.store.write() as session:
        sessions.end(request, session, response)
    return response


def _page(request: Request, *, asked: bool = False) -> Response:
    parts = request.app.state.parts
    return render(
        request,
        "sign_in.html",
        asked=asked,
        minutes=signin.LINK_LASTS.seconds // 60,
        demo=isinstance(parts.office.clock, DemoClock) and parts.caught is not None,
    )

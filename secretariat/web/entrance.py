"""Coming in and going out: an address is typed, its owner gets a link, and nobody learns whose."""

import logging
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from secretariat.catalogues import marked
from secretariat.commands.signing_in import at_address, mail_link
from secretariat.errors import NotAllowedError, UnknownError
from secretariat.installation import DemoClock
from secretariat.provider import NOT_HIS, Provider, provider_of
from secretariat.rights import Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

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
            words=language_at(request).gettext(
                "Too many links were asked for from here. Wait a minute."
            ),
        )
    response = _page(request, asked=True)
    office = request.app.state.parts.office
    response.background = BackgroundTask(mail_link, office, address, sessions.now())
    return response


@router.get("/sign-in/provider", dependencies=[needs(Right.SIGN_IN)])
def go_to_provider(request: Request) -> Response:
    """Off to the provider, with a secret kept in this browser that it must bring back."""
    browser = secrets.token_urlsafe(32)
    response = RedirectResponse(_provider(request).address(_back(request), browser), 303)
    response.set_cookie(
        _cookie(request), browser, max_age=600,
        httponly=True, samesite="lax", secure=sessions.is_secure(request),
    )  # fmt: skip
    return response


@router.get("/sign-in/provider/back", dependencies=[needs(Right.SIGN_IN)])
def come_from_provider(request: Request) -> Response:
    """Whose verified address it is, is in; how often it saw them prove it, it says itself."""
    provider, browser = _provider(request), request.cookies.get(_cookie(request), "")
    if not browser:
        raise NotAllowedError(NOT_HIS)
    answer = f"{_back(request)}?{request.url.query}"
    who = provider.vouched(_back(request), answer, browser)
    response = RedirectResponse("/", 303)
    office = request.app.state.parts.office
    with office.store.write() as session:
        found = at_address(session, office, who.address)
        if len(found) != 1:
            log.warning("a provider vouched for the address of %d contacts", len(found))
            raise NotAllowedError(
                marked("This address is not that of one contact of the programme.")
            )
        begun = sessions.open_for(request, session, found[0], response, factor=who.two_factors)
    if begun.wants_factor and begun.factor_at is None:
        response.headers["location"] = "/second-factor"
    response.delete_cookie(
        _cookie(request), secure=sessions.is_secure(request), httponly=True, samesite="lax"
    )
    return response


def _provider(request: Request) -> Provider:
    found = provider_of(request.app.state.parts.settings)
    if found is None:
        raise UnknownError(marked("There is no sign-in provider here. Have a link mailed to you."))
    return found


def _back(request: Request) -> str:
    return f"{request.app.state.parts.settings.board_url}/sign-in/provider/back"


def _cookie(request: Request) -> str:
    return f"{sessions.cookie_name(request)}-provider"


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
        provider=bool(parts.settings.oidc_issuer),
        minutes=signin.LINK_LASTS.seconds // 60,
        demo=isinstance(parts.office.clock, DemoClock) and parts.caught is not None,
    )

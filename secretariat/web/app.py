"""The web application: its parts, what every answer carries, and how errors look."""

import logging
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from notifications.compose import Composer
from secretariat import filetypes
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.errors import (
    ChangedError,
    FactorNeededError,
    ScopeNeededError,
    SecretariatError,
    UnreachableError,
)
from secretariat.settings import Settings
from secretariat.store import AT_ONCE
from secretariat.web import (
    account,
    accounts,
    api,
    assets,
    chair,
    choices,
    collection,
    countries,
    dossiers,
    entrance,
    entries,
    events,
    exports,
    figures,
    forms,
    handing_in,
    help,
    links,
    mails,
    meetings,
    monitoring,
    obligations,
    pages,
    people,
    returns,
    search,
    second_factor,
    trying_mail,
    webhooks,
)
from secretariat.web.attempts import Attempts
from secretariat.web.events import Listeners
from secretariat.web.kept import Kept
from secretariat.web.render import render
from secretariat.web.sessions import is_program, is_secure
from secretariat.web.speaking import language_at, said

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OF_THE_BOARD = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""Our one script brings the board's pages up to date; the pages of links run none at all."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}

AWAY = marked(
    "Something this page needs does not answer just now. Nothing is lost; try again in a minute."
)
ELSEWHERE = marked("This was sent from another site, so nothing was done.")
OURS = marked("Something went wrong here. Name this reference: {reference}.")
INCOMPLETE = marked("The form is not as it must be: {faults}. Nothing was changed.")
_WITH_AN_OBLIGATION = re.compile("^/(documents|delegations|return/form|return/file)/")
LARGEST_BODY = 3 * filetypes.LARGEST  # what is a little too large gets its own answer
NO_PAGE = marked("There is no page here.")
NO_ACT = (
    'Send one act as a JSON object, such as {"act": "accept", "holding": "…"}. Nothing was changed.'
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the pages work with. ``caught`` is where the built-in catcher keeps mail, if it runs;
    ``health`` says in words which parts beside the board are up."""

    settings: Settings
    office: Office
    composer: Composer
    caught: Path | None
    health: Callable[[], dict[str, str]]


def create_app(parts: Parts) -> FastAPI:
    app = FastAPI(
        title="secretariat", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_served
    )
    app.state.parts = parts
    app.state.kept = Kept(parts.office)
    app.state.refused = Attempts()
    app.state.guesses = Attempts(most=10, seconds=300)
    app.state.guessing = Attempts()
    app.state.asking = Attempts(most=10)
    app.state.listeners = Listeners(parts.settings.store_url)
    for door in (
        account,
        accounts,
        api,
        chair,
        choices,
        collection,
        countries,
        pages,
        figures,
        forms,
        handing_in,
        help,
        links,
        mails,
        meetings,
        monitoring,
        obligations,
        dossiers,
        entrance,
        entries,
        events,
        people,
        exports,
        returns,
        search,
        second_factor,
        trying_mail,
        webhooks,
    ):
        for route in door.router.routes:
            if isinstance(route, APIRoute) and route.methods == {"GET"}:
                route.methods.add("HEAD")
        app.include_router(door.router, include_in_schema=door is api)
    app.mount("/static", StaticFiles(directory=assets.DIRECTORY), name="static")
    app.middleware("http")(_guard)
    # Compressed although BREACH reads secrets beside reflected words by the length of answers: no
    # page has any. Sessions are in cookies, forms are guarded by where they come from, and the
    # proof in a mailed link's page is worth nothing without the link, which opens that page anyway.
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=6)
    app.exception_handler(SecretariatError)(_refused)
    app.exception_handler(RequestValidationError)(_incomplete)
    app.exception_handler(HTTPException)(_no_page)
    return app


@asynccontextmanager
async def _served(_: FastAPI) -> AsyncIterator[None]:
    """No more pages are made at once than the store has connections for; others wait their turn."""
    current_default_thread_limiter().total_tokens = AT_ONCE
    yield


async def _guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse acts sent from elsewhere, answer for what nobody foresaw, add the headers."""
    if not _known_here(request):
        url = request.app.state.parts.settings.board_url
        response: Response = PlainTextResponse(f"This board is found at {url}.", 421)
    elif request.method not in ("GET", "HEAD", "OPTIONS") and _from_elsewhere(request):
        response = _message(request, 403, _here(request, ELSEWHERE))
    elif _is_too_large(request):
        response = _message(request, 413, _here(request, returns.TOO_LARGE))
    else:
        try:
            response = await request.app.state.kept.shown(request, answer)
            if _is_api(request) and request.method == "GET" and response.status_code == 200:
                response = await _unless_known(request, response)
        except ClientDisconnect:  # nobody is there any more to be answered
            response = Response(status_code=400)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("unforeseen error %s", reference)
            response = _message(request, 500, _here(request, OURS, reference=reference))
    if request.url.path.startswith("/static/") and request.url.query:
        response.headers["Cache-Control"] = assets.FOREVER
    by_link = request.url.path.startswith("/link/")
    headers = HEADERS | {"Content-Security-Policy": POLICY if by_link else OF_THE_BOARD}
    headers |= TLS_ONLY if is_secure(request) else {}
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


async def _unless_known(request: Request, response: Response) -> Response:
    """What a program asks for with a mark of its content: nothing is sent that it has already."""
    parts = cast(StreamingResponse, response).body_iterator
    content = b"".join([bytes(cast(bytes, part)) async for part in parts])
    mark = f'"{sha256(content).hexdigest()[:32]}"'
    known = (each.strip() for each in request.headers.get("if-none-match", "").split(","))
    headers = {**response.headers, "ETag": mark, "Cache-Control": "no-cache, private"}
    if mark in {each.removeprefix("W/") for each in known}:
        headers.pop("content-length", None)
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)


def _known_here(request: Request) -> bool:
    """Whether we are called by a name of ours or by a number: other names may be somebody's trick.

    A page elsewhere could have its own name lead here, and read what our board says.
    """
    settings = request.app.state.parts.settings
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    if name in {"localhost", settings.host, urlsplit(settings.board_url).hostname}:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _from_elsewhere(request: Request) -> bool:
    """Browsers say where a form came from; the Origin is “null” under our own referrer policy."""
    site = request.headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SecretariatError)
    if isinstance(error, UnreachableError):
        log.error("%s", error)  # where the database is, is for the operator alone
        return _message(request, error.status, _here(request, AWAY))
    facts: dict[str, Any] = {}
    if isinstance(error, ChangedError):
        facts = {"seen": error.seen, "now": error.now}
    if isinstance(error, ScopeNeededError):
        facts = {"scope": error.scope}
    request.state.factor_needed = isinstance(error, FactorNeededError)
    words = said(request, error, named=not _is_to_program(request))
    return _message(request, error.status, words, **facts)


def _incomplete(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if _is_api(request) and error.errors()[0]["loc"][0] == "body":
        return _message(request, 422, NO_ACT)
    faults = ", ".join(f"{e['loc'][-1]} ({e['msg'].lower()})" for e in error.errors())
    return _message(request, 422, _here(request, INCOMPLETE, faults=faults))


def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = _here(request, NO_PAGE) if error.status_code == 404 else str(error.detail)
    response = _message(request, error.status_code, words)
    response.headers.update(error.headers or {})  # such as which methods there are instead
    return response


def _here(request: Request, words: str, **facts: str) -> str:
    """In the language of the page."""
    return language_at(request).phrase(words, **facts)


def _is_too_large(request: Request) -> bool:
    """Whether a body is far larger than any file we take, or does not say; it is not read."""
    length = request.headers.get("content-length", "0")
    unsaid = "transfer-encoding" in request.headers
    return unsaid or not length.isdecimal() or int(length) > LARGEST_BODY


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _is_to_program(request: Request) -> bool:
    return _is_api(request) or is_program(request)


def _message(request: Request, status: int, words: str, **facts: Any) -> Response:
    """A page with the sentence; a program gets it as a problem (RFC 9457)."""
    if _is_to_program(request):
        problem = {"title": words, "status": status, **facts}
        return JSONResponse(problem, status, media_type="application/problem+json")
    typed = request.method == "POST" and status in (400, 422)
    facts = {"typed": typed, "page": _page(request)}
    return render(request, "message.html", status=status, words=words, **facts)


def _page(request: Request) -> str:
    """The page a form was sent from, where that can be told from the form's address."""
    if request.method != "POST":
        return ""
    path = _WITH_AN_OBLIGATION.sub("/obligations/", request.url.path)
    if path.startswith("/link/"):
        return "/".join(path.split("/")[:3])
    read = {**request.scope, "method": "GET", "path": path}
    found = any(route.matches(read)[0] is Match.FULL for route in request.app.routes)
    return path if found else ""

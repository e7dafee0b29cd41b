"""Filling a page: the templates, and what every page knows."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from notifications.rendering import teach
from schemas.acts import Told
from schemas.anchor import Anchor
from schemas.programme import Contact
from schemas.texts import inert
from secretariat import filetypes, ledger, words
from secretariat.errors import SecretariatError, UnreachableError
from secretariat.languages import ENGLISH, LANGUAGES, Language, language_of
from secretariat.rights import Right
from secretariat.web import assets, looking, signin, theme
from secretariat.web.places import places

AS_OPENED = ("/link/", "/account", "/second-factor", "/sign-in")
"""Pages that stay as they were opened: they are about one reader, who is in the midst of it."""
TEMPLATES = Environment(
    loader=PackageLoader("secretariat", "web/templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


teach(TEMPLATES)
TEMPLATES.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
TEMPLATES.filters["anchor"] = lambda text: Anchor.model_validate(text).words
TEMPLATES.filters["told"] = lambda entry: Told(**_told_of(ledger.event(entry).data))
TEMPLATES.globals["endings"] = ",".join(filetypes.TYPES)
TEMPLATES.globals["static"] = assets.address
TEMPLATES.filters["name_of_body"] = lambda body, programme: words.name_of(programme, body)


def _told_of(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in Told.model_fields if name in data}


def render(request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
    parts = request.app.state.parts
    programme = parts.office.programme
    language = language_at(request)
    signed_in = _signed_in(request)
    known = {
        "programme": programme,
        "language": language,
        "keep": asked_for(request),
        "other_language": _own_language(request) if language is ENGLISH else ENGLISH,
        "signed_in": signed_in,
        "factor_needed": getattr(request.state, "factor_needed", False),
        "half_in": _half_in(request),
        "zone": programme.zone,
        "catching": parts.caught is not None and signin.is_let_in(request, Right.READ_CAUGHT),
        "status": status,
        "local": local(programme.zone),
        "pages": places(request),
        "theme": theme.chosen(request),
        **_place(request),
        **looking.facts(request),
    }
    known["live"] = _is_live(request, status) and not known["past"]
    page = TEMPLATES.get_template(template).render(known | facts)
    return HTMLResponse(page, status_code=status)


def _is_live(request: Request, status: int) -> bool:
    """Whether the page may be asked for again while it is read: a form's answer may not."""
    gotten = request.method == "GET" and status == 200
    return gotten and not request.url.path.startswith(AS_OPENED)


def _place(request: Request) -> dict[str, Any]:
    """Where the reader is, to come back to it; a form's answer has no address of its own."""
    asked = [(name, value) for name, value in request.query_params.items() if name != "at"]
    path, gotten = request.url.path, request.method in ("GET", "HEAD")
    query = f"?{request.url.query}" if request.url.query else ""
    return {
        "by_link": path.startswith("/link/"),
        "here": f"{path}?{urlencode(asked)}" if asked else path,
        "back_here": f"{path}{query}" if gotten else "/",
        "asked_with": asked,
    }


def _signed_in(request: Request) -> Contact | None:
    """Who is signed in, as far as can be told: a page that says the store is away needs none."""
    try:
        return signin.contact(request)
    except UnreachableError:
        return None


def _half_in(request: Request) -> bool:
    """Whether somebody has signed in who still owes their second factor."""
    try:
        found = signin.known(request)
    except UnreachableError:
        return False
    return found is not None and not signin.is_whole(found)


def local(zone: str) -> Any:
    """A filter for instants in the programme's zone: “3 Jan 2019, 10:00”."""

    def words(at: datetime, form: str = "%-d %b %Y, %H:%M") -> str:
        return at.astimezone(ZoneInfo(zone)).strftime(form)

    return words


def language_at(request: Request) -> Language:
    """The language of the page asked for: English where the reader chose it, or of the board."""
    return ENGLISH if asked_for(request) else _own_language(request)


def said(request: Request, error: SecretariatError) -> str:
    """What went wrong, in the language of the page."""
    language = language_at(request)
    if not error.facts:
        return language.gettext(str(error))
    facts = {name: _told(fact, language) for name, fact in error.facts.items()}
    return inert(language.phrase(error.words, **facts))


def _told(fact: Any, language: Language) -> Any:
    if isinstance(fact, date):
        return language.day(fact)
    return language.gettext(fact) if isinstance(fact, str) else fact


def asked_for(request: Request) -> str:
    """The query of a page read in English by choice, to be kept on the way to the next."""
    return "?lang=en" if request.query_params.get("lang") == ENGLISH.code else ""


def _own_language(request: Request) -> Language:
    """Of whoever a link was mailed to; where nobody knows, the first their browser asks for."""
    if not request.url.path.startswith("/link/"):
        return ENGLISH
    if reader := getattr(request.state, "reader", None):
        return language_of(reader.language)
    wanted = request.headers.get("accept-language", "").split(",")
    codes = (part.strip()[:2].lower() for part in wanted)
    return next((LANGUAGES[code] for code in codes if code in LANGUAGES), ENGLISH)

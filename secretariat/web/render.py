"""Filling a page: the templates, and what every page knows."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from notifications.rendering import teach
from schemas.acts import Told
from schemas.anchor import Anchor
from schemas.programme import Contact
from secretariat import filetypes, ledger, words
from secretariat.errors import UnreachableError
from secretariat.rights import Right
from secretariat.web import assets, choices, looking, signin, speaking, undoing
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
TEMPLATES.filters["strong"] = Markup("<strong>{}</strong>").format
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
    signed_in = _signed_in(request)
    known = {
        "programme": programme,
        "signed_in": signed_in,
        "factor_needed": getattr(request.state, "factor_needed", False),
        "half_in": _half_in(request),
        "zone": programme.zone,
        "catching": parts.caught is not None and signin.is_let_in(request, Right.READ_CAUGHT),
        "status": status,
        "pages": places(request),
        "theme": choices.theme(request),
        "just_done": undoing.just_done(request) if status == 200 else None,
        **_place(request),
        **speaking.facts(request),
        **looking.facts(request),
    }
    known["live"] = _is_live(request, status) and not known["past"]
    page = TEMPLATES.get_template(template).render(known | facts)
    return HTMLResponse(page, status_code=status, headers={"Vary": "Cookie, Accept-Language"})


def _is_live(request: Request, status: int) -> bool:
    """Whether the page may be asked for again while it is read: a form's answer may not."""
    gotten = request.method == "GET" and status == 200
    return gotten and not request.url.path.startswith(AS_OPENED)


def _place(request: Request) -> dict[str, Any]:
    """Where the reader is, to come back to it; a form's answer has no address of its own."""
    gone = ("at", "did")
    asked = [(name, value) for name, value in request.query_params.items() if name not in gone]
    path, gotten = request.url.path, request.method in ("GET", "HEAD")
    query = f"?{request.url.query}" if request.url.query else ""
    return {
        "path_here": path,
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

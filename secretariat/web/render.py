"""Filling a page: the templates, and what every page knows."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.programme import Contact
from secretariat import words
from secretariat.errors import UnreachableError
from secretariat.web import signin

TEMPLATES = Environment(
    loader=PackageLoader("secretariat", "web/templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


TEMPLATES.filters["name_of_body"] = lambda body, programme: words.name_of(programme, body)


def render(request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
    parts = request.app.state.parts
    programme = parts.office.programme
    page = TEMPLATES.get_template(template).render(
        programme=programme,
        signed_in=_signed_in(request),
        zone=programme.zone,
        catching=parts.caught is not None,
        status=status,
        local=local(programme.zone),
        **facts,
    )
    return HTMLResponse(page, status_code=status)


def _signed_in(request: Request) -> Contact | None:
    """Who is signed in, as far as can be told: a page that says the store is away needs none."""
    try:
        return signin.contact(request)
    except UnreachableError:
        return None


def local(zone: str) -> Any:
    """A filter for instants in the programme's zone: “3 Jan 2019, 10:00”."""

    def words(at: datetime, form: str = "%-d %b %Y, %H:%M") -> str:
        return at.astimezone(ZoneInfo(zone)).strftime(form)

    return words

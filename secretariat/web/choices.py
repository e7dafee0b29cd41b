"""What did the reader choose for this browser? Colours and language, kept without script."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from secretariat.languages import LANGUAGES, Language
from secretariat.rights import Right
from secretariat.web.sessions import is_secure
from secretariat.web.signin import needs

router = APIRouter()
THEMES = ("light", "dark")
Word = Annotated[str, Form(max_length=10)]
Back = Annotated[str, Form(max_length=2000)]
_A_YEAR = 365 * 24 * 3600


def theme(request: Request) -> str:
    """Light or dark; empty if it goes by the device."""
    found = request.cookies.get("theme", "")
    return found if found in THEMES else ""


def language(request: Request) -> Language | None:
    """None if nobody chose one here."""
    return LANGUAGES.get(request.cookies.get("language", ""))


@router.post("/theme", dependencies=[needs(Right.READ_BOARD)])
def choose_theme(request: Request, theme: Word = "", back: Back = "/") -> Response:
    return _kept(request, "theme", theme if theme in THEMES else "", back)


@router.post("/language", dependencies=[needs(Right.READ_BOARD)])
def choose_language(request: Request, language: Word = "", back: Back = "/") -> Response:
    return _kept(request, "language", language if language in LANGUAGES else "", back)


def _kept(request: Request, name: str, value: str, back: str) -> Response:
    """Keep a choice, or forget it if empty, and go back to the page it was made on."""
    response = RedirectResponse(back if _is_ours(back) else "/", 303)
    if value:
        secure = is_secure(request)
        response.set_cookie(
            name, value, max_age=_A_YEAR, httponly=True, samesite="lax", secure=secure
        )
    else:
        response.delete_cookie(name)
    return response


def _is_ours(path: str) -> bool:
    """Browsers take //host, and \\ for /, to lead elsewhere."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path

"""Light or dark? As the reader's device has it, or as they chose; kept without script."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from secretariat.rights import Right
from secretariat.web.sessions import is_secure
from secretariat.web.signin import needs

router = APIRouter()
COOKIE = "theme"
THEMES = ("light", "dark")
_A_YEAR = 365 * 24 * 3600


def chosen(request: Request) -> str:
    """The theme of this browser, empty if it goes by the device."""
    found = request.cookies.get(COOKIE, "")
    return found if found in THEMES else ""


@router.post("/theme", dependencies=[needs(Right.READ_BOARD)])
def choose(
    request: Request,
    theme: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Keep the choice, and go back to the page it was made on."""
    response = RedirectResponse(back if _is_ours(back) else "/", 303)
    if theme in THEMES:
        secure = is_secure(request)
        response.set_cookie(
            COOKIE, theme, max_age=_A_YEAR, httponly=True, samesite="lax", secure=secure
        )
    else:
        response.delete_cookie(COOKIE)
    return response


def _is_ours(path: str) -> bool:
    """Browsers take //host, and \\ for /, to lead elsewhere."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path

"""The page of help: what each word means, and what each role does here."""

from fastapi import APIRouter, Request, Response

from secretariat.rights import Right
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()


@router.get("/help", dependencies=[needs(Right.READ_BOARD)])
def show_help(request: Request) -> Response:
    return render(request, "help.html")

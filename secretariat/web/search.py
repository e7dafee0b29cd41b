"""The page of what was found: one box for everything, in the head of every page."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from schemas.meeting_tables import Document
from secretariat import search
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.web import handing_in, signin
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()


@router.get("/search", dependencies=[needs(Right.READ_BOARD)])
def show_found(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    at: str | None = None,
) -> Response:
    """What has every word of ``q`` in it, now or as it was on a past day."""
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session:
        reads = partial(_reads, request, session)
        found = search.search(session, office.programme, q, reads, language_at(request))
    return render(request, "search.html", q=q, found=found)


def _reads(request: Request, session: Session, document: Document) -> bool:
    papers = signin.may(request, Right.READ_PAPERS)
    return papers and handing_in.reads(request, session, document)

"""The page of one government: what it has, what is asked of it, its turn in the chair."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from secretariat import asked, country, ladder
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.web.looking import looking
from secretariat.web.pages import AT_FIRST
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()


@router.get("/countries/{member}", dependencies=[needs(Right.READ_BOARD)])
def show_country(
    request: Request,
    member: str,
    at: str | None = None,
    show: Annotated[int, Query(ge=1, le=10_000)] = AT_FIRST,
) -> Response:
    """One government now, or at the end of a past day; so many functions of what it has."""
    office: Office = request.app.state.parts.office
    programme = office.programme
    look = looking(request, at)
    with look.store.read() as session:
        seen = country.country(
            session, programme, member, look.now, functions=show, obligations=AT_FIRST
        )
    return render(
        request,
        "country.html",
        seen=seen,
        state=lambda obligation: asked.state(obligation, look.now),
        days_late=ladder.days_late,
    )

"""The page of one government: what it has, what is asked of it, its turn in the chair."""

from fastapi import APIRouter, Request, Response

from secretariat import asked, country, ladder
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()


@router.get("/countries/{member}", dependencies=[needs(Right.READ_BOARD)])
def show_country(request: Request, member: str, at: str | None = None) -> Response:
    """One government now, or at the end of a past day."""
    office: Office = request.app.state.parts.office
    programme = office.programme
    look = looking(request, at)
    with look.store.read() as session:
        seen = country.country(session, programme, member, look.now)
    return render(
        request,
        "country.html",
        seen=seen,
        state=lambda obligation: asked.state(obligation, look.now),
        days_late=ladder.days_late,
    )

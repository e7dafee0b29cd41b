"""The chair: its troika with what each may do, the line of turns, and how a turn is given away."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import col

from schemas.tables import Entry
from schemas.turn_acts import AcceptSwap, DeclineSwap, OfferSwap, PassTurn
from secretariat import board, chair, closeup
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.errors import BadInputError
from secretariat.rights import Right
from secretariat.typed import checked
from secretariat.web import signin
from secretariat.web.forms import ACTS, do, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()


@router.get("/chair", dependencies=[needs(Right.READ_BOARD)])
def show_chair(request: Request, at: str | None = None) -> Response:
    """Who chairs, who did and who will; also at a past day."""
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session:
        found = board.chair(session)
        history = closeup.history(session, col(Entry.kind).startswith("chair."))
        seen = chair.seen(session, office.programme)
    by = signin.contact(request)
    return render(
        request,
        "chair.html",
        chair=found,
        history=history,
        seen=seen,
        own=lambda code: by is not None and office.programme.task_force(code) == by.body,
        rights=chair.RIGHTS,
        steers=by is not None and by.body == office.steward,
    )


@router.post("/chair", dependencies=[needs(Right.ACT)])
async def act_on_turn(request: Request) -> Response:
    """Pass a turn, offer it for another's, or answer such an offer."""
    act = checked(ACTS.validate_python, await sent(request))
    if not isinstance(act, PassTurn | OfferSwap | AcceptSwap | DeclineSwap):
        raise BadInputError(marked("Choose one of the acts on the page. Nothing was changed."))
    return await run_in_threadpool(do, request, act, "/chair")

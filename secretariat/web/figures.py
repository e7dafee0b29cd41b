"""What is known in figures, with its sources; and how a figure or a stage is handed in."""

from collections import defaultdict
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool

from schemas.figure_acts import ReportStage, StateFigure, WithdrawFigure
from schemas.figures import FigureSeen
from secretariat import figures
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.typed import act_from
from secretariat.web import signin
from secretariat.web.forms import do, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/figures"


@router.get(PAGE, dependencies=[needs(Right.READ_BOARD)])
def show_figures(request: Request, at: str | None = None) -> Response:
    """Every figure with where it is said, by function; what contradicts itself comes first."""
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session:
        found = figures.figures(session, office.programme)
    own: dict[str, list[FigureSeen]] = defaultdict(list)
    for figure in found:
        own[figure.function].append(figure)
    by_function = [
        (function, figures.by_indicator(own[function.slug]))
        for function in office.programme.functions
        if own[function.slug]
    ]
    return render(
        request,
        "figures.html",
        by_function=by_function,
        count=len(found),
        contradicting=[figure for figure in found if figure.contradictions],
        mine=_may_withdraw(request, office),
    )


def _may_withdraw(request: Request, office: Office) -> Any:
    """Which statements whoever is signed in may take back."""
    by = signin.contact(request)
    steward = office.steward
    return lambda statement: by is not None and by.body in (statement.by, steward)


@router.post(PAGE, dependencies=[needs(Right.ACT)])
async def state_figure(request: Request) -> Response:
    """State a figure: its parts as ``part.women``, what it counts as members' codes."""
    form = await sent(request)
    parts = {name.partition(".")[2]: form.pop(name) for name in list(form) if name[:5] == "part."}
    form |= {name: form[name].split() for name in ("counts", "missing") if name in form}
    act = act_from(StateFigure, **form, parts=parts)
    return await run_in_threadpool(do, request, act, f"{PAGE}#{act.indicator}")


@router.post("/figures/withdraw", dependencies=[needs(Right.ACT)])
def withdraw(
    request: Request, statement: Annotated[str, Form()], reason: Annotated[str, Form()]
) -> Response:
    act = act_from(WithdrawFigure, statement=statement, reason=reason)
    return do(request, act, f"{PAGE}#{statement.partition('/')[0]}")


@router.post("/stages", dependencies=[needs(Right.ACT)])
async def report_stage(request: Request) -> Response:
    """Say how far a receiver is with a stage."""
    act = act_from(ReportStage, **await sent(request))
    page = f"/functions/{quote(act.function)}#{quote(act.strand)}"
    return await run_in_threadpool(do, request, act, page)

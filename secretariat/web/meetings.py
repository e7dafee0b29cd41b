"""The page of a meeting, its pack, and what one does there. Reading changes nothing."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlmodel import col, select

from schemas.meeting_acts import ObjectToStatement
from schemas.tables import Som
from secretariat import asked, board, meeting, meeting_words
from secretariat.commands import filing
from secretariat.commands.office import Office
from secretariat.dossier import pack_of
from secretariat.dossier.files import Form as Kind
from secretariat.readmodels import row
from secretariat.rights import Right
from secretariat.typed import act_from
from secretariat.web import handing_in, signin
from secretariat.web.dossiers import printed
from secretariat.web.forms import act_on, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()


@router.get("/meetings", dependencies=[needs(Right.READ_BOARD)])
def show_meetings(request: Request, at: str | None = None) -> Response:
    """Every meeting there is or was, the ones to come first."""
    look = looking(request, at)
    with look.store.read() as session:
        closed = select(Som).where(col(Som.closed_at).is_not(None))
        held = list(session.exec(closed.order_by(col(Som.closed_at).desc())))
        coming = board.meetings(session, look.day)
    return render(
        request,
        "meetings.html",
        coming=coming,
        held=held,
    )


@router.get("/meetings/{name}", dependencies=[needs(Right.READ_BOARD)])
def show_meeting(request: Request, name: str, at: str | None = None) -> Response:
    """One meeting, now or at the end of a past day: facts, both plans, agenda, papers, minutes."""
    office: Office = request.app.state.parts.office
    programme = office.programme
    look, language = looking(request, at), language_at(request)
    with look.store.read() as session:
        seen = meeting.meeting(session, programme, name, look.now, language)
    return render(
        request,
        "meeting.html",
        seen=seen,
        steers=signin.may(request, Right.STEER) and not look.past,
        reads_papers=signin.may(request, Right.READ_PAPERS),
        sees_names=_sees_names(request, seen.som),
        begun=seen.anchor.first <= look.day,
        days=(seen.anchor.day - look.day).days,
        statement_words=lambda one: meeting_words.statement(programme, one, language),
        delegation_words=lambda one: meeting_words.delegation(programme, one, language),
        state=lambda obligation: asked.state(obligation, look.now),
    )


@router.post("/meetings/{name}", dependencies=[needs(Right.ACT)])
async def act_on_meeting(request: Request, name: str) -> Response:
    """One act on a meeting by whoever is signed in and steers, or a look at what it would do."""
    form = await sent(request)
    return await run_in_threadpool(act_on, request, "som", name, form, f"/meetings/{name}")


@router.get("/meetings/{name}/pack.pdf", dependencies=[needs(Right.READ_PAPERS)])
def show_pack(request: Request, name: str, at: str | None = None) -> Response:
    """The agenda pack, to download. It has papers in it, so it is for who has signed in."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session, office.store.read() as present:
        made = pack_of(
            session,
            office.programme,
            name,
            moment,
            files=present,
            reads=partial(handing_in.reads, request, present),
        )
    return printed(made, Kind.PDF)


@router.get("/meetings/{name}/delegates.csv", dependencies=[needs(Right.READ_NAMES)])
def show_delegates(request: Request, name: str) -> Response:
    """Who comes, for a spreadsheet; for the secretariat, the chair and the host."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        if not _sees_names(request, row(session, Som, name)):
            signin.hide(request, Som, name)
        seen = meeting.meeting(session, office.programme, name, office.clock.now())
    told = meeting_words.delegates_csv(office.programme, seen)
    headers = {"Content-Disposition": f'attachment; filename="delegates-{name}.csv"'}
    return Response(told, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/meetings/{name}/object", dependencies=[needs(Right.ACT)])
def object_to_statement(
    request: Request, name: str, statement: Annotated[str, Form()], reason: Annotated[str, Form()]
) -> Response:
    """The government of whoever is signed in breaks the silence on a draft."""
    by = signin.acting(request)
    office: Office = request.app.state.parts.office
    act = act_from(ObjectToStatement, statement=statement, reason=reason)
    office.do(act, by=by.body, contact=by.slug)
    return RedirectResponse(f"/meetings/{name}", 303)


@router.post("/meetings/{name}/forget", dependencies=[needs(Right.STEER)])
def forget_names(request: Request, name: str) -> Response:
    """Erase everybody who was named for a meeting; the ledger has only counts and stays."""
    signin.steering(request)
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        row(session, Som, name)
        filing.forget_all(session, name)
    return RedirectResponse(f"/meetings/{name}", 303)


def _sees_names(request: Request, som: Som) -> bool:
    """Names of people are for those who prepare the meeting, and its host is one of them."""
    host = request.app.state.parts.office.programme.task_force(som.host)
    return signin.may(request, Right.READ_NAMES, host)

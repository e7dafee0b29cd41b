"""The pages of what is asked: everything, late first, and one obligation with what one may do."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from schemas.tables import Obligation
from secretariat import asked, board, ladder, rights
from secretariat.commands import auditing
from secretariat.commands.office import Desk, Office
from secretariat.ownership import ENGINE
from secretariat.rights import Right
from secretariat.web import links, return_form, signin
from secretariat.web.forms import act_on, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()
MOST = 500


@router.get("/obligations", dependencies=[needs(Right.READ_BOARD)])
def show_obligations(
    request: Request, body: str = "", done: bool = False, at: str | None = None
) -> Response:
    """Who is asked what, the latest first; of one body, or what is done; also at a past day."""
    office: Office = request.app.state.parts.office
    look = looking(request, at)
    steers = signin.may(request, Right.STEER) and not look.past
    with look.store.read() as session:
        found = asked.asked(session, body=body, done=done, most=MOST)
        count = asked.count(session, body=body, done=done)
        gaps = auditing.audit(session, office.programme, look.now) if steers else []
    return render(
        request,
        "obligations.html",
        found=found,
        count=count,
        gaps=[gap for gap in gaps if not body or gap.body == body],
        state=lambda o: asked.state(o, look.now),
        body=body,
        done=done,
        days_late=ladder.days_late,
    )


@router.get("/obligations/{key:path}", dependencies=[needs(Right.READ_BOARD)])
def show_obligation(request: Request, key: str, at: str | None = None) -> Response:
    """One obligation: its days, its ladder with the mails' outcomes, and what one may do."""
    return obligation_page(request, key, at=at)


def obligation_page(
    request: Request, key: str, status: int = 200, *, at: str | None = None, **typed: Any
) -> Response:
    """The same with what was just typed into the form of its figures; at a past day, to read."""
    office: Office = request.app.state.parts.office
    look = looking(request, at)
    now, by = look.now, signin.contact(request)
    acting = None if look.past else by
    with look.store.read() as session, office.store.read() as present:
        seen = asked.obligation(
            session, office.programme, key, now, present=present if look.past else None
        )
        desk = Desk(session, office.programme, now, ENGINE)
        reader = acting.body if acting else ""
        figures = return_form.of(desk, seen.obligation, reader, language_at(request), **typed)
        handed_in = links.handed_in(session, office.programme, seen.obligation)
        work = desk.calendar(seen.obligation.body)
    return render(
        request,
        "promise.html",
        status=status,
        figures=figures,
        seen=seen,
        state=asked.state(seen.obligation, now),
        acts=seen.possible(acting.body, office.programme) if acting else [],
        hands_in=acting is not None and acting.body in _may(office, seen.obligation),
        **handed_in,
        reads_mails=signin.over(request, Right.READ_MAILS) is rights.ALL,
        acknowledge_on=work.last_day(seen.obligation.acknowledge_by),
        now=now,
        today=board.today(office.programme, now),
        days_late=ladder.days_late,
    )


@router.post("/obligations/{key:path}", dependencies=[needs(Right.ACT)])
async def act_on_obligation(request: Request, key: str) -> Response:
    """One act on an obligation by whoever is signed in, or a look at what it would do."""
    form = await sent(request)
    return await run_in_threadpool(act_on, request, "obligation", key, form)


def _may(office: Office, obligation: Obligation) -> set[str]:
    """Who may hand something in with an obligation, and sees the names in it."""
    return {obligation.body, office.programme.secretariat, office.programme.chair}

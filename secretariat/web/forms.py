"""What people do: each POST hands one act to the office."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from schemas.acts import Acknowledge, Act, Done, PrepareSom, RunFlow
from schemas.tables import Link, Obligation
from secretariat import board
from secretariat.commands.office import Office
from secretariat.errors import ConflictError
from secretariat.installation import forward
from secretariat.moments import morning_of
from secretariat.timers import next_due
from secretariat.typed import act_from
from secretariat.web import signin
from secretariat.web.pages import opened

router = APIRouter()
Text = Annotated[str, Form()]


@router.post("/link/{token}")
def use_link(
    request: Request, token: str, done: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Do the one act a mailed link stands for, or sign in with it."""
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        link = opened(request, session, token)
        if link.purpose == "sign-in":
            response = RedirectResponse("/", 303)
            signin.begin(request, session, link, response)
            return response
        _spend(office, session.get(Obligation, link.object), link)
    contact = office.programme.contact(link.contact)
    assert contact
    act: Act = (
        Done(obligation=link.object, note=done) if done else Acknowledge(obligation=link.object)
    )
    office.do(act, by=contact.body, key=f"link:{link.id}", contact=contact.slug)
    return RedirectResponse(f"/link/{token}", 303)


def _spend(office: Office, obligation: Obligation | None, link: Link) -> None:
    """Mark the link used. Raises ConflictError if it was, or if there is nothing left to do."""
    if obligation and (at := obligation.done_at or obligation.acknowledged_at):
        who = obligation.done_by or obligation.acknowledged_by or ""
        body = office.programme.body(who)
        raise ConflictError(
            f"This was already {'done' if obligation.done_at else 'acknowledged'} by "
            f"{body.name if body else who} on {at:%d %B %Y, %H:%M} UTC. Nothing was changed."
        )
    if link.used_at:
        raise ConflictError(f"This link was used on {link.used_at:%d %B %Y, %H:%M} UTC.")
    link.used_at, link.used_as = office.clock.now(), link.contact


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    response = RedirectResponse("/", 303)
    with request.app.state.parts.office.store.write() as session:
        signin.end(request, session, response)
    return response


@router.post("/som")
def prepare_som(request: Request, som: Text, host: Text, on: Text) -> Response:
    """Plan a meeting and start the flow that prepares it."""
    by = signin.steering(request)
    return _start(request, PrepareSom, by.body, by.slug, som=som.strip(), host=host, on=on.strip())


@router.post("/run")
def run_flow(request: Request, function: Text, cycle: Annotated[str, Form()] = "") -> Response:
    by = signin.steering(request)
    return _start(
        request, RunFlow, by.body, by.slug, function=function, cycle=cycle.strip() or None
    )


@router.post("/clock")
def move_clock(request: Request, to: Annotated[str, Form()] = "") -> Response:
    """In a demo: go on to the next reminder, or to a moment."""
    signin.steering(request)
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        timer = next_due(session)
    if to:
        target = morning_of(to, office.programme.zone)
    elif timer:
        target = timer.due_at
    else:
        raise ConflictError("Nothing is waiting for its time.")
    forward(office, target)
    return RedirectResponse("/", 303)


def _start(
    request: Request, kind: type[PrepareSom | RunFlow], by: str, contact: str, **words: Any
) -> Response:
    office: Office = request.app.state.parts.office
    office.do(act_from(kind, **words), by=by, contact=contact)
    with office.store.read() as session:
        latest = board.runs(session, 1)[0]
    return RedirectResponse(f"/runs/{latest.key.replace('#', '%23')}", 303)

"""What people do: each POST hands one act to the office."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter

from notifications.outbox import write_due
from schemas.acts import (
    Accept,
    Acknowledge,
    Act,
    AnyAct,
    Decline,
    Done,
    PrepareSom,
    Review,
    RunFlow,
)
from schemas.tables import Link, Obligation
from secretariat import runs
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, ConflictError
from secretariat.installation import forward
from secretariat.moments import morning_of
from secretariat.timers import next_due
from secretariat.typed import act_from, checked
from secretariat.web import signin
from secretariat.web.pages import contact_of, opened
from secretariat.web.render import render
from secretariat.words import name_of

router = APIRouter()
Text = Annotated[str, Form()]


@router.post("/link/{token}")
def use_link(
    request: Request,
    token: str,
    done: Annotated[str, Form(max_length=2000)] = "",
    answer: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Do the one act a mailed link stands for, or sign in with it."""
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        link = opened(request, session, token)
        if link.purpose == "sign-in":
            response = RedirectResponse("/", 303)
            signin.begin(request, session, link, response)
            return response
    act = _answer(link, answer, words) if link.purpose == "holding" else _asked(link, done)
    contact = contact_of(office, link.contact)
    signin.check_in_office(office, contact)
    done_now = office.do(act, by=contact.body, key=f"link:{link.id}", contact=contact.slug)
    with office.store.write() as session:
        used = session.get_one(Link, link.id)
        if not done_now:
            raise ConflictError(_already(office, session.get(Obligation, link.object), used))
        used.used_at, used.used_as = office.clock.now(), link.contact
    return RedirectResponse(f"/link/{token}", 303)


def _already(office: Office, obligation: Obligation | None, link: Link) -> str:
    """Why the act of a link changed nothing."""
    if obligation and (at := obligation.done_at or obligation.acknowledged_at):
        who = obligation.done_by or obligation.acknowledged_by or ""
        what = "done" if obligation.done_at else "acknowledged"
        name = name_of(office.programme, who)
        return (
            f"This was already {what} by {name} on {at:%d %B %Y, %H:%M} UTC. Nothing was changed."
        )
    used = f"on {link.used_at:%d %B %Y, %H:%M} UTC" if link.used_at else "just now"
    return f"This link was used {used}. Nothing was changed."


def _asked(link: Link, done: str) -> Act:
    """What a link to an obligation does."""
    return Done(obligation=link.object, note=done) if done else Acknowledge(obligation=link.object)


def _answer(link: Link, answer: str, words: str) -> Act:
    """What a link to a holding does: it answers an offer or a review."""
    match answer:
        case "accept":
            return act_from(Accept, holding=link.object)
        case "decline":
            return act_from(Decline, holding=link.object, reason=words)
        case "performed" | "not-performed":
            performed = answer == "performed"
            note = words or ("still performed" if performed else "")
            return act_from(Review, holding=link.object, performed=performed, note=note)
        case _:
            raise BadInputError("Choose one of the answers on the page. Nothing was changed.")


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    response = RedirectResponse("/", 303)
    with request.app.state.parts.office.store.write() as session:
        signin.end(request, session, response)
    return response


ACTS: TypeAdapter[Act] = TypeAdapter(AnyAct)


@router.post("/holdings/{key:path}")
async def act_on_holding(request: Request, key: str) -> Response:
    """One act on a holding by whoever is signed in, or a look at what it would do."""
    sent = (await request.form()).items()
    form = {name: value for name, value in sent if value and isinstance(value, str)}
    return await run_in_threadpool(_on_holding, request, key, form)


def _on_holding(request: Request, key: str, form: dict[str, Any]) -> Response:
    parts = request.app.state.parts
    office: Office = parts.office
    by = signin.acting(request)
    looking = form.pop("preview", None)
    if form.get("act") == "waive":
        form["items"] = [form.pop("item", "")]
    act = checked(ACTS.validate_python, {**form, "holding": key})
    if not looking:
        office.do(act, by=by.body, contact=by.slug)
        return RedirectResponse(f"/holdings/{quote(key, safe='/@')}", 303)
    seen = office.preview(act, by=by.body, contact=by.slug, look=parts.composer.look)
    return render(request, "preview.html", key=key, form=form, act=act, seen=seen)


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
    composer = request.app.state.parts.composer
    forward(office, target, lambda: write_due(office.store, composer, office.clock.now()))
    return RedirectResponse("/", 303)


def _start(
    request: Request, kind: type[PrepareSom | RunFlow], by: str, contact: str, **words: Any
) -> Response:
    office: Office = request.app.state.parts.office
    act = act_from(kind, **words)
    office.do(act, by=by, contact=contact)
    with office.store.read() as session:
        latest = runs.alike(session, *act.run)[0]
    return RedirectResponse(f"/runs/{latest.key.replace('#', '%23')}", 303)

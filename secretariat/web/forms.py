"""What people do: each POST hands one act to the office."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter

from notifications.outbox import write_due
from schemas.act import Act
from schemas.acts import (
    AnyAct,
    PrepareSom,
    RunFlow,
    Unsuspend,
)
from secretariat import runs
from secretariat.catalogues import marked
from secretariat.commands import auditing
from secretariat.commands.office import Office
from secretariat.errors import ConflictError
from secretariat.installation import forward
from secretariat.moments import morning_of
from secretariat.rights import Right
from secretariat.timers import next_due
from secretariat.typed import act_from, checked
from secretariat.web import signin, undoing
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()
Text = Annotated[str, Form()]


ACTS: TypeAdapter[Act] = TypeAdapter(AnyAct)


@router.post("/holdings/{key:path}", dependencies=[needs(Right.ACT)])
async def act_on_holding(request: Request, key: str) -> Response:
    """One act on a holding by whoever is signed in, or a look at what it would do."""
    form = await sent(request)
    if form.get("act") == "waive":
        form["items"] = [form.pop("item", "")]
    return await run_in_threadpool(act_on, request, "holding", key, form)


async def sent(request: Request) -> dict[str, Any]:
    """What a form says, without what was left empty."""
    fields = (await request.form()).items()
    return {name: value for name, value in fields if value and isinstance(value, str)}


def do(request: Request, act: Act, page: str) -> Response:
    """One act of whoever is signed in; then the page it was asked for on, or follows on."""
    by = signin.acting(request, act)
    office: Office = request.app.state.parts.office
    events = office.do(act, by=by.body, contact=by.slug)
    with office.store.read() as session:
        return RedirectResponse(undoing.page_after(session, page, events, by.body), 303)


def act_on(request: Request, what: str, key: str, form: dict[str, Any], page: str = "") -> Response:
    """Do the act of a form on a holding, a mail or a meeting, or show what it would do."""
    parts = request.app.state.parts
    office: Office = parts.office
    signin.acting(request)
    looking = form.pop("preview", None)
    act = checked(ACTS.validate_python, {**form, what: key})
    by = signin.acting(request, act)
    page = page or f"/{what}s/{quote(key, safe='/@')}"
    if not looking:
        return do(request, act, page)
    look = partial(parts.composer.look, language=language_at(request))
    seen = office.preview(act, by=by.body, contact=by.slug, look=look)
    return render(request, "preview.html", page=page, form=form, act=act, seen=seen)


@router.post("/som", dependencies=[needs(Right.STEER)])
def prepare_som(
    request: Request, som: Text, host: Text, on: Text, venue: Annotated[str, Form()] = ""
) -> Response:
    """Plan a meeting and start the flow that prepares it."""
    by = signin.steering(request)
    said = {"som": som.strip(), "host": host, "on": on.strip(), "venue": venue.strip() or None}
    return _start(request, PrepareSom, by.body, by.slug, **said)


@router.post("/run", dependencies=[needs(Right.STEER)])
def run_flow(request: Request, function: Text, cycle: Annotated[str, Form()] = "") -> Response:
    by = signin.steering(request)
    return _start(
        request, RunFlow, by.body, by.slug, function=function, cycle=cycle.strip() or None
    )


@router.post("/unsuspend", dependencies=[needs(Right.STEER)])
def unsuspend(request: Request, contact: Text) -> Response:
    """Somebody has seen to it that mail to a post arrives again."""
    by = signin.steering(request)
    office: Office = request.app.state.parts.office
    office.do(act_from(Unsuspend, which=contact), by=by.body, contact=by.slug)
    return RedirectResponse("/", 303)


@router.post("/clock", dependencies=[needs(Right.STEER)])
def move_clock(request: Request, to: Annotated[str, Form()] = "") -> Response:
    """In a demo: go on to the next reminder, or to a moment."""
    signin.steering(request)
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        timer = next_due(session, but=auditing.KIND)
    if to:
        target = morning_of(to, office.programme.zone)
    elif timer:
        target = timer.due_at
    else:
        raise ConflictError(marked("Nothing is waiting for its time."))
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

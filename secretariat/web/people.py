"""The page of people: who holds each post, who stands in, and how that is changed."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from schemas.people import PersonIn
from secretariat import board, people
from secretariat.catalogues import marked
from secretariat.commands import posts
from secretariat.commands.office import Desk, Office
from secretariat.errors import BadInputError
from secretariat.rights import Right
from secretariat.typed import checked
from secretariat.web import signin
from secretariat.web.forms import act_on, sent
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/people"
ACTS = ("hold-post", "be-absent", "be-back")


@router.get(PAGE, dependencies=[needs(Right.READ_ADDRESSES)])
def show_people(request: Request, at: str | None = None) -> Response:
    """Every post by body, for those who take part, with its mailbox; at a past day, to read."""
    office: Office = request.app.state.parts.office
    look, by = looking(request, at), signin.check(request, Right.READ_ADDRESSES)
    with look.store.read() as session, office.store.read() as present:
        found = people.seen(Desk(session, office.programme, look.now, by.body), present)
    return render(
        request,
        "people.html",
        bodies=[
            (body, [each for each in found if each.post.body == body.slug])
            for body in office.programme.bodies
        ],
        steers=signin.may(request, Right.STEER) and not look.past,
        may=lambda post: (
            not look.past
            and signin.may(request, Right.ACT)
            and by.body in (post.body, office.steward)
        ),
        first_day=board.today(office.programme, office.clock.now()).isoformat(),
    )


@router.post(PAGE, dependencies=[needs(Right.ACT)])
async def act_on_post(request: Request) -> Response:
    """Change who holds a post or stands in for it, or look at what that would do."""
    form = await sent(request)
    if form.get("act") not in ACTS:
        raise BadInputError(marked("Choose one of the acts on the page. Nothing was changed."))
    return await run_in_threadpool(act_on, request, "post", form.get("post", ""), form, PAGE)


@router.post(f"{PAGE}/new", dependencies=[needs(Right.STEER)])
async def add_person(request: Request) -> Response:
    """Know one more person, outside the ledger."""
    form = await sent(request)
    person = checked(PersonIn.model_validate, form)
    return await run_in_threadpool(_keep, request, person)


def _keep(request: Request, person: PersonIn) -> Response:
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        posts.keep(session, person)
    return RedirectResponse(PAGE, 303)

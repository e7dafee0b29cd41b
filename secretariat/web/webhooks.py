"""Where the operator lets other programs be told what happens here."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from notifications.webhooks import Courier
from schemas.programme import Contact
from schemas.webhook_tables import Webhook
from secretariat import webhooks
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.errors import BadInputError
from secretariat.factors import Seal
from secretariat.readmodels import row
from secretariat.rights import Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/webhooks"


@router.get(PAGE, dependencies=[needs(Right.ADMINISTER)])
def show_webhooks(request: Request) -> Response:
    """Every hook: where it leads, what it is told, and what became of the last try."""
    return _page(request)


@router.post(PAGE, dependencies=[needs(Right.ADMINISTER)])
def add_webhook(
    request: Request,
    url: Annotated[str, Form(max_length=2000)],
    kinds: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """A hook for what happens from now on; its secret is shown this once."""
    by = _operator(request)
    settings, office = request.app.state.parts.settings, _office(request)
    wanted = kinds.replace(",", " ").split()
    with office.store.write() as session:
        hook, secret = webhooks.add(
            session, Seal(settings.factor_key), url.strip(), wanted,
            own_hosts=settings.own_hosts, by=by.slug, now=sessions.now(),
        )  # fmt: skip
    signin.log.warning("%s: webhook %s is told what happens", by.slug, hook.id)
    return _page(request, added=hook, secret=secret)


@router.post(f"{PAGE}/{{number:int}}", dependencies=[needs(Right.ADMINISTER)])
def act_on_webhook(
    request: Request,
    number: Annotated[int, Path(ge=1, lt=2**31)],
    act: Annotated[str, Form(max_length=20)],
) -> Response:
    """Send it a test, switch it on again, or remove it."""
    by, office = _operator(request), _office(request)
    with office.store.write() as session:
        hook = row(session, Webhook, number)
        match act:
            case "test":
                pass
            case "switch-on":
                webhooks.switch_on(hook)
            case "remove":
                session.delete(hook)
            case _:
                raise BadInputError(
                    marked("Choose one of the acts on the page. Nothing was changed.")
                )
    signin.log.warning("%s: %s for webhook %s", by.slug, act, hook.id)
    if act == "test":
        tested = Courier(office, request.app.state.parts.settings).test(hook)
        return _page(request, tested=tested, hook=hook)
    return RedirectResponse(PAGE, 303)


def _operator(request: Request) -> Contact:
    by = signin.check(request, Right.ADMINISTER)
    signin.check_factor(request)
    return by


def _office(request: Request) -> Office:
    office: Office = request.app.state.parts.office
    return office


def _page(request: Request, **news: Any) -> Response:
    with _office(request).store.read() as session:
        found = [(hook, webhooks.waiting(session, hook)) for hook in webhooks.everyone(session)]
    shown: dict[str, Any] = {"added": None, "tested": None, "hook": None} | news
    return render(request, "webhooks.html", hooks=found, kinds=webhooks.KINDS, **shown)

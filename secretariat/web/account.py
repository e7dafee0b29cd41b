"""One's own account: where one is signed in, and with what besides the mailbox."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from schemas.account_tables import SignedIn
from schemas.scope import Scope
from secretariat import rights
from secretariat.catalogues import marked
from secretariat.commands.account_news import Change, tell
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, NotAllowedError, UnknownError
from secretariat.rights import Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.sessions import Known
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/account"
NOTHING: list[Scope] = []
FOR_NOTHING = marked("Choose what the token is for. Nothing was changed.")


@router.get(PAGE, dependencies=[needs(Right.HAVE_ACCOUNT)])
def show_account(request: Request) -> Response:
    found = signin.known(request)
    assert found, "the route needs an account"
    return _page(request, found)


def _page(request: Request, found: Known, token: str = "") -> Response:
    with request.app.state.parts.office.store.read() as session:
        running = sessions.of_contact(session, found.contact.slug)
    return render(
        request, "account.html", me=found.contact, role=found.role, running=running,
        this=found.session.id, idle=sessions.IDLE.seconds // 60, token=token,
        offered=rights.scopes_for(found.role),
    )  # fmt: skip


@router.post(f"{PAGE}/token", dependencies=[needs(Right.HAVE_ACCOUNT)])
def make_token(
    request: Request,
    days: Annotated[int, Form(ge=1, le=366)],
    scopes: Annotated[list[Scope], Form(max_length=len(Scope))] = NOTHING,
) -> Response:
    """A token for a program of one's own, shown this once; programs make none for themselves."""
    found = signin.known(request)
    assert found, "the route needs an account"
    if found.session.kind == "program":
        raise NotAllowedError(marked("A program makes no tokens. Nothing was changed."))
    if found.session.wants_factor:
        signin.check_factor(request)
    if not scopes:
        raise BadInputError(FOR_NOTHING)
    office: Office = request.app.state.parts.office
    with office.store.write() as session:
        token = sessions.admit(office, session, found.contact, timedelta(days=days), scopes)
        tell(office, session, found.contact, Change.TOKEN_MADE, sessions.now())
    signin.log.info("%s made a token to %s", found.contact.slug, ", ".join(scopes))
    return _page(request, found, token)


@router.post(f"{PAGE}/sessions/end", dependencies=[needs(Right.HAVE_ACCOUNT)])
def end_session(request: Request, session_id: Annotated[str, Form(max_length=64)]) -> Response:
    """End one of one's own sessions, such as that of a browser left somewhere."""
    found = signin.known(request)
    assert found, "the route needs an account"
    with request.app.state.parts.office.store.write() as session:
        row = session.get(SignedIn, session_id)
        if row is None or row.contact != found.contact.slug:
            raise UnknownError(marked("There is no such session. Nothing was changed."))
        session.delete(row)
    return RedirectResponse(PAGE if row.id != found.session.id else "/", 303)


@router.post(f"{PAGE}/sign-out-everywhere", dependencies=[needs(Right.HAVE_ACCOUNT)])
def sign_out_everywhere(request: Request) -> Response:
    """End every session and token of the contact, this one too."""
    found = signin.known(request)
    assert found, "the route needs an account"
    response = RedirectResponse("/", 303)
    with request.app.state.parts.office.store.write() as session:
        sessions.end(request, session, response)
        sessions.end_all(session, found.contact.slug)
    return response

"""One's own account: where one is signed in, and with what besides the mailbox."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from schemas.account_tables import SignedIn
from secretariat.errors import UnknownError
from secretariat.rights import Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/account"


@router.get(PAGE, dependencies=[needs(Right.HAVE_ACCOUNT)])
def show_account(request: Request) -> Response:
    found = signin.known(request)
    assert found, "the route needs an account"
    with request.app.state.parts.office.store.read() as session:
        running = sessions.of_contact(session, found.contact.slug)
    return render(
        request, "account.html", me=found.contact, role=found.role, running=running,
        this=found.session.id, idle=sessions.IDLE.seconds // 60,
    )  # fmt: skip


@router.post(f"{PAGE}/sessions/end", dependencies=[needs(Right.HAVE_ACCOUNT)])
def end_session(request: Request, session_id: Annotated[str, Form(max_length=64)]) -> Response:
    """End one of one's own sessions, such as that of a browser left somewhere."""
    found = signin.known(request)
    assert found, "the route needs an account"
    with request.app.state.parts.office.store.write() as session:
        row = session.get(SignedIn, session_id)
        if row is None or row.contact != found.contact.slug:
            raise UnknownError("There is no such session. Nothing was changed.")
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

"""Does mail leave? A test mail to oneself, and what the mail server said of each."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import col, select

from schemas.tables import Mail
from secretariat.commands.mails import UNSENT
from secretariat.commands.office import Office
from secretariat.commands.reach import TEST
from secretariat.commands.signing_in import own_mailbox
from secretariat.commands.trying_mail import mail_a_test
from secretariat.rights import Right
from secretariat.web import signin
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/mail/test"
SHOWN = 10


@router.get(PAGE, dependencies=[needs(Right.SET_UP)])
def show_tests(request: Request) -> Response:
    """The last test mails of whoever is signed in, each with its outcome, newest first."""
    parts = request.app.state.parts
    office: Office = parts.office
    by = signin.check(request, Right.SET_UP)
    query = select(Mail).where(Mail.template == TEST, Mail.contact == by.slug)
    with office.store.read() as session:
        found = session.exec(query.order_by(col(Mail.id).desc()).limit(SHOWN)).all()
        address = own_mailbox(session, office, by)
    return render(
        request,
        "trying_mail.html",
        mails=found,
        on_its_way=bool(found) and found[0].state in (*UNSENT, "sending"),
        address=address,
        way=parts.health().get("Mail", ""),
    )


@router.post(PAGE, dependencies=[needs(Right.SET_UP)])
def send_test(request: Request) -> Response:
    """Ask for one more; the page then says what becomes of it."""
    mail_a_test(request.app.state.parts.office, signin.check(request, Right.SET_UP))
    return RedirectResponse(PAGE, 303)

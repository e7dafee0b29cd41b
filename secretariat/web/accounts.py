"""What the operator looks after: who can come in and how, and the keys links are signed with."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from schemas.account_tables import ClosedAccount, SecondFactor
from schemas.acts import RevokeLinks
from schemas.programme import Contact
from secretariat import factors
from secretariat.catalogues import marked
from secretariat.commands import posts
from secretariat.commands.account_news import Change, tell
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, UnknownError
from secretariat.factors import Owner
from secretariat.keys import add_key
from secretariat.rights import Right, Role
from secretariat.typed import act_from
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/accounts"


@dataclass(frozen=True)
class Account:
    """A contact as the operator sees it."""

    contact: Contact
    role: Role
    person: str
    sessions: int
    factors: list[SecondFactor]
    closed: bool


@router.get(PAGE, dependencies=[needs(Right.ADMINISTER)])
def show_accounts(request: Request) -> Response:
    """Every contact: its role now, where it is signed in, with what, and whether it may."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        found = [_account(office, session, contact) for contact in office.programme.contacts]
    return render(request, "accounts.html", accounts=found)


def _account(office: Office, session: Session, contact: Contact) -> Account:
    person = posts.holder(session, contact.slug, office.clock.now())
    owner = Owner(contact.slug, person.slug if person else None)
    return Account(
        contact=contact,
        role=sessions.role_now(office, session, contact),
        person=person.name if person else "",
        sessions=len(sessions.of_contact(session, contact.slug)),
        factors=factors.of(session, owner),
        closed=sessions.is_closed(session, contact.slug),
    )


@router.post(PAGE, dependencies=[needs(Right.ADMINISTER)])
def act_on_account(
    request: Request,
    contact: Annotated[str, Form(max_length=100)],
    act: Annotated[str, Form(max_length=20)],
) -> Response:
    """End its sessions, forget its factors, close it or open it again; each ends its sessions."""
    by = signin.check(request, Right.ADMINISTER)
    signin.check_factor(request)
    office: Office = request.app.state.parts.office
    found = office.programme.contact(contact)
    if found is None:
        raise UnknownError(
            marked("There is no contact “{contact}” in the programme."), contact=contact
        )
    with office.store.write() as session:
        closed = session.get(ClosedAccount, contact)
        match act:
            case "sign-out":
                pass
            case "forget-factors":
                factors.forget_all(session, contact)
                tell(office, session, found, Change.FACTOR_REMOVED, sessions.now())
            case "close" if contact != by.slug:
                session.merge(ClosedAccount(contact=contact, closed_at=sessions.now(), by=by.slug))
            case "open" if closed:
                session.delete(closed)
            case _:
                raise BadInputError(
                    marked("Choose one of the acts on the page. Nothing was changed.")
                )
        sessions.end_all(session, contact)
    signin.log.warning("%s: %s for the account %s", by.slug, act, contact)
    return RedirectResponse(PAGE, 303)


@router.post(f"{PAGE}/key", dependencies=[needs(Right.ADMINISTER)])
def rotate_key(request: Request) -> Response:
    """Let a new key sign links from now on; those mailed before go on working."""
    by = signin.check(request, Right.ADMINISTER)
    signin.check_factor(request)
    name = add_key(request.app.state.parts.settings.link_keys)
    signin.log.warning("%s: the key %s signs links from now on", by.slug, name)
    return RedirectResponse(PAGE, 303)


@router.post(f"{PAGE}/call-back", dependencies=[needs(Right.ADMINISTER)])
def call_links_back(request: Request, reason: Annotated[str, Form(max_length=2000)]) -> Response:
    """Call every mailed link back at once; each contact gets new ones for what is open."""
    by = signin.check(request, Right.ADMINISTER)
    signin.check_factor(request)
    office: Office = request.app.state.parts.office
    office.do(act_from(RevokeLinks, reason=reason), by=by.body, contact=by.slug)
    return RedirectResponse(PAGE, 303)

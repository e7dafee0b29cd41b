"""Who is at the browser, and may they? Every route names the right it needs."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, cast

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session, SQLModel

from schemas.account_tables import SignedIn
from schemas.act import Act
from schemas.programme import Contact
from schemas.scope import Scope
from schemas.tables import Link
from schemas.texts import inert
from secretariat import rights
from secretariat.catalogues import marked
from secretariat.commands import signing_in
from secretariat.commands.office import Office, in_office
from secretariat.errors import (
    AllOf,
    ConflictError,
    FactorNeededError,
    NotAllowedError,
    NotSignedInError,
    ScopeNeededError,
    UnreachableError,
)
from secretariat.installation import DemoClock
from secretariat.readmodels import unknown
from secretariat.rights import SENSITIVE, Over, Right, Role
from secretariat.web import sessions
from secretariat.web.sessions import Known, now

log = logging.getLogger(__name__)
LINK_LASTS = signing_in.LASTS
FACTOR_LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Needs:
    """What a route asks of whoever comes: a right, over whatever that is; the rest it sees to."""

    right: Right

    async def __call__(self, request: Request) -> None:
        if not is_open(request, self.right):
            await run_in_threadpool(check, request, self.right)


def needs(right: Right) -> Any:
    """For the ``dependencies`` of a route; a test holds that none goes without."""
    return Depends(Needs(right))


def begin(
    request: Request, session: Session, link: Link, response: Response, *, factor: bool
) -> SignedIn:
    """Spend a sign-in link on a session. Raises ConflictError: it was used before."""
    if link.used_at:
        raise ConflictError(f"This sign-in link was used on {link.used_at:%d %B %Y, %H:%M} UTC.")
    link.used_at = now()
    office: Office = request.app.state.parts.office
    found = office.programme.contact(link.contact)
    assert found, "a link without a contact was refused"
    return sessions.open_for(request, session, found, response, factor=factor)


def known(request: Request) -> Known | None:
    """Whose session this is, also one that still lacks its second factor."""
    if not hasattr(request.state, "known"):
        request.state.known = sessions.look_up(request)
    return cast(Known | None, request.state.known)


def is_whole(found: Known) -> bool:
    """Whether nothing is left to be shown before the session counts."""
    return not found.session.wants_factor or found.session.factor_at is not None


def contact(request: Request) -> Contact | None:
    """Whose eyes this is shown to: the contact signed in here, or whose token a program sends.

    A program whose token is not for reading is shown what everybody sees.
    """
    found = known(request)
    if found is None or not is_whole(found):
        return None
    bounds = found.session.scopes
    return found.contact if bounds is None or Scope.READ in bounds else None


def over(request: Request, right: Right) -> Over:
    """How far a right of whoever this is reaches."""
    found = known(request)
    return found.over(right) if found and is_whole(found) else rights.over(Role.NOBODY, right)


def may(request: Request, right: Right, body: str | None = None) -> bool:
    """Whether whoever this is has a right, over what is of ``body`` if one is named."""
    reach, found = over(request, right), known(request)
    if found is None or body is None:
        return reach is not Over.NONE
    office: Office = request.app.state.parts.office
    return rights.reaches(office.programme, reach, found.contact, body)


def is_open(request: Request, right: Right) -> bool:
    """Whether everybody has the right here; in a demo also that to read caught mail."""
    clock = request.app.state.parts.office.clock
    shown = right is Right.READ_CAUGHT and isinstance(clock, DemoClock)
    return shown or rights.may(Role.NOBODY, right)


def is_let_in(request: Request, right: Right) -> bool:
    """What the menu goes by; while the store is away, everybody is nobody."""
    try:
        return is_open(request, right) or may(request, right)
    except UnreachableError:
        return False


def check(request: Request, right: Right) -> Contact:
    """Who has the right.

    Raises NotSignedInError, FactorNeededError, NotAllowedError; ScopeNeededError: the token a
    program sends is for something else.
    """
    found = known(request)
    try:
        return _checked(request, found, right)
    except NotAllowedError:
        who = found.contact.slug if found else "nobody"
        log.warning("refused to %s: %s %s", who, request.method, _line(request.url.path))
        raise


def _checked(request: Request, found: Known | None, right: Right) -> Contact:
    if found is None:
        raise NotSignedInError(marked("Sign in first: open “Sign in” above. Nothing was changed."))
    if right is not Right.HAVE_ACCOUNT and not is_whole(found):
        raise FactorNeededError(marked("Give your second factor first. Nothing was changed."))
    if not rights.may(found.role, right):
        _say_who_chairs(request, found)
        those = AllOf(each for each in Role if rights.may(each, right))
        raise NotAllowedError(
            marked("To {right} is for: {listed}. You are: {role}."),
            right=right,
            listed=those,
            role=found.role,
        )
    if found.over(right) is Over.NONE:
        _say_what_for(found, right)
    return found.contact


def steering(request: Request) -> Contact:
    """The contact, if it may steer: the secretariat, or whoever holds the chair now."""
    return check(request, Right.STEER)


def acting(request: Request, act: Act | None = None) -> Contact:
    """The contact that acts for its body, and may do this very act.

    Raises NotAllowedError; FactorNeededError: such an act wants a second factor just given.
    """
    by = check(request, Right.ACT)
    if isinstance(act, SENSITIVE):
        check_factor(request)
    return by


def check_factor(request: Request) -> None:
    """Raises FactorNeededError: none was given within a quarter of an hour."""
    found = known(request)
    given = found.session.factor_at if found else None
    if given is None or now() - given > FACTOR_LASTS:
        raise FactorNeededError(
            marked(
                "This changes who may act, so it needs your second factor, given within the last "
                "{minutes} minutes. Nothing was changed."
            ),
            minutes=FACTOR_LASTS.seconds // 60,
        )


def hide(request: Request, table: type[SQLModel], key: str | int) -> NoReturn:
    """Answer as if it were not there. Raises UnknownError, and tells the log who asked."""
    by = contact(request)
    who = by.slug if by else "nobody"
    log.warning("%s asked for %s %s of others", who, table.__name__, _line(str(key)))
    raise unknown(table, key)


def _line(text: str) -> str:
    """One line for the log, whatever was typed."""
    return " ".join(inert(text).split())


def _say_what_for(found: Known, right: Right) -> NoReturn:
    """Raises ScopeNeededError; NotAllowedError: no token is for that."""
    needed, scopes = rights.scope_of(right), found.session.scopes or ()
    if needed is None:
        raise NotAllowedError(
            marked("To {right} is for no program's token. Nothing was changed."), right=right
        )
    raise ScopeNeededError(
        f"To {right} a token needs the scope “{needed}”; this one has: {', '.join(scopes)}. "
        "Nothing was changed.",
        needed,
    )


def _say_who_chairs(request: Request, found: Known) -> None:
    """Raises NotAllowedError: of the chair's office only the member that holds it acts."""
    office: Office = request.app.state.parts.office
    if found.contact.body != office.programme.chair:
        return
    with office.store.read() as session:
        term = in_office(session)
    if term is None or term.member != found.contact.member:
        raise NotAllowedError(
            marked(
                "{slug} acts for the chair, which is held by {member} now. Nothing was changed."
            ),
            slug=found.contact.slug,
            member=term.member if term else "nobody",
        )

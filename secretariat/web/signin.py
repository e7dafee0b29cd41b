"""Who is at the browser? A mailed or printed link, confirmed by a button, gives a session."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import cast

from fastapi import Request, Response
from sqlmodel import Session

from schemas.programme import Contact
from schemas.tables import Link, SignedIn
from secretariat.clock import WallClock
from secretariat.commands.office import Office, in_office
from secretariat.errors import ConflictError, NotAllowedError

COOKIE = "secretariat"
LASTS = timedelta(hours=12)
LINK_LASTS = timedelta(minutes=10)


def now() -> datetime:
    """Signing in goes by real time, also where a demo's clock is moved about."""
    return WallClock().now()


def begin(request: Request, session: Session, link: Link, response: Response) -> None:
    """Spend a sign-in link on a session. Raises ConflictError: it was used before."""
    parts = request.app.state.parts
    if link.used_at:
        raise ConflictError(f"This sign-in link was used on {link.used_at:%d %B %Y, %H:%M} UTC.")
    link.used_at = now()
    token = admit(session, link.contact, LASTS)
    secure = parts.settings.board_url.startswith("https:")
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure)


def admit(session: Session, contact: str, lasts: timedelta) -> str:
    """A secret that stands for a contact, in a browser's cookie or as a program's token."""
    token = secrets.token_urlsafe(24)
    session.add(SignedIn(id=_hashed(token), contact=contact, expires_at=now() + lasts))
    return token


def end(request: Request, session: Session, response: Response) -> None:
    row = session.get(SignedIn, _hashed(request.cookies.get(COOKIE, "")))
    if row:
        session.delete(row)
    response.delete_cookie(COOKIE)


def contact(request: Request) -> Contact | None:
    """The contact at this browser, or whose token a program sends, if signed in."""
    token = request.cookies.get(COOKIE) or _bearer(request)
    if not token:
        return None
    office = cast(Office, request.app.state.parts.office)
    with office.store.read() as session:
        row = session.get(SignedIn, _hashed(token))
        if row is None or row.expires_at <= now():
            return None
        return office.programme.contact(row.contact)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def steering(request: Request) -> Contact:
    """The contact, if it may steer: the secretariat, or whoever holds the chair now.

    Raises NotAllowedError.
    """
    office = cast(Office, request.app.state.parts.office)
    found = contact(request)
    if found is None:
        raise NotAllowedError(
            "Sign in first: run “secretariat sign-in” where secretariat is installed, and open the "
            "link it prints."
        )
    if found.body not in (office.programme.secretariat, office.programme.chair):
        raise NotAllowedError(
            "This is for the secretariat and for the office that holds the chair."
        )
    check_in_office(office, found)
    return found


def check_in_office(office: Office, found: Contact) -> None:
    """A contact of the chair's office acts only while its member holds the chair.

    Raises NotAllowedError.
    """
    if found.body != office.programme.chair:
        return
    with office.store.read() as session:
        term = in_office(session)
    if term is None or term.member != found.member:
        raise NotAllowedError(
            f"{found.slug} acts for the chair, which is held by "
            f"{term.member if term else 'nobody'} now. Nothing was changed."
        )


def acting(request: Request) -> Contact:
    """The contact that acts for its body; the chair's only while its member holds the chair.

    Raises NotAllowedError.
    """
    office = cast(Office, request.app.state.parts.office)
    found = contact(request)
    if found is None or found.body == office.programme.chair:
        return steering(request)
    return found


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

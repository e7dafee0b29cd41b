"""Who holds this cookie or token? Sessions live in the store, which knows only their hashes.

They go by real time, also where a demo's clock is moved about.
"""

import hashlib
import logging
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select, update

from schemas.account_tables import ClosedAccount, SignedIn
from schemas.programme import Contact
from schemas.scope import Scope
from secretariat import board, factors, rights
from secretariat.clock import WallClock
from secretariat.commands import posts
from secretariat.commands.office import Office, bodies_of
from secretariat.errors import UnreachableError
from secretariat.factors import Owner
from secretariat.readmodels import find
from secretariat.rights import NEED_FACTOR, Over, Right, Role, role_of
from secretariat.rotation import Troika

log = logging.getLogger(__name__)
COOKIE = "secretariat"
LASTS = timedelta(hours=12)
IDLE = timedelta(minutes=30)
NOTED_AFTER = timedelta(minutes=1)  # each look at a page need not write
_CLOSED = select(ClosedAccount.contact).where(ClosedAccount.contact == bindparam("contact"))
_NO_TROIKA = Troika(None, None, None)


@dataclass(frozen=True)
class Known:
    """Who is at a browser or behind a program, and what they are just now."""

    contact: Contact
    role: Role
    session: SignedIn

    def over(self, right: Right) -> Over:
        """How far a right of theirs reaches, within what a token was made for."""
        within = rights.in_scope(self.session.scopes, right)
        return rights.over(self.role, right) if within else Over.NONE


def now() -> datetime:
    return WallClock().now()


def cookie_name(request: Request) -> str:
    """With TLS the browser itself holds that no other site or path can set or read the cookie."""
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE


def is_secure(request: Request) -> bool:
    url: str = request.app.state.parts.settings.board_url
    return url.startswith("https:")


def open_for(
    request: Request, session: Session, contact: Contact, response: Response, *, factor: bool
) -> SignedIn:
    """Sign this browser in as a contact, under a new secret; what it had before is over."""
    office: Office = request.app.state.parts.office
    end(request, session, response)
    row = _new(office, session, contact, "browser", LASTS)
    row.browser = request.headers.get("user-agent", "")[:200]
    row.factor_at = now() if factor else None
    _hand_out(request, session, row, response)
    log.info("%s signed in", contact.slug)
    return row


def admit(
    office: Office, session: Session, contact: Contact, lasts: timedelta, scopes: Collection[Scope]
) -> str:
    """A token that stands for a contact, for a program that does what is within the scopes."""
    row = _new(office, session, contact, "program", lasts)
    row.scopes = [scope for scope in Scope if scope in scopes]
    return _keep(session, row)


def renew(request: Request, session: Session, response: Response, *, factor_at: datetime) -> None:
    """The same session under a new secret, as it may do more from now on."""
    old = session.get_one(SignedIn, known_id(request))
    row = SignedIn(**old.model_dump() | {"factor_at": factor_at, "pending": None})
    session.delete(old)
    _hand_out(request, session, row, response)


def end(request: Request, session: Session, response: Response) -> None:
    row = session.get(SignedIn, known_id(request))
    if row:
        session.delete(row)
    response.delete_cookie(cookie_name(request), secure=is_secure(request), httponly=True)


def end_all(session: Session, contact: str, *, but: str = "") -> None:
    """Sign a contact out everywhere, or everywhere else."""
    session.exec(delete(SignedIn).where(col(SignedIn.contact) == contact, col(SignedIn.id) != but))


def of_contact(session: Session, contact: str) -> list[SignedIn]:
    """The sessions a contact has, the newest first."""
    running = select(SignedIn).where(SignedIn.contact == contact, SignedIn.expires_at > now())
    found = session.exec(running.order_by(col(SignedIn.made_at).desc()))
    return [row for row in found if not _is_idle(row)]


def look_up(request: Request) -> Known | None:
    """Who this is, if its session is good; one that has become somebody else's ends for good."""
    office: Office = request.app.state.parts.office
    if not _sent(request):
        return None
    with office.store.read() as session:
        row = find(session, SignedIn, known_id(request))
        if row is None or row.expires_at <= now() or _is_idle(row):
            return None
        contact = office.programme.contact(row.contact)
        role = role_now(office, session, contact) if contact else Role.NOBODY
        good = contact is not None and _still(office, session, contact, row, role)
    if not good or contact is None:
        _forget(office, row.id)
        return None
    _note(office, row)
    return Known(contact, role, row)


def role_now(office: Office, session: Session, contact: Contact) -> Role:
    in_chair = contact.body == office.programme.chair
    troika = board.chair(session).troika if in_chair else _NO_TROIKA
    return role_of(office.programme, contact, troika, bodies_of(session, office.programme).ended)


def is_closed(session: Session, contact: str) -> bool:
    return session.connection().execute(_CLOSED, {"contact": contact}).first() is not None


def is_program(request: Request) -> bool:
    """Whether this is asked with a token, by what reads no pages."""
    return bool(_bearer(request))


def known_id(request: Request) -> str:
    """The hash of what the browser or program sent; that of nothing is nobody's."""
    return hashed(_sent(request))


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _still(office: Office, session: Session, contact: Contact, row: SignedIn, role: Role) -> bool:
    """Whether post and role are as they were; a program's rights follow the role by themselves."""
    person = posts.holder(session, contact.slug, office.clock.now())
    same_person = row.person == (person.slug if person else None)
    same_role = row.kind == "program" or row.role == role
    return same_person and same_role and not is_closed(session, contact.slug)


def _is_idle(row: SignedIn) -> bool:
    return row.kind == "browser" and now() - row.seen_at > IDLE


def _note(office: Office, row: SignedIn) -> None:
    if now() - row.seen_at > NOTED_AFTER:
        with suppress(UnreachableError), office.store.note() as connection:
            connection.execute(
                update(SignedIn).where(col(SignedIn.id) == row.id).values(seen_at=now())
            )


def _forget(office: Office, key: str) -> None:
    with suppress(UnreachableError), office.store.note() as connection:
        connection.execute(delete(SignedIn).where(col(SignedIn.id) == key))


def _new(
    office: Office, session: Session, contact: Contact, kind: str, lasts: timedelta
) -> SignedIn:
    person, begins = posts.holder(session, contact.slug, office.clock.now()), now()
    owner = Owner(contact.slug, person.slug if person else None)
    role = role_now(office, session, contact)
    wanted = role in NEED_FACTOR or bool(factors.of(session, owner))
    return SignedIn(
        id="",
        kind=kind,
        contact=contact.slug,
        person=owner.person,
        role=role,
        wants_factor=kind == "browser" and wanted,
        made_at=begins,
        seen_at=begins,
        expires_at=begins + lasts,
    )


def _keep(session: Session, row: SignedIn) -> str:
    token = secrets.token_urlsafe(24)
    row.id = hashed(token)
    session.add(row)
    return token


def _hand_out(request: Request, session: Session, row: SignedIn, response: Response) -> None:
    """Lax, not strict: a link in a mail is to find its reader signed in; no POST takes it along."""
    response.set_cookie(
        cookie_name(request),
        _keep(session, row),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def _sent(request: Request) -> str:
    return request.cookies.get(cookie_name(request)) or _bearer(request)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""

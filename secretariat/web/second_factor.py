"""The second factor: set up, given and set up anew. With a code all of it works without script."""

import logging
from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from schemas.account_tables import SecondFactor, SignedIn
from secretariat import factors, passkeys
from secretariat.catalogues import marked
from secretariat.commands import account_news
from secretariat.commands.account_news import Change
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, UnknownError
from secretariat.factors import Owner, Seal
from secretariat.passkeys import Site
from secretariat.rights import NEED_FACTOR, Right
from secretariat.web import sessions, signin
from secretariat.web.render import render
from secretariat.web.sessions import Known
from secretariat.web.signin import needs

router = APIRouter()
PAGE = "/second-factor"
Code = Annotated[str, Form(max_length=100)]
Answer = Annotated[str, Form(max_length=20_000)]
WRONG = marked("That is not right, or was used before. Nothing was changed.")
NOT_ASKED = marked("Nothing is asked for any more. Begin again.")
log = logging.getLogger(__name__)


@router.get(PAGE, dependencies=[needs(Right.HAVE_ACCOUNT)])
def show_factors(request: Request) -> Response:
    """What one has, and where it is given."""
    who = _who(request)
    with _office(request).store.read() as session:
        own = factors.of(session, owner_of(who))
        left = factors.recovery_codes_left(session, owner_of(who))
    return _page(request, own=own, left=left, given=who.session.factor_at is not None)


@router.post(PAGE, dependencies=[needs(Right.HAVE_ACCOUNT)])
def give_code(request: Request, code: Code = "") -> Response:
    """A code of an authenticator, or one for recovery."""
    who = _who(request)
    _check_pace(request, who)
    response = RedirectResponse("/", 303)
    with _office(request).store.write() as session:
        if not factors.accepts(session, owner_of(who), _seal(request), code, sessions.now()):
            log.warning("a wrong second factor for %s", who.contact.slug)
            raise BadInputError(WRONG)
        sessions.renew(request, session, response, factor_at=sessions.now())
    return response


@router.post(f"{PAGE}/authenticator", dependencies=[needs(Right.HAVE_ACCOUNT)])
def begin_authenticator(request: Request) -> Response:
    """A secret for an authenticator to read, which counts once it has shown a code."""
    import segno  # noqa: PLC0415  few begin this

    who = _who(request)
    secret = factors.new_secret()
    with _office(request).store.write() as session:
        _check_may_add(request, session, who)
        _mine(session, who).pending = _seal(request).close(secret)
    address = factors.address_of(secret, owner_of(who), _office(request).programme.name)
    picture = segno.make(address).svg_data_uri(scale=5, dark="#000", light="#fff")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return _page(request, picture=picture, secret=grouped)


@router.post(f"{PAGE}/authenticator/keep", dependencies=[needs(Right.HAVE_ACCOUNT)])
def keep_authenticator(request: Request, code: Code = "") -> Response:
    who = _who(request)
    _check_pace(request, who)
    with _office(request).store.write() as session:
        _check_may_add(request, session, who)
        pending = _mine(session, who).pending
        secret = _seal(request).open(pending) if pending else None
        if secret is None:
            raise ConflictError(NOT_ASKED)
        typed = "".join(code.split())
        if not factors.add_authenticator(
            session, owner_of(who), _seal(request), secret, typed, sessions.now()
        ):
            raise BadInputError(WRONG)
        return _kept(request, session, who)


@router.post(f"{PAGE}/passkey/make", dependencies=[needs(Right.HAVE_ACCOUNT)])
def begin_passkey(request: Request) -> Response:
    who, site = _who(request), _site(request)
    with _office(request).store.write() as session:
        _check_may_add(request, session, who)
        options, challenge = passkeys.to_make(session, owner_of(who), site)
        _mine(session, who).pending = challenge
    return _page(request, options=options, then=f"{PAGE}/passkey/keep")


@router.post(f"{PAGE}/passkey/keep", dependencies=[needs(Right.HAVE_ACCOUNT)])
def keep_passkey(request: Request, credential: Answer = "") -> Response:
    who, site = _who(request), _site(request)
    challenge = _spent(request, who)
    with _office(request).store.write() as session:
        _check_may_add(request, session, who)
        if not passkeys.add(session, owner_of(who), site, challenge, credential, sessions.now()):
            raise BadInputError(WRONG)
        return _kept(request, session, who)


@router.post(f"{PAGE}/passkey/show", dependencies=[needs(Right.HAVE_ACCOUNT)])
def ask_for_passkey(request: Request) -> Response:
    who, site = _who(request), _site(request)
    with _office(request).store.write() as session:
        options, challenge = passkeys.to_show(session, owner_of(who), site)
        _mine(session, who).pending = challenge
    return _page(request, options=options, then=f"{PAGE}/passkey")


@router.post(f"{PAGE}/passkey", dependencies=[needs(Right.HAVE_ACCOUNT)])
def give_passkey(request: Request, credential: Answer = "") -> Response:
    who, site = _who(request), _site(request)
    _check_pace(request, who)
    response, challenge = RedirectResponse("/", 303), _spent(request, who)
    with _office(request).store.write() as session:
        owner, now = owner_of(who), sessions.now()
        if not passkeys.accepts(session, owner, site, challenge, credential, now):
            raise BadInputError(WRONG)
        sessions.renew(request, session, response, factor_at=now)
    return response


@router.post(f"{PAGE}/recovery-codes", dependencies=[needs(Right.HAVE_ACCOUNT)])
def renew_recovery_codes(request: Request) -> Response:
    """Ten new ones, shown this once."""
    who = _who(request)
    signin.check_factor(request)
    with _office(request).store.write() as session:
        codes = factors.new_recovery_codes(session, owner_of(who))
        _tell(request, session, who, Change.RECOVERY_CODES)
    return _page(request, codes=codes)


@router.post(f"{PAGE}/forget", dependencies=[needs(Right.HAVE_ACCOUNT)])
def forget_factor(request: Request, factor: Annotated[int, Form(ge=1, lt=2**31)]) -> Response:
    """One of several, or the last of who may do without."""
    who = _who(request)
    signin.check_factor(request)
    with _office(request).store.write() as session:
        own = factors.of(session, owner_of(who))
        if factor not in [each.id for each in own]:
            raise UnknownError(marked("There is no such factor. Nothing was changed."))
        if len(own) == 1 and who.role in NEED_FACTOR:
            raise ConflictError(marked("Set up another one first: your role needs one."))
        session.delete(session.get_one(SecondFactor, factor))
        _tell(request, session, who, Change.FACTOR_REMOVED)
    return RedirectResponse(PAGE, 303)


def owner_of(who: Known) -> Owner:
    return Owner(who.contact.slug, who.session.person)


def _page(request: Request, **facts: Any) -> Response:
    known: dict[str, Any] = {
        **dict.fromkeys(("picture", "secret", "options", "then"), ""),
        "own": None,
        "left": 0,
        "given": False,
        "codes": [],
        "named": _is_named(request),
    }
    return render(request, "second_factor.html", **known | facts)


def _kept(request: Request, session: Session, who: Known) -> Response:
    """A factor was set up, and so shown; with the first one come codes for when it is lost."""
    owner = owner_of(who)
    first = len(factors.of(session, owner)) == 1
    codes = factors.new_recovery_codes(session, owner) if first else []
    response = _page(request, codes=codes) if first else RedirectResponse(PAGE, 303)
    sessions.renew(request, session, response, factor_at=sessions.now())
    _tell(request, session, who, Change.FACTOR_ADDED)
    return response


def _tell(request: Request, session: Session, who: Known, change: Change) -> None:
    account_news.tell(_office(request), session, who.contact, change, sessions.now())


def _who(request: Request) -> Known:
    """Raises NotAllowedError: a program's token would become more than it was given for."""
    found = signin.known(request)
    assert found, "the route needs an account"
    if found.session.kind != "browser":
        raise NotAllowedError(marked("Second factors are for people. Nothing was changed."))
    return found


def _mine(session: Session, who: Known) -> SignedIn:
    return session.get_one(SignedIn, who.session.id)


def _spent(request: Request, who: Known) -> str:
    """The challenge that was handed out; it is good for one answer, right or wrong."""
    with _office(request).store.write() as session:
        row = _mine(session, who)
        challenge, row.pending = row.pending, None
    if not challenge:
        raise ConflictError(NOT_ASKED)
    return challenge


def _check_may_add(request: Request, session: Session, who: Known) -> None:
    """Who has a factor shows it before another is added. Raises FactorNeededError."""
    if factors.of(session, owner_of(who)):
        signin.check_factor(request)


def _check_pace(request: Request, who: Known) -> None:
    """By account, which nobody else can slow, and by address, whatever accounts it tries."""
    origin = request.client.host if request.client else ""
    of_account = request.app.state.guesses.too_many(who.contact.slug)
    if request.app.state.guessing.too_many(origin) or of_account:
        log.warning("too many second factors were tried for %s from %s", who.contact.slug, origin)
        raise ConflictError(marked("Too many were tried. Wait five minutes; nothing else is shut."))


def _site(request: Request) -> Site:
    """The name people use, which browsers hold passkeys for. Raises ConflictError: a number."""
    if not _is_named(request):
        raise ConflictError(
            marked("Passkeys need the board's name, such as https://host; use a code.")
        )
    settings = request.app.state.parts.settings
    name, title = request.url.hostname or "", _office(request).programme.name
    ours = settings.board_url.startswith(("https://", "http://localhost"))
    if name == "localhost" and not (ours and f"//{name}" in settings.board_url):
        return Site(name, f"http://{request.headers.get('host', '')}", title)
    return Site(name, settings.board_url, title)


def _is_named(request: Request) -> bool:
    try:
        ip_address(request.url.hostname or "")
    except ValueError:
        return True
    return False


def _seal(request: Request) -> Seal:
    return Seal(request.app.state.parts.settings.factor_key)


def _office(request: Request) -> Office:
    office: Office = request.app.state.parts.office
    return office

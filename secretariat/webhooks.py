"""Which programs want to be told what happens here, where may they be, and what do they lack?"""

import base64
import secrets
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from schemas.tables import Entry
from schemas.webhook_tables import Webhook
from secretariat import ledger
from secretariat.errors import BadInputError, ConflictError
from secretariat.factors import Seal
from secretariat.sentences import SENTENCES

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 300, 1800, 3600))
"""How long to wait after the first try in vain, the second, …; the last again and again."""
GIVE_UP = timedelta(days=3)
_WHOLE = {".".join(kind.split(".")[:2]) for kind in SENTENCES}
KINDS = sorted({kind.partition(".")[0] for kind in _WHOLE})
"""What the kinds of all that happens here begin with."""
_LAST_PORT = 65_535
_ALL_V6 = IPv6Network("2000::/3")  # what is not in it leads back into some IPv4 net


def add(
    session: Session,
    seal: Seal,
    url: str,
    kinds: Collection[str],
    *,
    own_hosts: Collection[str],
    by: str,
    now: datetime,
) -> tuple[Webhook, str]:
    """A hook for what happens from now on, and its secret, which is told this once.

    Raises BadInputError: the address is none a hook may have, or nothing is of such a kind.
    """
    resolved(url, own_hosts)
    wanted = sorted(set(kinds))
    if unknown := [kind for kind in wanted if kind not in (*KINDS, *_WHOLE)]:
        raise BadInputError(
            f"Nothing here is of a kind “{unknown[0]}”. There are: {', '.join(KINDS)}; "
            "and more exactly such as holding.accepted."
        )
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    hook = Webhook(
        url=url, kinds=wanted, secret=seal.close(secret), cursor=ledger.head(session).seq,
        made_at=now, by=by,
    )  # fmt: skip
    session.add(hook)
    session.flush()
    return hook, secret


def everyone(session: Session) -> list[Webhook]:
    return list(session.exec(select(Webhook).order_by(col(Webhook.id))))


def given_up(session: Session) -> int:
    """How many were tried for so long in vain that they wait for the operator."""
    query = select(func.count()).select_from(Webhook)
    return session.exec(query.where(Webhook.state == "given up")).one()


def due(session: Session, now: datetime) -> list[Webhook]:
    """The hooks that lack something and may be tried now."""
    rested = or_(col(Webhook.next_at).is_(None), col(Webhook.next_at) <= now)
    found = session.exec(select(Webhook).where(Webhook.state == "on", rested))
    return [hook for hook in found if following(session, hook)]


def following(session: Session, hook: Webhook) -> Entry | None:
    """The entry it is to get next."""
    return session.exec(select(Entry).where(*_lacked(hook)).order_by(col(Entry.seq))).first()


def waiting(session: Session, hook: Webhook) -> int:
    """How many entries it has yet to get."""
    return session.exec(select(func.count()).select_from(Entry).where(*_lacked(hook))).one()


def arrived(hook: Webhook, entry: Entry, words: str, now: datetime) -> None:
    hook.cursor, hook.last_at, hook.last_words = entry.seq or 0, now, words
    hook.tries, hook.failing_since, hook.next_at = 0, None, None


def failed(hook: Webhook, words: str, now: datetime, *, for_good: bool = False) -> None:
    """It is tried again later, for days; then, or if it is ``for_good``, given up on."""
    hook.tries += 1
    hook.failing_since = hook.failing_since or now
    hook.next_at = now + WAITS[min(hook.tries, len(WAITS)) - 1]
    hook.last_at, hook.last_words = now, words
    if for_good or now - hook.failing_since >= GIVE_UP:
        hook.state = "given up"


def switch_on(hook: Webhook) -> None:
    """Go on where it was given up on. Raises ConflictError: it is on."""
    if hook.state == "on":
        raise ConflictError("That webhook is on already. Nothing was changed.")
    hook.state, hook.tries, hook.failing_since, hook.next_at = "on", 0, None, None


def resolved(url: str, own_hosts: Collection[str]) -> str:
    """The number of the host of a hook's address, which alone may then be connected to.

    Only public ones, so that nobody has us ask what only we can reach; and hosts the operator has
    named as own. Raises BadInputError.
    """
    host, port, encrypted = _parsed(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInputError(f"The host “{host}” is not found. Is it written right?") from None
    numbers = sorted({ip_address(each[4][0]) for each in found}, key=lambda ip: ip.version)
    own = host in own_hosts
    for number in numbers:
        if number.is_link_local or number.is_multicast:
            raise BadInputError(
                f"“{host}” leads to this machine's own net or to many at once; no webhook goes "
                "there. Give the program a host of its own. Nothing was changed."
            )
        if not (own or _is_public(number)):
            raise BadInputError(
                f"“{host}” is not a public host, so no webhook goes there. If it is one of your "
                "own, name it in SECRETARIAT_WEBHOOK_HOSTS."
            )
        if not (encrypted or number.is_loopback):
            raise BadInputError("A webhook's address begins with https://. Nothing was changed.")
    return str(numbers[0])


def _parsed(url: str) -> tuple[str, int, bool]:
    """Host, port and whether it is encrypted. Raises BadInputError."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    encrypted = parsed.scheme == "https"
    port = parsed.port or (443 if encrypted else 80)
    plain = bool(parsed.host) and not parsed.userinfo and port <= _LAST_PORT
    if parsed.scheme not in ("http", "https") or not plain:
        raise BadInputError(
            "Write a webhook's address as https://host/path, without a password in it."
        )
    return parsed.host, port, encrypted


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    if isinstance(number, IPv6Address) and (number.sixtofour or number not in _ALL_V6):
        return False
    return number.is_global


def _lacked(hook: Webhook) -> list[ColumnElement[bool]]:
    kind = col(Entry.kind)
    wanted = [
        or_(kind == each, kind.startswith(f"{each}.", autoescape=True)) for each in hook.kinds
    ]
    return [col(Entry.seq) > hook.cursor, *([or_(*wanted)] if wanted else [])]

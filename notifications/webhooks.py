"""What happens here reaches other programs: the ledger's entries as signed POSTs, in order.

Signed as the Standard Webhooks specification says. Each hook has its own cursor, which moves once
the other side has taken an entry: at least once, with the same id whenever it is sent again.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import secrets
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import httpx

from schemas.tables import Entry
from schemas.webhook_tables import Webhook
from secretariat import webhooks, words
from secretariat.clock import Clock, WallClock
from secretariat.commands.office import Office
from secretariat.errors import SecretariatError, UnreachableError
from secretariat.factors import Seal
from secretariat.settings import Settings

TIMEOUT = 5.0  # seconds a try may take, whatever the other side does meanwhile
TURN = 5.0  # seconds after which the next round is another hook's too
GONE = httpx.codes.GONE
TEST = "This is a test: nothing has happened."

_authorities = cache(ssl.create_default_context)  # read once there is a hook
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of one try. ``gone``: the other side wants no more."""

    good: bool
    words: str
    gone: bool = False


@dataclass(frozen=True)
class Courier:
    """Carries what each hook lacks. By the real time, which whoever checks a signature has.

    ``tls`` says which certificates are good; None: those the system's authorities vouch for, as the
    operator keeps them.
    """

    office: Office
    settings: Settings
    clock: Clock = field(default_factory=WallClock)
    tls: ssl.SSLContext | None = None

    def deliver(self) -> None:
        """One round, a few seconds long; with no hook, nobody is asked anything."""
        with self.office.store.read() as session:
            due = webhooks.due(session, self.clock.now())
        if due:
            asyncio.run(self._round(due))

    def trouble(self) -> str:
        """How many wait for the operator, in words; empty: none, or the store is away."""
        with suppress(UnreachableError), self.office.store.read() as session:
            if count := webhooks.given_up(session):
                return f"{count} given up on: see /webhooks"
        return ""

    def test(self, hook: Webhook) -> Outcome:
        """Send what only says that it is a test, now."""
        number = f"test-{secrets.token_hex(8)}"
        body = message("test", self.clock.now(), {"words": TEST})
        return asyncio.run(self._send(hook, number, body))

    async def _round(self, due: list[Webhook]) -> None:
        await asyncio.gather(*map(self._turn, due))

    async def _turn(self, hook: Webhook) -> None:
        """Entry by entry, until one does not arrive or the turn is over."""
        ends = time.monotonic() + TURN
        while time.monotonic() < ends:
            with self.office.store.read() as session:
                entry = webhooks.following(session, hook)
            if entry is None:
                return
            told = words.told(self.office.programme, entry)
            outcome = await self._send(hook, entry.hash, message(entry.kind, entry.at, told))
            kept = self._note(hook, entry, outcome)
            if kept is None or not outcome.good:
                return
            hook = kept

    def _note(self, hook: Webhook, entry: Entry, outcome: Outcome) -> Webhook | None:
        """Keep what became of it; None: the hook was removed meanwhile."""
        with self.office.store.queue() as session:
            kept = session.get(Webhook, hook.id)
            if kept is None:
                return None
            if outcome.good:
                webhooks.arrived(kept, entry, outcome.words, self.clock.now())
            else:
                webhooks.failed(kept, outcome.words, self.clock.now(), for_good=outcome.gone)
        if kept.state == "given up":
            log.warning("gave up on webhook %s: %s", kept.id, kept.last_words)
        return kept

    async def _send(self, hook: Webhook, number: str, body: bytes) -> Outcome:
        """One try, bounded in time as a whole; of the answer only its status is read."""
        secret = Seal(self.settings.factor_key).open(hook.secret)
        if secret is None:
            return Outcome(False, "Its secret was kept with another key: add it anew.")
        headers = signed(secret, number, int(self.clock.now().timestamp()), body)
        try:
            async with asyncio.timeout(TIMEOUT):
                status = await self._posted(hook.url, headers, body)
        except TimeoutError:
            return Outcome(False, f"It did not answer within {TIMEOUT:.0f} seconds.")
        except SecretariatError as error:
            return Outcome(False, str(error))
        except httpx.HTTPError as error:
            return Outcome(False, f"It is not reached: {str(error) or type(error).__name__}.")
        good = httpx.codes.is_success(status)
        return Outcome(good, f"It answered {status}.", gone=status == GONE)

    async def _posted(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer. We connect to the very number that was found to be allowed."""
        number = await asyncio.to_thread(webhooks.resolved, url, self.settings.own_hosts)
        asked = httpx.URL(url)
        async with (
            httpx.AsyncClient(trust_env=False, verify=self.tls or _authorities()) as client,
            client.stream(
                "POST",
                asked.copy_with(host=number),
                content=body,
                headers=headers | {"Host": asked.netloc.decode()},
                extensions={"sni_hostname": asked.raw_host.decode()},
                follow_redirects=False,
            ) as answer,
        ):
            return answer.status_code


def signed(secret: str, number: str, stamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message; ``stamp`` is in seconds since 1970, ``number`` its id."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    seal = hmac.digest(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "secretariat",
        "webhook-id": number,
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{base64.b64encode(seal).decode()}",
    }


def message(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    said = {"type": kind, "timestamp": at.isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False).encode()

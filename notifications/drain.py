"""How do mails leave together? On a few connections, each mail's outcome kept before the next."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from random import Random
from typing import TypeVar

from notifications import claims, records
from notifications.allowance import Allowance
from notifications.claims import BATCH, Claimed
from notifications.compose import Composer
from notifications.outcomes import judged
from notifications.records import ENDS, Ended
from notifications.transport import Attempt, Connection, RelayError, Transport
from secretariat.clock import Clock
from secretariat.points import reached
from secretariat.store import Store

PER_CONNECTION = 5  # mails waiting that are worth one more connection
LONGEST_WAIT = 0.02  # seconds that one connection's outcome waits for another's
GRACE = 20.0  # seconds for what is under way once it is asked to stop

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass
class Drain:
    """One emptying of the outbox. ``mine``: what is claimed, and no outcome of it on disk yet."""

    store: Store
    clock: Clock
    composer: Composer
    transport: Transport
    allowance: Allowance
    rng: Random
    mine: set[int]
    stopping: threading.Event
    _ready: deque[Claimed] = field(default_factory=deque, init=False)
    _left: list[int] = field(default_factory=list, init=False)
    _begun: list[Claimed] = field(default_factory=list, init=False)
    _ended: list[Ended] = field(default_factory=list, init=False)
    _kept: "asyncio.Future[None] | None" = field(default=None, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _commit_takes: float = field(default=0.0, init=False)  # seconds, the last time
    _delivering: int = field(default=0, init=False)
    _dry: bool = field(default=False, init=False)
    _count: int = field(default=0, init=False)

    async def run(self) -> int:
        """Send until nothing is left that may leave; returns how many mails ended.

        Asked to stop, no further mail is begun, and what is under way gets a little time.
        """
        workers = self._more(0)
        give_up_at = float("inf")
        try:
            while workers and time.monotonic() < give_up_at:
                done, workers = await asyncio.wait(
                    workers, timeout=1, return_when=asyncio.FIRST_COMPLETED
                )
                for worker in done:
                    worker.result()
                self._dry &= bool(done)
                workers |= self._more(len(workers))
                if self.stopping.is_set():
                    give_up_at = min(give_up_at, time.monotonic() + GRACE)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._commit()
            self._put_back()
        if not self.allowance.trouble:
            self.allowance.widen()
        return self._count

    def _more(self, running: int) -> "set[asyncio.Task[None]]":
        """Workers as the number of mails is worth them."""
        now = self.clock.now()
        most = self.allowance.room(now, self.allowance.width * PER_CONNECTION)
        if self._dry or self.stopping.is_set() or not most:
            return set()
        with self.store.read() as session:
            waiting = len(self._ready) + claims.due(session, now, most)
        wanted = min(self.allowance.width, ceil(waiting / PER_CONNECTION))
        return {asyncio.create_task(self._serve()) for _ in range(wanted - running)}

    async def _serve(self) -> None:
        """One connection's work. Its next mail's text leaves once the last outcome is on disk."""
        connection = await self._connect()
        if connection is None:
            return
        try:
            claimed = self._take()
            while claimed:
                attempt = await self._attempt(connection, claimed, self._on_disk())
                self._note_end(claimed, attempt)
                claimed = self._take() if connection.usable and not attempt.fault else None
            await self._on_disk()
        finally:
            await connection.close()

    async def _connect(self) -> Connection | None:
        try:
            return await self.transport.connect()
        except RelayError as error:
            self.allowance.back_off(str(error), self.clock.now(), busy=error.busy)
            return None

    async def _attempt(
        self, connection: Connection, claimed: Claimed, on_disk: Awaitable[None]
    ) -> Attempt:
        mail = claimed.mail
        refused = await self._handed(connection.offer(mail), claimed, "data")
        await on_disk  # what became of the mail before, and that this one begins
        if refused:
            return refused
        self._delivering += 1
        try:
            return await self._handed(connection.deliver(mail), claimed, "dot")
        finally:
            self._delivering -= 1

    async def _handed(self, step: Awaitable[T], claimed: Claimed, phase: str) -> T | Attempt:
        """The step done; a fault of ours in it ends the attempt, not the program."""
        try:
            return await step
        except asyncio.CancelledError:
            self._note_end(claimed, Attempt(phase, 0, "secretariat was stopped"))
            raise
        except Exception as error:
            log.exception("mail %s cannot be handed over", claimed.mail.id)
            return Attempt(phase, 0, f"{type(error).__name__}: {error}", fault=True)

    def _take(self) -> Claimed | None:
        """The next mail, noted as begun; None if none may leave now."""
        if self.stopping.is_set():
            return None
        now = self.clock.now()
        while self._ready or self._claim(now):
            claimed = self._ready.popleft()
            if claimed.lease_until > now and not self.allowance.paused(now):
                self.allowance.begin()
                self._begun.append(claimed)
                return claimed
            self._left.append(claimed.mail.id)
        self._dry = True
        return None

    def _claim(self, now: datetime) -> bool:
        """Whether there are mails to send, claimed now."""
        more = True
        while more and not self._ready and (room := self.allowance.room(now, BATCH)):
            with self.store.queue() as session:
                batch, more = claims.claim(session, self.composer, now, room)
            reached("claim.committed")
            self._ready.extend(batch)
            self.mine.update(claimed.mail.id for claimed in batch)
        return bool(self._ready)

    def _note_end(self, claimed: Claimed, attempt: Attempt) -> None:
        now = self.clock.now()
        verdict = judged(attempt, claimed.attempts + 1, claimed.faults, now, self.rng)
        self.allowance.end(now)
        if verdict.trouble:
            self.allowance.back_off(verdict.trouble, now, busy=verdict.busy)
        else:
            self.allowance.served(now)
        self._ended.append(Ended(claimed, attempt, verdict, now))

    def _on_disk(self) -> "asyncio.Future[None]":
        """Done once all noted so far is committed.

        One commit for several connections: it waits for those that are about to hear how their
        mail ended, but no longer than a commit takes.
        """
        loop = asyncio.get_running_loop()
        if self._kept is None:
            self._kept = loop.create_future()
            wait = self._commit_takes if self._delivering else 0
            self._timer = loop.call_later(wait, self._commit)
        elif not self._delivering and self._timer:
            self._timer.cancel()
            self._timer = loop.call_later(0, self._commit)
        return self._kept

    def _commit(self) -> None:
        begun, ended, kept = self._begun, self._ended, self._kept
        self._begun, self._ended, self._kept = [], [], None
        began = time.monotonic()
        try:
            if begun or ended:
                records.keep(self.store, self.composer.programme, begun, ended, self.clock.now())
                self._commit_takes = min(time.monotonic() - began, LONGEST_WAIT)
        except Exception as error:
            if kept is None:
                raise
            kept.set_exception(error)
        else:
            self.mine.difference_update(each.claimed.mail.id for each in ended)
            self._count += sum(each.verdict.state in ENDS for each in ended)
            if kept:
                kept.set_result(None)

    def _put_back(self) -> None:
        """What was claimed and not begun waits for the next drain."""
        self._left += [claimed.mail.id for claimed in self._ready]
        if self._left:
            with self.store.queue() as session:
                claims.put_back(session, self._left)
            self.mine.difference_update(self._left)

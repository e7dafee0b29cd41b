"""Every mail leaves: claimed, handed over, its outcome on disk before the next one follows."""

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlmodel import col, func, select, true

from notifications import claims, undelivered
from notifications.allowance import DAY, MINUTE, Allowance, Limits
from notifications.compose import Composer
from notifications.digest import bundle
from notifications.drain import Drain
from notifications.transport import Transport
from schemas.tables import Mail
from secretariat.clock import Clock
from secretariat.moments import span
from secretariat.points import reached
from secretariat.store import Store


@dataclass
class Outbox:
    """The outbox of one store and the relay it leaves through; one drain runs at a time.

    Every time, also of limits, leases and pauses, goes by ``clock``.
    """

    store: Store
    clock: Clock
    composer: Composer
    transport: Transport
    limits: Limits = field(default_factory=Limits)
    rng: Random = field(default_factory=Random)
    stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _mine: set[int] = field(default_factory=set, init=False)  # claimed; no outcome on disk yet

    def __post_init__(self) -> None:
        self.allowance = Allowance(self.limits, self.rng)
        self._remembers = False

    @property
    def trouble(self) -> str:
        """Why mail waits, in words; empty while it does not."""
        return self.allowance.trouble

    def drain(self) -> int:
        """Send everything that may leave now; returns how many mails ended.

        With the relay down nothing is failed: mails wait, and ``trouble`` says why.
        Raises UnreachableError: what becomes of mails cannot be kept, so none is sent.
        """
        now = self.clock.now()
        if not self._tidied(now) or not self.allowance.room(now, 1):
            return 0
        self.store.check_room()
        drain = Drain(
            self.store, self.clock, self.composer, self.transport,
            self.allowance, self.rng, self._mine, self.stopping,
        )  # fmt: skip
        return asyncio.run(drain.run())

    def recover(self) -> None:
        """Take back what an earlier process was sending. Only for who holds the store alone."""
        with self.store.queue() as session:
            claims.take_back(session, true(), self.clock.now())
        reached("wake")

    def backlog(self, now: datetime) -> tuple[int, datetime | None]:
        """How many mails should have left by ``now``, and since when the oldest of them."""
        late = col(Mail.state).in_(("waiting", "unknown", "sending")) & (
            col(Mail.not_before) <= now
        )
        with self.store.read() as session:
            return session.exec(select(func.count(), func.min(Mail.not_before)).where(late)).one()

    def held(self) -> int:
        """How many mails wait for a person, because they cannot be written or handed over."""
        with self.store.read() as session:
            query = select(func.count()).select_from(Mail).where(Mail.state == "held")
            return session.exec(query).one()

    def waiting_in_words(self) -> str:
        """What waits though it should not, to follow another sentence; empty: nothing does."""
        now = self.clock.now()
        count, since = self.backlog(now)
        age = now - since if since else timedelta()
        late = f"{count} should have left, the oldest {span(age)} ago" if age > MINUTE else ""
        held = self.held()
        aside = f"{held} held, see the last mails" if held else ""
        return "".join(f"; {part}" for part in (late, aside) if part)

    def _tidied(self, now: datetime) -> bool:
        """Whether there is something to send, once what lapsed meanwhile was put right."""
        if not self._remembers:
            self._remember(now)
        with self.store.read() as session:
            if not (self._mine or claims.waits(session, now)):
                return False
            over = undelivered.is_any_over(session, now)
        if over:
            with self.store.write() as session:
                undelivered.expire(session, self.composer.programme, now)
        with self.store.queue() as session:
            lapsed = (col(Mail.lease_until) <= now) | col(Mail.id).in_(self._mine)
            claims.take_back(session, lapsed, now)
            bundle(session, self.composer.programme.digest, now)
        self._mine.clear()
        return True

    def _remember(self, now: datetime) -> None:
        """What left before this process began counts too."""
        if self.limits.per_minute or self.limits.per_day:
            query = select(Mail.attempted_at).where(col(Mail.attempted_at) > now - DAY)
            with self.store.read() as session:
                self.allowance.remember(at for at in session.exec(query) if at)
        self._remembers = True


def write_due(store: Store, composer: Composer, now: datetime) -> None:
    """Freeze what may leave at ``now``, unsent: where time leaps, mails keep their hour."""
    with store.write() as session:
        bundle(session, composer.programme.digest, now)
    more = True
    while more:
        with store.write() as session:
            more = claims.write(session, composer, now)

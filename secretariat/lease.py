"""Who ticks? Of all processes that serve a store one at a time; the others stand by.

Whoever ticks says so every few seconds, by counting. Who stands by trusts no clock but its own
steady one: a count that stays the same for long enough means that its process is gone. Each new
holder has a higher number, which every transaction of the engine is checked against: one that
slept through its own end can write nothing any more.
"""

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Update, insert, select, update
from sqlalchemy.exc import IntegrityError

from schemas.tables import Lease
from secretariat.clock import read_clocks
from secretariat.errors import ConflictError, UnreachableError
from secretariat.keys import kept_key, name_of
from secretariat.store import Store

BEAT = 3.0  # seconds between two signs of life
HOLDS = 9.0  # seconds after a sign of life in which its process may go on
LAPSES = 15.0  # seconds without one, after which another takes over
CLOCK = "clock"

_LEASE = Lease.__table__  # type: ignore[attr-defined]
_OF_CLOCK = _LEASE.c.name == CLOCK
_ROW = select(_LEASE).where(_OF_CLOCK).with_for_update()
# Beats go on beside who has checked the number; who would change it waits.
_NUMBER = select(_LEASE.c.number).where(_OF_CLOCK).with_for_update(read=True, key_share=True)

log = logging.getLogger(__name__)


def _steady() -> float:
    return read_clocks().steady


@dataclass
class Turn:
    """One process's part in a store's lease. ``holder`` names it to people.

    ``words`` says in a sentence who ticks instead; empty while we do.
    """

    store: Store
    holder: str
    steady: Callable[[], float] = _steady
    words: str = field(default="", init=False)
    number: int | None = field(default=None, init=False)
    _renewed_at: float = field(default=float("-inf"), init=False)
    _seen: tuple[int, int] | None = field(default=None, init=False)
    _seen_at: float = field(default=0.0, init=False)

    @property
    def is_ours(self) -> bool:
        """Whether to go on ticking at this moment."""
        return self.number is not None and self.steady() - self._renewed_at < HOLDS

    def look(self) -> bool:
        """Say that we live, or take over from one who does not; whether it is our turn.

        To be called every ``BEAT`` seconds. While the store is away nobody takes anything over.
        Raises ConflictError: it was our turn, and another process has taken over.
        """
        begun = self.steady()
        try:
            with self.store.note() as connection:
                number = self._taken(connection) if self.number is None else self._kept(connection)
        except UnreachableError:
            self._seen = None
            return False
        except IntegrityError:  # another process made the first row just now
            return False
        if number != self.number:
            log.info("This process ticks from now on (lease %s).", number)
        if number is not None:
            self._renewed_at, self.words = begun, ""
        self.number = number
        return number is not None

    def give_back(self) -> None:
        """Let the next take over at once."""
        if self.number is not None:
            with self.store.note() as connection:
                connection.execute(self._mine().values(holder=""))
            self.number = None

    def fenced(self) -> Store:
        """The store for what only the process that ticks may do."""
        return self.store.fenced(self._check)

    def _check(self, connection: Connection) -> None:
        if self.number is None or connection.execute(_NUMBER).scalar() != self.number:
            raise ConflictError("Another process of secretariat has taken over; nothing was done.")

    def _kept(self, connection: Connection) -> int | None:
        if connection.execute(self._mine().values(beat=_LEASE.c.beat + 1)).rowcount:
            return self.number
        self.number = None
        raise ConflictError(
            "Another process of secretariat has taken over, because nothing was heard of this "
            "one for a while. Start it again: it will stand by."
        )

    def _mine(self) -> Update:
        """Of the row, as long as nobody has taken it over."""
        return update(_LEASE).where(_OF_CLOCK, _LEASE.c.number == self.number)

    def _taken(self, connection: Connection) -> int | None:
        """Ours, if it was never anybody's, is given back, was ours before, or has lapsed."""
        found = connection.execute(_ROW).first()
        if found is None:
            first = {"name": CLOCK, "number": 1, "holder": self.holder, "beat": 0}
            connection.execute(insert(_LEASE).values(first))
            return 1
        sign = found.number, found.beat
        if sign != self._seen:
            self._seen, self._seen_at = sign, self.steady()
        lapsed = self.steady() - self._seen_at >= LAPSES
        if found.holder not in ("", self.holder) and not lapsed:
            self.words = f"standing by for {found.holder}, which ticks"
            return None
        number: int = found.number + 1
        taken = update(_LEASE).where(_OF_CLOCK)
        connection.execute(taken.values(number=number, holder=self.holder, beat=0))
        return number


def holder(directory: Path) -> str:
    """What the process that serves from a data directory is called; at most one does."""
    return f"{socket.gethostname()} ({name_of(kept_key(directory / 'holder'))})"

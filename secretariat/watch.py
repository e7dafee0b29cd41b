"""Is the machine's clock to be trusted? When it jumps, nothing is sent until somebody agrees."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from schemas.tables import Entry, Setting
from secretariat.clock import JUMP, Clock, Reading, jump, read_clocks
from secretariat.errors import ConflictError
from secretariat.store import Store

HELD = "clock.held"
AGREED = "clock.agreed"

log = logging.getLogger(__name__)


@dataclass
class Watch:
    """Compares the machine's clock with a steady one, from one tick to the next.

    What is held is kept in the store, as seconds, so that neither a restart nor another process
    forgets it; it ends when the clock is back within bounds or the row is gone (:func:`agree`).
    """

    store: Store
    clock: Clock
    read: Callable[[], Reading] = read_clocks
    trouble: str = field(default="", init=False)
    _trusted: Reading | None = field(default=None, init=False)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def trusts(self) -> bool:
        """Whether to go on now. ``trouble`` says in a sentence why not. Threads may share it."""
        with self._one_at_a_time:
            return self._look(self.read())

    def _look(self, now: Reading) -> bool:
        if self._trusted is None:
            self._trusted = replace(now, wall=now.wall - self._jumped_before())
        jumped = jump(self._trusted, now)
        if abs(jumped) > JUMP and not self._was_agreed():
            self._hold(jumped)
            return False
        if self.trouble:
            self._release()
        self._trusted = now
        return True

    def _jumped_before(self) -> timedelta:
        """What was held when the program ended, or how far the clock is behind the ledger."""
        with self.store.read() as session:
            if held := session.get(Setting, HELD):
                self.trouble = _words(timedelta(seconds=float(held.value)))
                return timedelta(seconds=float(held.value))
            last, agreed = _last_entry(session), session.get(Setting, AGREED)
        ahead = last and (agreed is None or last > datetime.fromisoformat(agreed.value))
        return min(self.clock.now() - last, timedelta()) if last and ahead else timedelta()

    def _was_agreed(self) -> bool:
        if not self.trouble:
            return False
        with self.store.read() as session:
            return session.get(Setting, HELD) is None

    def _hold(self, jumped: timedelta) -> None:
        if self.trouble:
            return
        with self.store.write() as session:
            session.merge(Setting(name=HELD, value=str(jumped.total_seconds())))
        self.trouble = _words(jumped)
        log.warning("%s", self.trouble)

    def _release(self) -> None:
        with self.store.write() as session:
            if held := session.get(Setting, HELD):
                session.delete(held)
        self.trouble = ""
        log.warning("The clock is trusted again; what fell due meanwhile is done now.")


def agree(store: Store) -> str:
    """Take the machine's clock as right; returns what was held. ConflictError: nothing was."""
    with store.write() as session:
        held = session.get(Setting, HELD)
        if held is None:
            raise ConflictError("The clock is trusted; there is nothing to agree to.")
        session.delete(held)
        if last := _last_entry(session):
            session.merge(Setting(name=AGREED, value=last.isoformat()))
        return _words(timedelta(seconds=float(held.value)))


def _last_entry(session: Session) -> datetime | None:
    return session.exec(select(Entry.at).order_by(col(Entry.seq).desc()).limit(1)).first()


def _words(jumped: timedelta) -> str:
    way = "forward" if jumped > timedelta() else "back"
    return (
        f"The clock jumped {way} by {abs(jumped)}; nothing is sent and nothing falls due until it "
        "is put right, or somebody agrees that it is right now: secretariat clock agree"
    )

"""When do mails leave? At once: a thread that waits for the store to be written to."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from notifications.drain import GRACE
from notifications.outbox import Outbox
from secretariat.bell import Bell
from secretariat.errors import SecretariatError

LOOKS_AGAIN = 1.0  # seconds, for mails whose hour comes without anybody writing

log = logging.getLogger(__name__)


@dataclass
class Postman:
    """Drains an outbox for as long as it serves; it alone does.

    ``may`` is asked each time: nothing is sent by a clock nobody trusts.
    """

    outbox: Outbox
    may: Callable[[], bool] = lambda: True
    _fault: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Only for who holds the store alone: what an earlier process was sending is taken over."""
        self._thread = threading.Thread(target=self._serve, name="postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further mail; what is under way is finished, or goes back, in half a minute."""
        self.outbox.stopping.set()
        self.outbox.store.written.set()
        if self._thread:
            self._thread.join(GRACE + 5)

    @property
    def words(self) -> str:
        """Why mail waits, and what is late; empty while all is well."""
        return self._fault or self.outbox.trouble

    def _serve(self) -> None:
        bell = Bell(self.outbox.store)
        recovered = False
        while not self.outbox.stopping.is_set():
            try:
                if not recovered:
                    self.outbox.recover()
                    recovered = True
                if self.may():
                    self.outbox.drain()
                self._fault = ""
            except Exception as error:
                self._note(error)
            bell.wait(LOOKS_AGAIN)
        bell.close()

    def _note(self, error: Exception) -> None:
        """A failure is logged once, shown, and tried again."""
        words = str(error)
        if words != self._fault:
            expected = isinstance(error, SecretariatError)
            log.error("mail waits: %s", words, exc_info=None if expected else error)
        self._fault = words

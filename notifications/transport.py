"""How is a mail handed over? What the outbox asks of whatever carries it, real or made up."""

from dataclasses import dataclass
from typing import Protocol

BUSY = {421, 432}  # the relay closes, or has too many connections: come back with fewer, later


class RelayError(Exception):
    """The relay cannot be used now; no message is to blame. ``busy``: it only wants less."""

    def __init__(self, words: str, *, busy: bool = False) -> None:
        super().__init__(words)
        self.busy = busy


@dataclass(frozen=True)
class Frozen:
    """One mail as every attempt sends it: the outbox row's number, envelope and bytes."""

    id: int
    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt: the ``phase`` it ended in and what the relay said there.

    ``phase`` is mail, rcpt, data (until the last byte has left) or dot. ``code`` is the reply's;
    0: there was none, because the connection broke or made no sense. ``fault``: it is our own.
    """

    phase: str
    code: int
    words: str
    fault: bool = False


class Connection(Protocol):
    """One open connection; ``usable`` until it breaks or closes."""

    usable: bool

    async def offer(self, mail: Frozen) -> Attempt | None:
        """Announce a mail; None once the relay asks for its text. Nothing is delivered yet."""

    async def deliver(self, mail: Frozen) -> Attempt:
        """Send the text of the mail just offered, and hear what becomes of it."""

    async def close(self) -> None:
        """Take leave if that is still possible; never raises."""


class Transport(Protocol):
    """Where mail leaves."""

    async def connect(self) -> Connection:
        """Raises RelayError with what to mend."""

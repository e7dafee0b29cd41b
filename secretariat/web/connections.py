"""How many may be connected, and how long a request may take to be said."""

import asyncio
import resource

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD, BODY = 20.0, 600.0  # seconds; the largest workbook over the slowest line takes some minutes
_FILES, _KEPT = 20_000, 500  # open files; the store, mail and Prefect need some whoever connects


def most_connections() -> int:
    """How many connections leave the rest of this process the open files it needs.

    The system's usual 1,024 are raised as far as it allows.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _KEPT, files // 2)


class Connection(H11Protocol):
    """One that ends where it is one too many, or a request does not end."""

    _ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        most = self.config.limit_concurrency
        if most and len(self.connections) > most:
            transport.abort()
            return
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._expect()
        else:
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._ends is None:
            self._ends = self.loop.call_later(HEAD, self._is_late)

    def _expect_nothing(self) -> None:
        if self._ends:
            self._ends.cancel()
            self._ends = None

    def _is_late(self) -> None:
        """Its head was to be said by now; a body has longer."""
        if self.conn.their_state is h11.SEND_BODY:
            self._ends = self.loop.call_later(BODY, self.transport.abort)
        else:
            self.transport.abort()

"""Has anybody written to the store? Waited for without asking it all the time."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from secretariat.store import NOTICES, Store

_GLANCE = 0.05  # seconds between two looks at what other processes wrote
_STOPS_WITHIN = 0.5  # seconds in which somebody who rings without writing is heard


class Bell:
    """Rings when any process has written to a store. One thread waits for it.

    A store that is away rings nothing: who waits looks again after its time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._driver: Any = store.engine.dialect.dbapi
        self._connection: Any = None
        self._seen: object = None
        self._wait: Callable[[float], None] = (
            self._wait_sqlite if store.is_sqlite else self._wait_postgresql
        )

    def wait(self, seconds: float) -> None:
        """Return after a write since the last return, or after ``seconds``."""
        end = time.monotonic() + seconds
        try:
            self._wait(seconds)
        except self._driver.Error:
            self.close()
            self._store.written.wait(max(0.0, end - time.monotonic()))
        self._store.written.clear()

    def close(self) -> None:
        if self._connection is not None:
            with suppress(self._driver.Error):
                self._connection.close()
        self._connection = None

    def _wait_sqlite(self, seconds: float) -> None:
        """SQLite counts what other connections commit; asking costs some microseconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._store.written.wait(_GLANCE):
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{self._store.engine.url.database}?mode=ro", uri=True
                )
            (version,) = self._connection.execute("pragma data_version").fetchone()
            if version != self._seen:
                self._seen = version
                return

    def _wait_postgresql(self, seconds: float) -> None:
        """PostgreSQL tells of commits, also of our own."""
        if self._connection is None:
            url = self._store.engine.url.set(drivername="postgresql")
            self._connection = self._driver.connect(
                url.render_as_string(hide_password=False), autocommit=True, connect_timeout=5
            )
            self._connection.execute(f"listen {NOTICES}")
            return
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._store.written.is_set():
            for _ in self._connection.notifies(timeout=_STOPS_WITHIN, stop_after=1):
                return

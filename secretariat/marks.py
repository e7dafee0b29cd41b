"""Is the store as it was? Told by a mark, without looking at what is in it."""

import sqlite3
from threading import Lock

from sqlalchemy.exc import DBAPIError

from secretariat.store import Store


class Marks:
    """Equal marks: nothing was committed in between, by whichever process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: sqlite3.Connection | None = None
        self._lock = Lock()
        self._look = self._look_sqlite if store.is_sqlite else self._look_postgresql

    def now(self) -> str | None:
        """None: it cannot be told, as the store is away or only in memory."""
        try:
            return self._look()
        except (DBAPIError, sqlite3.Error):
            return None

    def _look_sqlite(self) -> str | None:
        """SQLite counts what other connections commit, so one is kept that only looks."""
        path = self._store.file
        if not path:
            return None
        with self._lock:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{path}?mode=ro", uri=True, check_same_thread=False
                )
            (version,) = self._connection.execute("pragma data_version").fetchone()
            return str(version)

    def _look_postgresql(self) -> str | None:
        """PostgreSQL says which transactions are seen, of other databases beside ours, too."""
        with self._store.engine.connect() as connection:
            return connection.exec_driver_sql("select pg_current_snapshot()::text").scalar()

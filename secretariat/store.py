"""One database, SQLite or PostgreSQL: how it is opened, read, written and copied."""

import contextlib
import copy
import fcntl
import shutil
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import PoolProxiedConnection, StaticPool
from sqlmodel import Session, SQLModel, select

from schemas import account_tables, tables, webhook_tables
from secretariat.errors import BadInputError, ConflictError, DamagedError, UnreachableError
from secretariat.rows import RowSession

MIGRATIONS = Path(__file__).parent / "migrations"
# What a possible future needs nothing of.
_PAST = {"ledger", "link", "run", "received", "stored_file", "attendee", "lease"} | {
    str(table.__tablename__)
    for table in (
        account_tables.SignedIn,
        account_tables.SecondFactor,
        account_tables.RecoveryCode,
        account_tables.ClosedAccount,
        webhook_tables.Webhook,
    )
}
_OUTBOX = tables.Mail.__table__  # type: ignore[attr-defined]
_OTHER = _OUTBOX.alias()
# What is not over; a mail that became part of another is over when that one is.
_WAITING = {
    "timer": tables.Timer.__table__.c.claimed_at.is_(None),  # type: ignore[attr-defined]
    "outbox": _OUTBOX.c.ended_at.is_(None)
    & (
        _OUTBOX.c.bundle.is_(None)
        | _OUTBOX.c.bundle.in_(select(_OTHER.c.id).where(_OTHER.c.ended_at.is_(None)))
    ),
}
_LATEST = tables.Entry.__table__.c.seq.desc()  # type: ignore[attr-defined]
# One writer at a time, on PostgreSQL too: the ledger is a chain.
_ROOM = 8_000_000  # bytes to be sure of the next writes
AT_ONCE = 16
"""Threads that may work with one store at once: each holds up to four connections, and waits for
none that another thread holds while it waits as well."""
PATIENCE = 15  # seconds a writer waits for others
NOTICES = "secretariat"  # PostgreSQL's channel on which writers tell of their commits
WRITER_LOCK = 7_205_759_403_792_793
_SERVER_LOCK = WRITER_LOCK + 1
_NUMBER = Column("version_num", String(32), primary_key=True)
_REVISION = Table("alembic_version", MetaData(), _NUMBER)  # as Alembic keeps it


class _Line:
    """Writers stand in line. Left to SQLite they would look again ten times a second, and one that
    writes without end, as the postman at times does, would be there first each time.
    """

    def __init__(self) -> None:
        self._lock, self._taken = threading.Lock(), False
        self._waiting: deque[threading.Lock] = deque()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Raises UnreachableError: those before took too long."""
        with self._lock:
            place = threading.Lock() if self._taken else None
            if place:
                place.acquire()
                self._waiting.append(place)
            self._taken = True
        if place and not place.acquire(timeout=PATIENCE):
            self._give_up(place)
        try:
            yield
        finally:
            self._next()

    def _give_up(self, place: threading.Lock) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                raise UnreachableError("Others write without end. Nothing was changed; try again.")

    def _next(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Store:
    """Sessions over one database. Writers are alone from their first statement on.

    ``written`` is set whenever this process has written; who waits for it clears it.
    """

    def __init__(self, engine: Engine, *, lasting: bool = True) -> None:
        self.engine = engine
        self.written = threading.Event()
        self._check: Callable[[Connection], None] | None = None
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._turn = _Line().turn if self.is_sqlite else contextlib.nullcontext
        if self.is_sqlite:
            event.listen(engine, "connect", _prepare_sqlite if lasting else _prepare_scratch)
            _begin_by(engine.dialect, "BEGIN")

    @cached_property
    def _writer(self) -> Engine:
        """The engine for who writes: in SQLite it has a dialect of its own to begin by."""
        writer = self.engine.execution_options()
        if self.is_sqlite:
            self.engine.connect().close()  # it is the first connection that makes a dialect whole
            writer.dialect = copy.copy(self.engine.dialect)
            _begin_by(writer.dialect, "BEGIN IMMEDIATE")
        return writer

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None: in memory, or on a server."""
        path = self.engine.url.database if self.is_sqlite else None
        return Path(path) if path else None

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        with self._reachable(), RowSession(self.engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end, or rolled back whole by any exception."""
        with self.queue() as session:
            if not self.is_sqlite:  # its notice leaves with the commit
                session.connection().exec_driver_sql(
                    f"select pg_advisory_xact_lock({WRITER_LOCK}), pg_notify('{NOTICES}', '')"
                )
            yield session
        self.written.set()

    @contextlib.contextmanager
    def queue(self) -> Iterator[Session]:
        """As ``write``, for the queues beside the ledger only: it waits for no writer of that."""
        with (
            self._reachable(),
            self._turn(),
            RowSession(self._writer, expire_on_commit=False) as session,
        ):
            if self._check:
                self._check(session.connection())
            yield session
            session.flush()
            session.commit()

    @contextlib.contextmanager
    def note(self) -> Iterator[Connection]:
        """As ``queue``, for statements alone: half the work of a session, which reads objects."""
        with self._reachable(), self._turn(), self._writer.begin() as connection:
            if self._check:
                self._check(connection)
            yield connection

    def fenced(self, check: Callable[[Connection], None]) -> "Store":
        """The same store, every writing transaction of which begins with ``check``."""
        fenced = copy.copy(self)
        fenced._check = check
        return fenced

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Everything as it is at one moment, however long it is read and whoever writes."""
        of_one_moment = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        engine = self.engine.execution_options(**of_one_moment)
        with self._reachable(), engine.connect() as connection:
            yield connection

    def check_room(self) -> None:
        """Raises UnreachableError while the disk is too full to be sure of the next write."""
        path = self.file
        if path and path.exists() and shutil.disk_usage(path).free < _ROOM:
            raise UnreachableError(
                f"The disk that holds {path} is nearly full. Make room on it; mail waits."
            )

    def copy(self) -> "Store":
        """What is now and what waits, in memory, to live a possible future in; not the past."""
        possible = blank()
        with self.read() as source, possible.write() as session:
            for table in SQLModel.metadata.sorted_tables:
                if table.name in _PAST:
                    continue
                query = table.select()
                if table.name in _WAITING:
                    query = query.where(_WAITING[table.name])
                if rows := [dict(row) for row in source.connection().execute(query).mappings()]:
                    session.connection().execute(table.insert(), rows)
            if last := source.exec(select(tables.Entry).order_by(_LATEST).limit(1)).first():
                session.add(tables.Entry(**last.model_dump()))
        return possible

    @contextlib.contextmanager
    def held(self, *, beside: bool = False) -> Iterator[bool]:
        """Whether this process may have the store to itself, wherever others run from.

        ``beside``: others who say so too may have it as well, where the database allows it.
        """
        if self.is_sqlite:
            path = Path(f"{self.engine.url.database}.lock")
            try:
                lock = path.open("w")
            except OSError as error:
                raise UnreachableError(
                    f"{path} cannot be written ({error.strerror}). {_ADVICE['unable to open']}"
                ) from None
            with lock:
                yield locked(lock)
            return
        with self._reachable(), self.engine.connect() as connection:
            connection.detach()  # closed at the end, and not kept with its lock for who is next
            way = "_shared" if beside else ""
            query = f"select pg_try_advisory_lock{way}({_SERVER_LOCK})"
            yield bool(connection.exec_driver_sql(query).scalar())

    def fold(self) -> None:
        """Have all of a SQLite store in its one file, which no connection of ours has open then.

        Raises UnreachableError: another program uses it.
        """
        self.engine.dispose()
        with self._driven() as connection:
            connection.execute("pragma busy_timeout=1000")
            connection.execute("pragma journal_mode=delete")
        self.engine.dispose()

    def write_to(self, path: Path) -> None:
        """All of a SQLite store as it is at one moment, in a new file: no trace of what is deleted.

        SQLite does it by itself, so that nothing else in this process waits. It is not synced: what
        is synced elsewhere would wait for that, too.
        """
        with self._driven() as connection:
            connection.execute("pragma synchronous=off")
            try:
                connection.execute("vacuum into ?", (str(path),))
            finally:
                connection.execute("pragma synchronous=full")

    def taken(self, most: int) -> bytes | None:
        """All of a store in memory, for another to begin with; None: that is more bytes."""
        with self._driven() as connection:
            (pages,), (size,) = (
                connection.execute(f"pragma page_{each}").fetchone() for each in ("count", "size")
            )
            return connection.serialize() if pages * size <= most else None

    @contextlib.contextmanager
    def _driven(self) -> Iterator[sqlite3.Connection]:
        """SQLite itself, for what is done in no transaction."""
        with self._reachable(), self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            try:
                yield raw
            except sqlite3.Error as error:
                raise DBAPIError("", None, error) from None

    def is_empty(self) -> bool:
        """Whether nobody has made the tables yet. Raises UnreachableError."""
        with self._reachable():
            return not inspect(self.engine).has_table("ledger")

    def is_untouched(self) -> bool:
        """Whether nothing has ever happened in it."""
        with self.read() as session:
            return session.exec(select(tables.Entry.seq).limit(1)).first() is None

    def is_there(self, connection: Connection) -> bool:
        """As ``is_empty``, told the other way, within somebody's transaction."""
        return inspect(connection).has_table("ledger")

    def revision(self, connection: Connection) -> str:
        """The schema its tables have, as migrations are numbered."""
        return connection.scalar(_REVISION.select()) or ""

    def is_behind(self) -> bool:
        """Whether its tables are those of an earlier release.

        Raises ConflictError: a newer release made them.
        """
        known = _revisions()
        with self.snapshot() as connection:
            revision = self.revision(connection)
        if revision not in known:
            raise self._made_by_a_newer()
        return revision != known[-1]

    def make_tables(self) -> None:
        """Today's tables, where there are none; two programs may begin with it at once.

        As all migrations together would, in a tenth of the time.
        """
        with self.note() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"select pg_advisory_xact_lock({WRITER_LOCK})")
            if self.is_there(connection):
                return
            SQLModel.metadata.create_all(connection)
            _REVISION.create(connection)
            connection.execute(_REVISION.insert().values(version_num=_revisions()[-1]))

    def migrate(self, to: str = "head", within: Connection | None = None) -> None:
        """Bring the tables to the newest schema, or to that of an earlier release.

        It is done in a transaction, also in that of ``within``. Raises UnreachableError;
        ConflictError: a newer release made them.
        """
        from alembic import command  # noqa: PLC0415  half a second that most starts do not need
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes.update(engine=self.engine, within=within)
        try:
            with self._reachable():
                command.upgrade(config, to)
        except CommandError:
            raise self._made_by_a_newer() from None

    def _made_by_a_newer(self) -> ConflictError:
        return ConflictError(
            f"The tables in {self.engine.url.render_as_string()} were made by a newer "
            "secretariat. Use that one, or a backup from before it."
        )

    @contextlib.contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (DataError, UnicodeEncodeError):
            raise BadInputError(
                "A character or number in what was handed in is none a database can hold. "
                "Nothing was changed."
            ) from None
        except DBAPIError as error:
            advice = _advice(error)
            if advice is None:
                raise
            kind = DamagedError if advice == _DAMAGED else UnreachableError
            raise kind(
                f"The database {self.engine.url.render_as_string()} cannot be used "
                f"({str(error.orig).strip().splitlines()[0]}). {advice}"
            ) from None


def _revisions() -> list[str]:
    """The schema of every release so far, the first one first: files are named by them."""
    return sorted(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def blank(taken: bytes | None = None) -> Store:
    """A store in memory, empty or with what was ``taken`` of one; gone with whoever uses it."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    store = Store(engine)
    if taken is None:
        SQLModel.metadata.create_all(engine)
    else:
        with store._driven() as connection:
            connection.deserialize(taken)
    return store


def open_store(url: str, *, lasting: bool = True) -> Store:
    """The store at a database URL (sqlite or postgresql). Raises UnreachableError.

    Not ``lasting``: a SQLite file that may be lost with the power, so that nothing waits for disks.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return Store(create_engine(parsed, **_options(parsed)), lasting=lasting)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        raise UnreachableError(
            "SECRETARIAT_DATABASE_URL is no database secretariat knows. Write "
            "sqlite:////path/to/secretariat.db or postgresql://user@host/database."
        ) from None


def opened(url: str) -> Store:
    """A store that already holds the tables. Raises UnreachableError, ConflictError."""
    store = open_store(url)
    missing = store.file and not store.file.exists()
    if missing or store.is_empty():
        raise ConflictError(
            f"There is nothing in {store.engine.url.render_as_string()} yet. "
            "Run “secretariat demo” to see the year 2018, or “secretariat init” and "
            "“secretariat up” to begin your own."
        )
    return store


def _options(url: URL) -> dict[str, Any]:
    hidden = {"hide_parameters": True}  # an error's text goes to logs; mails and links do not
    if url.get_backend_name() == "sqlite":
        local = {"timeout": PATIENCE, "check_same_thread": False}
        return hidden | {"max_overflow": -1, "connect_args": local}
    away = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
    return hidden | away | {"max_overflow": AT_ONCE * 4}


_STRICT = ("foreign_keys=ON", "trusted_schema=OFF")
_IN_PLACE = "mmap_size=2000000000"  # pages are not copied to be read: nobody else has the file


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # ``_begin_by`` says how transactions start
    for pragma in ("journal_mode=WAL", "synchronous=FULL", *_STRICT):
        connection.execute(f"pragma {pragma}")


def _prepare_scratch(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("synchronous=OFF", _IN_PLACE, *_STRICT):
        connection.execute(f"pragma {pragma}")


def _begin_by(dialect: Dialect, statement: str) -> None:
    """How transactions start. A listener could say it, and cost every statement a fifth more."""

    def do_begin(connection: PoolProxiedConnection) -> None:
        connection.cursor().execute(statement)

    dialect.do_begin = do_begin  # type: ignore[assignment,method-assign]


_AWAY = "Check SECRETARIAT_DATABASE_URL and that the server runs."
_DAMAGED = "The file is damaged or no database; put it back from a backup."
_ADVICE = {
    "unable to open": "Check SECRETARIAT_DATABASE_URL, and who may use that directory.",
    "readonly": "Reading needs to write beside it too: use it as the user that owns the file.",
    "locked": "Another program holds it; try again when that has ended.",
    "disk is full": "Make room on the disk; nothing was half done.",
    "no space": "Make room on the disk; nothing was half done.",
    "disk i/o": "Check the disk; nothing was half done.",
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "could not connect": _AWAY,
    "connection": _AWAY,
}


def _advice(error: DBAPIError) -> str | None:
    """What a person can do about it; None where the fault is ours."""
    said = str(error.orig).lower()
    found = next((advice for words, advice in _ADVICE.items() if words in said), None)
    return found or (_AWAY if error.connection_invalidated else None)


def locked(file: IO[str]) -> bool:
    """Whether an open file is now this process's alone; for as long as it is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

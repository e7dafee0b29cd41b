"""Every row of one store in another, SQLite or PostgreSQL, whichever way: what there is, not what
the code of today expects, so that it holds for every schema there was."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    TableClause,
    event,
    func,
    insert,
    inspect,
    select,
)

from schemas.columns import Instant
from secretariat import ledger
from secretariat.errors import BadInputError, ConflictError
from secretariat.ledger import Head, canonical
from secretariat.store import Store, open_store, opened

Tell = Callable[[str], None]
_AT_ONCE = 200  # rows in memory; one may hold a document
_NOT_OURS = {"alembic_version"}


@dataclass(frozen=True)
class Rows:
    """A table's rows: how many, and a digest that is equal wherever the same rows are kept."""

    count: int
    sha256: str


def counts(connection: Connection) -> dict[str, int]:
    """How many rows a store holds, table by table."""
    found = {}
    for name in sorted(set(inspect(connection).get_table_names()) - _NOT_OURS):
        query = select(func.count()).select_from(TableClause(name))
        found[name] = connection.execute(query).scalar_one()
    return found


def contents(connection: Connection) -> dict[str, Rows]:
    """What a store holds, table by table."""
    return {table.name: _summed(_batches(connection, table)) for table in _tables(connection)}


def pour(source: Connection, target: Connection, tell: Tell = lambda _: None) -> dict[str, Rows]:
    """Put every row of a store into the empty tables of another one of the same schema."""

    def poured(table: Table) -> Iterator[Sequence[Any]]:
        for batch in _batches(source, table):
            target.execute(insert(table), [dict(row._mapping) for row in batch])
            yield batch

    found = {}
    for table in _tables(source):
        found[table.name] = _summed(poured(table))
        tell(f"{table.name}: {found[table.name].count} rows")
        if target.dialect.name == "postgresql":
            _count_on(target, table)
    return found


def move_to_postgresql(source_url: str, target_url: str, tell: Tell) -> Head:
    """Put the store of one URL into the empty database of another; the head of its ledger.

    It may be done again: what is there already is then only compared. Raises BadInputError: not
    from SQLite to PostgreSQL; ConflictError: something else is there, or is served from there.
    """
    source, target = opened(source_url), open_store(target_url)
    if not source.is_sqlite or target.is_sqlite:
        raise BadInputError(
            "A move goes from SQLite to PostgreSQL: write --to postgresql://user@host/database."
        )
    with target.held() as free:
        if not free:
            raise ConflictError("secretariat already runs on that database. Stop it first.")
        if target.is_empty():
            move(source, target, "", tell)
        elif not _are_equal(source, target):
            raise ConflictError(
                f"{target.engine.url.render_as_string()} holds something else. Name an empty "
                "database. Nothing was changed."
            )
    with target.read() as session:
        return ledger.head(session)


def _are_equal(one: Store, other: Store) -> bool:
    with one.snapshot() as here, other.snapshot() as there:
        return contents(here) == contents(there)


def move(source: Store, target: Store, aside: str, tell: Tell = lambda _: None) -> None:
    """Put a store into another database: in one transaction, so all of it or nothing.

    Tables of ours that are there go into a schema called ``aside``, and stay there.
    Raises ConflictError: what arrived is not what was read.
    """
    with source.snapshot() as reading, target.note() as writing:
        if target.is_there(writing):
            _set_aside(writing, aside)
        target.migrate(to=source.revision(reading), within=writing)
        copied = pour(reading, writing, tell)
        if contents(writing) != copied:
            raise ConflictError(
                "What arrived in the database is not what was read. Nothing was changed there."
            )


def _tables(connection: Connection) -> list[Table]:
    """The tables there are, by name, with types that mean the same in both databases."""
    found = MetaData()
    event.listen(found, "column_reflect", _in_general)
    found.reflect(connection)
    return [table for name, table in sorted(found.tables.items()) if name not in _NOT_OURS]


def _in_general(_inspector: Any, _table: Table, column: Any) -> None:
    kind = column["type"].as_generic()
    if isinstance(kind, DateTime):
        kind = Instant()
    if isinstance(kind, JSON):
        kind = JSON(none_as_null=True)
    column["type"] = kind


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """All rows in the order of their key, which both databases are made to agree on."""
    keys = [_ordered(column, connection.dialect.name) for column in table.primary_key]
    query = select(table).order_by(*keys)
    rows = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    yield from rows.partitions()


def _ordered(column: Column[Any], dialect: str) -> Any:
    in_bytes = dialect == "postgresql" and isinstance(column.type, String)
    return column.collate("C") if in_bytes else column


def _summed(batches: Iterator[Sequence[Any]]) -> Rows:
    count, digest = 0, sha256()
    for count, row in enumerate(chain.from_iterable(batches), 1):  # noqa: B007
        plain = {name: _plain(value) for name, value in row._mapping.items()}
        digest.update(canonical(plain).encode() + b"\n")
    return Rows(count=count, sha256=digest.hexdigest())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


def _count_on(target: Connection, table: Table) -> None:
    """Let new rows be numbered from after the last one."""
    for column in table.primary_key:
        if isinstance(column.type, Integer):
            sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
            last = select(func.max(column)).scalar_subquery()
            query = select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None)))
            target.execute(query.where(sequence.is_not(None)))


def _set_aside(target: Connection, schema: str) -> None:
    quoted = target.dialect.identifier_preparer.quote
    target.exec_driver_sql(f"create schema {quoted(schema)}")
    for name in (*(table.name for table in _tables(target)), *_NOT_OURS):
        target.exec_driver_sql(f"alter table {quoted(name)} set schema {quoted(schema)}")

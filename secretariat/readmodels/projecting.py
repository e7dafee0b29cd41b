"""What each projection is made with: how it is registered, and reads an event."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

from schemas.events import Event
from secretariat.catalogues import marked
from secretariat.errors import UnknownError

Row = TypeVar("Row", bound=SQLModel)
Projection = Callable[[Session, Event, datetime], None]
PROJECTIONS: dict[str, Projection] = {}
_CALLED = {"som": "meeting"}
"""What people call a row, where its table has another name."""


def row(session: Session, table: type[Row], key: str | int) -> Row:
    """The row of that key. Raises UnknownError."""
    found = find(session, table, key)
    if found is None:
        raise unknown(table, key)
    return found


def find(session: Session, table: type[Row], key: str | int) -> Row | None:
    """As ``session.get``, which makes its statement anew each time: that is half of its work."""
    known: Row | None = session.identity_map.get(identity_key(table, key))
    return known or session.exec(_by_key(table), params={"key": key}).first()


@cache
def _by_key(table: type[Row]) -> SelectOfScalar[Row]:
    (key,) = table.__table__.primary_key.columns  # type: ignore[attr-defined]
    return select(table).where(key == bindparam("key"))


def unknown(table: type[SQLModel], key: str | int) -> UnknownError:
    name = table.__name__.lower()
    return UnknownError(
        marked("There is no {lower} “{key}”."), lower=_CALLED.get(name, name), key=key
    )


def on(*kinds: str) -> Callable[[Projection], Projection]:
    def register(projection: Projection) -> Projection:
        PROJECTIONS.update(dict.fromkeys(kinds, projection))
        return projection

    return register


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant_or_none(text: str | None) -> datetime | None:
    return instant(text) if text else None


def facts_for(table: type[SQLModel], event: Event) -> dict[str, Any]:
    """What an event says in the columns of a table; a letter, say, is only in the ledger."""
    return {name: value for name, value in event.data.items() if name in table.model_fields}

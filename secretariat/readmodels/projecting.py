"""What each projection is made with: how it is registered, and reads an event."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel

from schemas.events import Event
from secretariat.catalogues import marked
from secretariat.errors import UnknownError

Row = TypeVar("Row", bound=SQLModel)
Projection = Callable[[Session, Event, datetime], None]
PROJECTIONS: dict[str, Projection] = {}


def row(session: Session, table: type[Row], key: str | int) -> Row:
    """The row of that key. Raises UnknownError."""
    found = session.get(table, key)
    if found is None:
        raise unknown(table, key)
    return found


def unknown(table: type[SQLModel], key: str | int) -> UnknownError:
    return UnknownError(
        marked("There is no {lower} “{key}”."), lower=table.__name__.lower(), key=key
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

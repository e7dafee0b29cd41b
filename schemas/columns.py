"""How the store keeps a moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, TypeDecorator
from sqlmodel import Field

Processor = Callable[[Any], Any]
_ZONE = "+00:00"


class Instant(TypeDecorator[datetime]):
    """An aware instant, UTC in the store. ValueError: a naive datetime was handed in.

    SQLite keeps text. It is written and read here in one step each, as nearly every row has one.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; the store takes aware datetimes only")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat(" ", "microseconds")[: -len(_ZONE)]


def _of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + _ZONE)


def instant(**options: Any) -> Any:
    return Field(sa_type=Instant, **options)

"""What a backup says of itself."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

PRODUCT = "secretariat"
LAYOUT = 2
"""Of the file: another number is another way to lay it out."""


def _count(rows: Any) -> Any:
    """Layout 1 also had a digest of each table."""
    return rows["count"] if isinstance(rows, dict) else rows


class Manifest(BaseModel):
    """What was copied, when and from what.

    ``made_at`` is UTC, ``head`` the ledger's; ``tables`` has how many rows each holds.
    """

    model_config = ConfigDict(frozen=True)

    product: str = PRODUCT
    layout: int = LAYOUT
    version: str
    revision: str
    made_at: AwareDatetime
    head: str
    tables: dict[str, Annotated[int, BeforeValidator(_count)]]

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def stamp(made_at: datetime) -> str:
    """A moment (UTC) as backups carry it in their names."""
    return f"{made_at:%Y%m%dT%H%M%SZ}"

"""What a backup says of itself."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

PRODUCT = "secretariat"
LAYOUT = 1
"""Of the file: another number is another way to lay it out."""


class Rows(BaseModel):
    """A table's rows: how many, and a digest that is equal wherever the same rows are kept."""

    model_config = ConfigDict(frozen=True)

    count: int
    sha256: str


class Manifest(BaseModel):
    """What was copied, when and from what; ``made_at`` is UTC, ``head`` the ledger's."""

    model_config = ConfigDict(frozen=True)

    product: str = PRODUCT
    layout: int = LAYOUT
    version: str
    revision: str
    made_at: AwareDatetime
    head: str
    tables: dict[str, Rows]

    @property
    def rows(self) -> int:
        return sum(rows.count for rows in self.tables.values())


def stamp(made_at: datetime) -> str:
    """A moment (UTC) as backups carry it in their names."""
    return f"{made_at:%Y%m%dT%H%M%SZ}"

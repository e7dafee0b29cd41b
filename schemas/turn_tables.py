"""The tables of the chair's turns: who passed one, who offered to swap."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class PassedTurn(SQLModel, table=True):
    """A member that did not take its turn; it is first in line for the SOM after."""

    __tablename__ = "passed_turn"

    som: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    reason: str
    passed_at: datetime = instant()


class Swap(SQLModel, table=True):
    """A turn offered to another member in place of its own; it counts once accepted."""

    __tablename__ = "swap"
    __table_args__ = (CheckConstraint("state in ('offered', 'accepted', 'declined')"),)

    som: str = Field(primary_key=True)
    member: str
    other: str
    reason: str
    state: str = "offered"
    offered_at: datetime = instant()
    answered_at: datetime | None = instant(default=None)

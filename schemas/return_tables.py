"""The table of returns: what figures a body has handed in for a period, and how far they are."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class FigureReturn(SQLModel, table=True):
    """A body's figures for one period, answering an obligation, whose ``id`` it shares.

    ``figures`` are as they were last handed in, ``draft`` what was saved since. ``late`` says for
    ever that they first came after their day.
    """

    __tablename__ = "figure_return"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'submitted', 'correction', 'verified')"),
        CheckConstraint("(state = 'draft') = (submitted_at is null)"),
        CheckConstraint("(state = 'verified') = (verified_at is not null)"),
    )

    id: str = Field(primary_key=True)
    function: str
    period: str = Field(index=True)
    body: str
    state: str
    draft: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    figures: list[dict[str, Any]] = Field(sa_type=JSON)
    saved_at: datetime = instant()
    version: int = Field(default=0, description="how many entries of the ledger are about it")
    submissions: int = Field(default=0, description="how often it was handed in")
    number: int | None = Field(default=None, description="of the last receipt")
    first_submitted_at: datetime | None = instant(default=None)
    submitted_at: datetime | None = instant(default=None)
    submitted_by: str | None = Field(default=None, description="the contact, if it is known")
    late: bool = False
    correction: str = Field(default="", description="why it was last sent back")
    correction_asked_at: datetime | None = instant(default=None)
    verified_at: datetime | None = instant(default=None)
    verified_by: str | None = None
    verified_note: str = ""

    @property
    def so_far(self) -> list[dict[str, Any]]:
        """What its body has given: its draft, else what it handed in."""
        return self.figures if self.draft is None else self.draft

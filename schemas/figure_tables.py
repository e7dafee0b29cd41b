"""The tables of figures: what was stated, and how far each strand has come."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class Statement(SQLModel, table=True):
    """One claim of a figure with its source; ``id`` is ``indicator/period/about#number``.

    Several statements of the same figure may contradict each other: all are kept.
    """

    __tablename__ = "statement"
    __table_args__ = (Index("ix_statement_figure", "indicator", "period", "about"),)

    id: str = Field(primary_key=True)
    number: int = Field(description="the how many-eth statement of this figure")
    indicator: str
    period: str
    about: str
    value: int = Field(sa_type=BigInteger)
    parts: dict[str, int] = Field(sa_type=JSON)
    at_least: bool = False
    planned: bool = False
    counts: list[str] = Field(sa_type=JSON)
    missing: list[str] = Field(sa_type=JSON)
    counted: int | None = Field(default=None, description="what the record here had then")
    source: str
    says: str = ""
    note: str = ""
    inferred: bool = False
    by: str
    contact: str | None = None
    stated_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)
    withdrawn_why: str = ""


class StageReport(SQLModel, table=True):
    """How far a receiver is with one stage; ``id`` is ``function/strand/stage@receiver``."""

    __tablename__ = "stage_report"
    __table_args__ = (CheckConstraint("state in ('planned', 'under-way', 'reached')"),)

    id: str = Field(primary_key=True)
    function: str = Field(index=True)
    strand: str
    stage: str
    receiver: str
    state: str
    at: str | None = Field(default=None, description="the day or quarter reached or expected")
    evidence: str
    source: str = ""
    inferred: bool = False
    by: str
    reported_at: datetime = instant()

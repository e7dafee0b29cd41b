"""Every figure with where it is said, as ``secretariat figures --json`` prints it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, computed_field

from schemas.measures import Area


class Contradicting(BaseModel):
    """What does not fit together, and which of it the members' own figures bear out."""

    words: str
    holds: str


class StatementSeen(BaseModel):
    """One claim of a figure: ``says`` is the source's sentence, ``note`` its footnote."""

    id: str
    value: int
    parts: dict[str, int | str]
    at_least: bool
    counts: list[str]
    missing: list[str]
    counted: int | None
    source: str
    says: str
    note: str
    inferred: bool
    by: str
    stated_at: datetime
    withdrawn_at: datetime | None
    withdrawn_why: str


class FigureSeen(BaseModel):
    """One indicator in one period: ``about`` a member, a pair, or the region.

    ``value`` is what was said last and not withdrawn; None: all of it was.
    """

    indicator: str
    name: str
    function: str
    area: Area | None
    unit: str
    period: str
    about: str
    about_name: str
    planned: bool
    statements: list[StatementSeen]
    contradictions: list[Contradicting]

    @property
    def standing(self) -> StatementSeen | None:
        """The statement that counts."""
        return next((s for s in reversed(self.statements) if s.withdrawn_at is None), None)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def value(self) -> int | None:
        return self.standing.value if self.standing else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def said(self) -> str:
        """“at least 1,589 persons”, as people read it; a parallel to ``value``."""
        if self.standing is None:
            return "withdrawn"
        unit = self.unit if self.unit.startswith("%") else f" {self.unit}"
        return f"{'at least ' if self.standing.at_least else ''}{self.standing.value:,}{unit}"


class Measured(BaseModel):
    """All figures of one indicator."""

    slug: str
    name: str
    area: Area | None
    figures: list[FigureSeen]

    @property
    def outlook(self) -> str:
        """“3 of 9”: what was counted in the region, of that and what is planned; else nothing."""
        region = [f for f in self.figures if f.about == "region" and f.value is not None]
        done = sum(f.value or 0 for f in region if not f.planned)
        planned = sum(f.value or 0 for f in region if f.planned)
        return f"{done:,} of {done + planned:,}" if done and planned else ""


class StageSeen(BaseModel):
    """How far a receiver is with a stage; ``when`` is the day, month or quarter."""

    function: str
    strand: str
    stage: str
    name: str
    receiver: str
    receiver_name: str
    state: str
    when: str | None
    evidence: str
    source: str
    inferred: bool
    by: str
    reported_at: datetime


class StrandSeen(BaseModel):
    """A strand with, for each stage, what each receiver has reported; ``reached`` of ``of``."""

    function: str
    slug: str
    name: str
    receivers: dict[str, str]
    stages: list[dict[str, Any]]
    reports: dict[str, StageSeen]

    def report(self, stage: str, receiver: str) -> StageSeen | None:
        return self.reports.get(f"{stage}@{receiver}")

    def reached(self, stage: str) -> int:
        return sum(
            report.stage == stage and report.state == "reached" for report in self.reports.values()
        )


class Figures(BaseModel):
    """``at`` is the instant, in UTC, as of which all of it was known."""

    at: datetime
    figures: list[FigureSeen]
    strands: list[StrandSeen]

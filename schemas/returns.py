"""What is known of the returns of a year, as pages, papers and programs read it."""

from datetime import date, datetime

from pydantic import BaseModel, computed_field

Count = int | str
"""A count, or the words that stand in for one too small to be told."""


class FigureCollected(BaseModel):
    """One figure asked of one body; ``value`` is None while it is not given."""

    indicator: str
    name: str
    area: str | None
    unit: str
    adds_up: bool
    period: str
    about: str
    about_name: str
    value: int | None = None
    parts: dict[str, Count] = {}
    before: int | None = None
    unavailable: str = ""
    note: str = ""
    state: str

    @property
    def open(self) -> bool:
        """Nothing was said of it yet."""
        return self.value is None and not self.unavailable


class RatesSeen(BaseModel):
    """In percent, rounded down; None: nothing was asked, or nothing is due yet."""

    who: str
    asked: int
    given: int
    due: int
    in_time: int
    completeness: int | None
    timeliness: int | None


class ReturnSeen(BaseModel):
    """One body's answer; its ``state`` is asked, draft, submitted, correction, verified or ended
    (the secretariat ended it without figures)."""

    obligation: str
    function: str
    function_name: str
    title: str
    period: str
    body: str
    body_name: str
    member: str | None
    due_on: date
    state: str
    late: bool
    number: int | None = None
    submitted_at: datetime | None = None
    verified_at: datetime | None = None
    correction: str = ""
    ended_why: str = ""
    figures: list[FigureCollected]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def given(self) -> int:
        return sum(figure.value is not None for figure in self.figures)

    @property
    def arrived(self) -> bool:
        return self.submitted_at is not None


class Collected(BaseModel):
    """All returns of a year, as of ``at``."""

    year: str
    at: datetime
    guarded: bool
    returns: list[ReturnSeen]
    rates: list[RatesSeen]
    overall: RatesSeen | None

    @property
    def missing(self) -> list[ReturnSeen]:
        return [each for each in self.returns if not each.arrived]

    @property
    def to_verify(self) -> list[ReturnSeen]:
        return [each for each in self.returns if each.state == "submitted"]

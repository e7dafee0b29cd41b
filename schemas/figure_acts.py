"""Acts by which figures are stated and stages are reported, always with where it is said."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.act import Act, Name, Words
from schemas.anchor import Anchor
from schemas.texts import READABLE

Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), READABLE]
Period = Annotated[
    str,
    StringConstraints(
        pattern=r"^([12][0-9]{3}(-(H[12]|Q[1-4]|[12][0-9]{3}))?|SOM[1-9][0-9]{0,2})$"
    ),
]
Whole = Annotated[int, Field(ge=0, lt=10**15)]


class StateFigure(Act):
    """Say a figure with its source: ``about`` a member, a pair such as CN-TH, or the region.

    ``counts`` are the members a figure of the region takes in, ``missing`` those it names as yet to
    report. ``planned`` marks what is foreseen for the period rather than counted in it.
    """

    act: Literal["state-figure"] = "state-figure"
    indicator: Name
    period: Period
    about: Name
    value: Whole
    parts: dict[Name, Whole] = Field(default_factory=dict, max_length=8)
    at_least: bool = False
    planned: bool = False
    counts: list[Name] = Field(default_factory=list, max_length=20)
    missing: list[Name] = Field(default_factory=list, max_length=20)
    source: Words
    says: Said = ""
    note: Said = ""
    inferred: bool = False


class WithdrawFigure(Act):
    """A statement was wrong; it stays to be seen, and no longer counts."""

    act: Literal["withdraw-figure"] = "withdraw-figure"
    statement: Name
    reason: Words


class ReportStage(Act):
    """How far a receiver is with a stage: reached, under way or planned, and what shows it.

    ``when`` is the day or quarter it was reached on, or is expected by.
    """

    act: Literal["report-stage"] = "report-stage"
    function: Name
    strand: Name
    receiver: Name
    stage: Name
    state: Literal["planned", "under-way", "reached"] = "reached"
    when: Anchor | None = None
    evidence: Words
    source: Said = ""
    inferred: bool = False

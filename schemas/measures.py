"""What is measured, and what is developed in stages: the parts of a programme that give figures."""

from typing import Literal

from pydantic import Field

from schemas.part import Part, Slug
from schemas.texts import Line

Area = Literal["prevention", "prosecution", "policy", "protection"]
Split = Literal["sex", "age"]
PARTS: dict[Split, tuple[str, str]] = {"sex": ("women", "men"), "age": ("children", "adults")}
"""Into which parts a count of people is split; the parts of one split add up to the whole."""


class Indicator(Part):
    """Something figures are given for: for each ``period``, of each ``of``.

    ``of`` is what one figure is about: a member, a pair of members, or the region. Only counts that
    are summed over members ``adds_up``; a percentage does not. ``counted`` names what the program
    knows by itself, so that what is said can be compared with it.
    """

    slug: Slug
    name: Line
    function: Slug = Field(description="whose work it measures")
    area: Area | None = None
    unit: Line = "persons"
    of: Literal["member", "pair", "region"] = "member"
    by: list[Split] = Field([], description="how the count is split")
    adds_up: bool = True
    counted: Literal["fully", "partly", "reported", "mechanisms", "pairs"] | None = None

    @property
    def parts(self) -> list[str]:
        return [part for split in self.by for part in PARTS[split]]


class Stage(Part):
    """A step of a strand, and what shows that a receiver has come so far."""

    slug: Slug
    name: Line
    evidence: str


class Strand(Part):
    """Something each receiver of a function develops through the same stages, in their order."""

    slug: Slug
    name: Line
    stages: list[Stage] = Field(min_length=1)

"""When does it happen? A day, or, while nobody knows the day yet, a quarter."""

import re
from calendar import monthrange
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from schemas.texts import inert

YEARS = range(1900, 2200)
"""The years anything here can lie in; beyond them a date is a slip of the pen."""

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


def end_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


class Anchor(BaseModel):
    """The date a cycle's milestones count from, written ``2020-03-10`` or ``2019-Q1``.

    A quarter is *tentative*: dates are then counted from its last day, and named provisional.
    Days are calendar days without a time zone; the owner's zone decides when a day ends.
    """

    model_config = ConfigDict(frozen=True)

    day: date
    tentative: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        if isinstance(value, date):
            return {"day": value}
        if not isinstance(value, str):
            return value
        quarter = _QUARTER.fullmatch(value)
        try:
            if quarter:
                day = end_of_month(int(quarter[1]), int(quarter[2]) * 3)
            else:
                day = date.fromisoformat(value)
        except ValueError:
            day = date.max
        if day.year not in YEARS or not (quarter or value == day.isoformat()):
            raise ValueError(
                f"“{inert(value)}” is neither a date like 2020-03-10 nor a quarter like 2019-Q1"
            )
        return {"day": day, "tentative": bool(quarter)}

    @model_serializer
    def __str__(self) -> str:
        if self.tentative:
            return f"{self.day.year}-Q{(self.day.month + 2) // 3}"
        return self.day.isoformat()

    @property
    def first(self) -> date:
        """The earliest day it can be."""
        return self.day.replace(month=self.day.month - 2, day=1) if self.tentative else self.day

    @property
    def words(self) -> str:
        """For people: “10 March 2020” or “first quarter of 2019”."""
        if self.tentative:
            ordinal = ("first", "second", "third", "fourth")[(self.day.month - 1) // 3]
            return f"{ordinal} quarter of {self.day.year}"
        return f"{self.day.day} {self.day:%B %Y}"

"""When does it happen? A day, or, while nobody knows the day yet, a month or a quarter."""

import re
from calendar import monthrange
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from schemas.texts import inert

YEARS = range(1900, 2200)
"""The years anything here can lie in; beyond them a date is a slip of the pen."""

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def end_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


class Anchor(BaseModel):
    """The date a cycle's milestones count from: ``2020-03-10``, ``2020-03`` or ``2019-Q1``.

    A month or quarter is *tentative*: dates are then counted from its last day, and named
    provisional; ``months`` is how many it spans.
    Days are calendar days without a time zone; the owner's zone decides when a day ends.
    """

    model_config = ConfigDict(frozen=True)

    day: date
    months: Literal[0, 1, 3] = 0

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        if isinstance(value, date):
            return {"day": value}
        if not isinstance(value, str):
            return value
        try:
            found = cls._read(value)
        except ValueError:
            found = {"day": date.max}
        if found["day"].year not in YEARS:
            raise ValueError(
                f"“{inert(value)}” is neither a date like 2020-03-10, "
                "nor a month like 2020-03 or a quarter like 2019-Q1"
            )
        return found

    @staticmethod
    def _read(value: str) -> dict[str, Any]:
        """Raises ValueError: it is nothing of the kind."""
        if quarter := _QUARTER.fullmatch(value):
            return {"day": end_of_month(int(quarter[1]), int(quarter[2]) * 3), "months": 3}
        if month := _MONTH.fullmatch(value):
            return {"day": end_of_month(int(month[1]), int(month[2])), "months": 1}
        day = date.fromisoformat(value)
        return {"day": day if value == day.isoformat() else date.max}

    @property
    def tentative(self) -> bool:
        return self.months > 0

    @model_serializer
    def __str__(self) -> str:
        match self.months:
            case 3:
                return f"{self.day.year}-Q{(self.day.month + 2) // 3}"
            case 1:
                return f"{self.day:%Y-%m}"
            case _:
                return self.day.isoformat()

    @property
    def first(self) -> date:
        """The earliest day it can be."""
        if not self.tentative:
            return self.day
        return self.day.replace(month=self.day.month - self.months + 1, day=1)

    @property
    def words(self) -> str:
        """For people: “10 March 2020”, “March 2020” or “first quarter of 2019”."""
        if self.months == 1:
            return f"{self.day:%B %Y}"
        if self.tentative:
            ordinal = ("first", "second", "third", "fourth")[(self.day.month - 1) // 3]
            return f"{ordinal} quarter of {self.day.year}"
        return f"{self.day.day} {self.day:%B %Y}"

"""What every act is made of: its base and the kinds of words it takes."""

from datetime import date
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from schemas.anchor import YEARS
from schemas.texts import ONE_LINE, READABLE


def _with_hyphens(value: object) -> object:
    """20170904 would be read as so many seconds after 1970."""
    if isinstance(value, str) and "-" not in value:
        raise ValueError(f"“{value}” is no time such as 2018-03-01T09:00+07:00")
    return value


def _near(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"{day} lies too far away; give a year from 1900 to 2199")
    return day


Name = Annotated[str, StringConstraints(max_length=200), ONE_LINE]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), READABLE
]
Day = Annotated[date, AfterValidator(_near)]
Moment = Annotated[AwareDatetime, BeforeValidator(_with_hyphens)]
MailNumber = Annotated[int, Field(ge=1, lt=2**31)]
SomName = Annotated[str, StringConstraints(pattern=r"^SOM[1-9][0-9]{0,2}$")]


class Act(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

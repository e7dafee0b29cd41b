"""Acts by which a body hands in its figures for a period, and has them sent back or verified."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.act import Act, Name, Words
from schemas.figure_acts import Said, Whole


class Given(BaseModel):
    """One figure of a return: its value with its parts, or why it is ``unavailable``.

    ``note`` is its footnote: where it comes from, why it is not split, why it jumped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    indicator: Name
    about: Name
    value: Whole | None = None
    parts: dict[Name, Whole] = Field(default_factory=dict, max_length=8)
    unavailable: Said = ""
    note: Said = ""

    @property
    def key(self) -> str:
        return f"{self.indicator}@{self.about}"


Figures = Annotated[list[Given], Field(max_length=200)]


class SaveReturn(Act):
    """Keep a draft of a body's figures; nothing in it counts yet, and it may have gaps."""

    act: Literal["save-return"] = "save-return"
    obligation: Name
    figures: Figures


class SubmitReturn(Act):
    """Hand a body's figures in: all that are asked for, each with its value or a reason."""

    act: Literal["submit-return"] = "submit-return"
    obligation: Name
    figures: Figures


class RequestCorrection(Act):
    """Send figures back to the body; it is asked anew, with the reason."""

    act: Literal["request-correction"] = "request-correction"
    obligation: Name
    reason: Words


class VerifyReturn(Act):
    """Vouch for figures that were handed in: from now on they are stated."""

    act: Literal["verify-return"] = "verify-return"
    obligation: Name
    note: Said = ""

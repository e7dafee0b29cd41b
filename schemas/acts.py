"""What a person, the clock or a flow can ask for: all that doors hand in."""

from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from schemas.anchor import Anchor
from schemas.phase import Phase


def _with_hyphens(value: object) -> object:
    """20170904 would be read as so many seconds after 1970."""
    if isinstance(value, str) and "-" not in value:
        raise ValueError(f"“{value}” is no time such as 2018-03-01T09:00+07:00")
    return value


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Moment = Annotated[AwareDatetime, BeforeValidator(_with_hyphens)]
SomName = Annotated[str, StringConstraints(pattern=r"^SOM[0-9]{1,3}$")]


class Act(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Offer(Act):
    """The owner offers a holding to the body that is to receive it."""

    act: Literal["offer"] = "offer"
    holding: str
    phase: Literal[Phase.SHARED, Phase.GOVERNMENT_LED] = Phase.SHARED


class Accept(Act):
    act: Literal["accept"] = "accept"
    holding: str


class Decline(Act):
    act: Literal["decline"] = "decline"
    holding: str
    reason: Words


class Withdraw(Act):
    act: Literal["withdraw"] = "withdraw"
    holding: str


class Advance(Act):
    """The owner takes its holding one phase further."""

    act: Literal["advance"] = "advance"
    holding: str


class Return(Act):
    """The owner gives a holding back to the secretariat."""

    act: Literal["return"] = "return"
    holding: str
    reason: Words


class AgreeChair(Act):
    """The members agree who chairs a SOM; an informal word is kept apart from a decision."""

    act: Literal["agree-chair"] = "agree-chair"
    som: SomName
    member: str
    agreement: Literal["formal", "informal"] = "formal"


class TakeChair(Act):
    """The member agreed for a SOM takes office."""

    act: Literal["take-chair"] = "take-chair"
    som: SomName


class PlanSom(Act):
    act: Literal["plan-som"] = "plan-som"
    som: SomName
    host: str
    on: Anchor


class PrepareSom(Act):
    """Plan a meeting and start the flow that prepares it."""

    act: Literal["prepare-som"] = "prepare-som"
    som: SomName
    host: str
    on: Anchor


class RunFlow(Act):
    """Start a function's flow now, for one cycle or for all that are open."""

    act: Literal["run-flow"] = "run-flow"
    function: str
    cycle: str | None = None


class PostponeSom(Act):
    act: Literal["postpone-som"] = "postpone-som"
    som: SomName
    to: Anchor
    reason: Words


class CloseSom(Act):
    """The meeting was held; the chair passes on if its successor is agreed."""

    act: Literal["close-som"] = "close-som"
    som: SomName


class OpenCycle(Act):
    act: Literal["open-cycle"] = "open-cycle"
    function: str
    cycle: str


class PlanMilestones(Act):
    """Date the cycle's milestones from its anchor; safe to repeat after the anchor moved."""

    act: Literal["plan-milestones"] = "plan-milestones"
    function: str
    cycle: str


class AskBodies(Act):
    """Turn the cycle's milestones into obligations of the bodies they ask."""

    act: Literal["ask-bodies"] = "ask-bodies"
    function: str
    cycle: str


class CloseCycle(Act):
    act: Literal["close-cycle"] = "close-cycle"
    function: str
    cycle: str


class Acknowledge(Act):
    """“I have seen it and will do it”: stops the climb, is not *done*."""

    act: Literal["acknowledge"] = "acknowledge"
    obligation: str


class Done(Act):
    act: Literal["done"] = "done"
    obligation: str
    note: str = Field("", max_length=2000)


AnyAct = Annotated[
    Offer
    | Accept
    | Decline
    | Withdraw
    | Advance
    | Return
    | AgreeChair
    | TakeChair
    | PlanSom
    | PrepareSom
    | RunFlow
    | PostponeSom
    | CloseSom
    | OpenCycle
    | PlanMilestones
    | AskBodies
    | CloseCycle
    | Acknowledge
    | Done,
    Field(discriminator="act"),
]


class DatedAct(BaseModel):
    """One line of a history: what was done, when (with its zone), by which body, says which source.

    A ``*`` in the holding or obligation repeats the act for all that match. ``by: owner`` is
    whoever owns or is asked at that moment. ``inferred`` marks what is this project's reading
    rather than the source's statement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Moment
    by: str
    do: AnyAct
    source: str = ""
    inferred: bool = False


class History(BaseModel):
    """Dated acts of the past, oldest first, replayed through the commands a person uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    until: Moment
    acts: list[DatedAct] = Field(min_length=1)

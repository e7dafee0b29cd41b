"""Acts by which a meeting is prepared and minuted: agenda, documents, delegations, statement."""

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.act import Act, Day, Name, SomName, Words
from schemas.texts import READABLE

Number = Annotated[int, Field(ge=1, le=200)]
Title = Annotated[Name, StringConstraints(strip_whitespace=True, min_length=1)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), READABLE]


class SetVenue(Act):
    """Say where a meeting is held, once that is known or when it changes."""

    act: Literal["set-venue"] = "set-venue"
    som: SomName
    venue: Title


class AddItem(Act):
    """Put an item on a meeting's agenda; ``paper``: its presenter is asked for one."""

    act: Literal["add-item"] = "add-item"
    som: SomName
    title: Title
    presenter: Name | None = None
    paper: bool = False
    number: Number | None = None

    @model_validator(mode="after")
    def _somebody_to_ask(self) -> "AddItem":
        if self.paper and not self.presenter:
            raise ValueError("a paper is asked of the presenter; name one, or ask for no paper")
        return self


class ChangeItem(Act):
    """Change what an item of the agenda says; what is left out stays as it is."""

    act: Literal["change-item"] = "change-item"
    som: SomName
    item: Number
    title: Title | None = None
    presenter: Name | None = None
    paper: bool | None = None


class WithdrawItem(Act):
    """Take an item off the agenda; its presenter is no longer asked for a paper."""

    act: Literal["withdraw-item"] = "withdraw-item"
    som: SomName
    item: Number
    reason: Words


class CarryOver(Act):
    """Put on the agenda what closed meetings before did not reach; also done when they close."""

    act: Literal["carry-over"] = "carry-over"
    som: SomName


class FileDocument(Act):
    """Hand in the document an obligation asks for, or a later version; in JSON it is base64."""

    act: Literal["file-document"] = "file-document"
    obligation: Name
    name: Title
    content: Annotated[Base64Bytes, Field(repr=False)]


class Delegate(BaseModel):
    """Somebody a government sends to a meeting; the ledger never learns the name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Title
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), READABLE] = ""
    head: bool = False


class NameDelegation(Act):
    """Say whom a body sends, all of them; said again, it takes the place of what was said."""

    act: Literal["name-delegation"] = "name-delegation"
    obligation: Name
    delegates: Annotated[list[Delegate], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _one_head(self) -> "NameDelegation":
        if sum(delegate.head for delegate in self.delegates) > 1:
            raise ValueError("a delegation has one head; mark only one")
        return self


class CirculateStatement(Act):
    """Begin the silence procedure on the newest draft of the joint statement.

    ``until`` is its last day; without one the programme's working days count, in every country.
    """

    act: Literal["circulate-statement"] = "circulate-statement"
    som: SomName
    until: Day | None = None


class ObjectToStatement(Act):
    """A government breaks the silence: the draft is not adopted."""

    act: Literal["object-to-statement"] = "object-to-statement"
    statement: Name
    reason: Words


class MinuteItem(Act):
    """The minutes say whether an item was reached; one that was not moves to the next meeting."""

    act: Literal["minute-item"] = "minute-item"
    som: SomName
    item: Number
    reached: bool
    summary: Said = ""


class Decide(Act):
    """A decision of a meeting: the body it asks is obliged by it, to the day it is to be done by.

    Without ``do_by`` the programme's own term counts.
    """

    act: Literal["decide"] = "decide"
    som: SomName
    text: Words
    body: Name
    do_by: Day | None = None
    item: Number | None = None


class WithdrawDecision(Act):
    """A decision was minuted wrongly; nobody is asked for it any more."""

    act: Literal["withdraw-decision"] = "withdraw-decision"
    som: SomName
    decision: Number
    reason: Words

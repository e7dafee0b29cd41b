"""What a person, the clock or a flow can ask for: all that doors hand in."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.act import Act, Day, MailNumber, Moment, Name, SomName, Words
from schemas.anchor import Anchor
from schemas.figure_acts import ReportStage, StateFigure, WithdrawFigure
from schemas.meeting_acts import (
    AddItem,
    CarryOver,
    ChangeItem,
    CirculateStatement,
    Decide,
    FileDocument,
    MinuteItem,
    NameDelegation,
    ObjectToStatement,
    SetVenue,
    Title,
    WithdrawDecision,
    WithdrawItem,
)
from schemas.phase import Phase
from schemas.return_acts import RequestCorrection, SaveReturn, SubmitReturn, VerifyReturn
from schemas.texts import READABLE
from schemas.turn_acts import AcceptSwap, DeclineSwap, OfferSwap, PassTurn


class HoldingAct(Act):
    """An act on one holding. ``seen`` is the version the actor saw; another one now is refused."""

    holding: Name
    seen: Annotated[int, Field(ge=1, lt=2**31)] | None = None


class Offer(HoldingAct):
    """The owner offers a holding, to the body that is to receive it unless another is named.

    ``answer_by`` is a day in that body's country; without one the programme's term counts.
    """

    act: Literal["offer"] = "offer"
    phase: Literal[Phase.SHARED, Phase.GOVERNMENT_LED] = Phase.SHARED
    to: Name | None = None
    answer_by: Day | None = None


class Accept(HoldingAct):
    """The body a holding was offered to takes it over, in the phase it was offered in."""

    act: Literal["accept"] = "accept"


class Decline(HoldingAct):
    """The body a holding was offered to does not take it over; the owner stays the owner."""

    act: Literal["decline"] = "decline"
    reason: Words


class Withdraw(HoldingAct):
    """The owner takes its offer back before it is answered."""

    act: Literal["withdraw"] = "withdraw"


class Expire(HoldingAct):
    """Nobody answered an offer in time."""

    act: Literal["expire"] = "expire"


class Advance(HoldingAct):
    """The owner of a shared holding leads it from now on."""

    act: Literal["advance"] = "advance"


class Complete(HoldingAct):
    """The support around a government-led holding ends."""

    act: Literal["complete"] = "complete"


class Reopen(HoldingAct):
    """A completed holding needs support again."""

    act: Literal["reopen"] = "reopen"
    reason: Words


class Return(HoldingAct):
    """The owner gives a holding back to the steward."""

    act: Literal["return"] = "return"
    reason: Words


class Suspend(HoldingAct):
    """The owner pauses a holding and says when to look at it again, a day in its country."""

    act: Literal["suspend"] = "suspend"
    reason: Words
    follow_up: Day


class Resume(HoldingAct):
    """A paused holding goes on."""

    act: Literal["resume"] = "resume"


class TakeCustody(HoldingAct):
    """The steward becomes the owner of what an ended body left."""

    act: Literal["take-custody"] = "take-custody"


class Release(HoldingAct):
    """The steward gives a holding in custody back to the body it came from."""

    act: Literal["release"] = "release"


class Attest(HoldingAct):
    """Say with what evidence an item of the readiness checklist is there."""

    act: Literal["attest"] = "attest"
    item: Name
    evidence: Words


class Waive(HoldingAct):
    """Let a holding go on without items of its checklist; whoever waives is named with it."""

    act: Literal["waive"] = "waive"
    items: list[Name] = Field(min_length=1, max_length=20)
    reason: Words


class Review(HoldingAct):
    """Answer whether a holding is still performed since its owner leads it."""

    act: Literal["review"] = "review"
    performed: bool
    note: Words


class EndBody(Act):
    """A body ends, on a day in its country or at once; what it owns goes into custody then."""

    act: Literal["end-body"] = "end-body"
    body: Name
    on: Day | None = None
    reason: Words


class RestoreBody(Act):
    """A body that was said to end goes on after all."""

    act: Literal["restore-body"] = "restore-body"
    body: Name
    reason: Words


class HoldPost(Act):
    """A person holds a post from a day on; the ledger knows the person by its slug only."""

    act: Literal["hold-post"] = "hold-post"
    post: Name
    person: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    since: Day
    until: Day | None = None


class BeAbsent(Act):
    """Mails to a post go to its substitute from one day to another, both whole, and then return."""

    act: Literal["be-absent"] = "be-absent"
    post: Name
    substitute: Name
    since: Day
    until: Day


class BeBack(Act):
    """An absence ends before its day."""

    act: Literal["be-back"] = "be-back"
    post: Name


class AgreeChair(Act):
    """The members agree who chairs a SOM; an informal word is kept apart from a decision."""

    act: Literal["agree-chair"] = "agree-chair"
    som: SomName
    member: Name
    agreement: Literal["formal", "informal"] = "formal"


class TakeChair(Act):
    """The member agreed for a SOM takes office."""

    act: Literal["take-chair"] = "take-chair"
    som: SomName


class PlanSom(Act):
    """Plan a meeting, on a day, in a month or in a quarter."""

    act: Literal["plan-som"] = "plan-som"
    som: SomName
    host: Name
    on: Anchor
    venue: Title | None = None


class PrepareSom(Act):
    """Plan a meeting and start the flow that prepares it."""

    act: Literal["prepare-som"] = "prepare-som"
    som: SomName
    host: Name
    on: Anchor
    venue: Title | None = None

    @property
    def run(self) -> tuple[str, str | None]:
        """The deployment it runs, and the cycle."""
        return "som-hosting", self.som


class RunFlow(Act):
    """Start a function's flow now, for one cycle or for all that are open."""

    act: Literal["run-flow"] = "run-flow"
    function: Name
    cycle: Name | None = None

    @property
    def run(self) -> tuple[str, str | None]:
        """The deployment it runs, and the cycle."""
        return self.function, self.cycle


class PostponeSom(Act):
    """Move a meeting; ``source`` is where it is said, for whoever asks later."""

    act: Literal["postpone-som"] = "postpone-som"
    som: SomName
    to: Anchor
    reason: Words
    source: Annotated[str, StringConstraints(max_length=2000), READABLE] = ""


class CloseSom(Act):
    """The meeting was held; the chair passes on if its successor is agreed, who hosts the next.

    ``next_on`` is when that one is to be; without it the programme's interval says a quarter.
    """

    act: Literal["close-som"] = "close-som"
    som: SomName
    next_on: Anchor | None = None


class OpenCycle(Act):
    """Begin one run of a function, such as 2019-H1 or SOM14."""

    act: Literal["open-cycle"] = "open-cycle"
    function: Name
    cycle: Name


class PlanMilestones(Act):
    """Date the cycle's milestones from its anchor; safe to repeat after the anchor moved."""

    act: Literal["plan-milestones"] = "plan-milestones"
    function: Name
    cycle: Name


class AskBodies(Act):
    """Turn the cycle's milestones into obligations of the bodies they ask."""

    act: Literal["ask-bodies"] = "ask-bodies"
    function: Name
    cycle: Name


class CloseCycle(Act):
    """End a cycle in which nothing is open any more."""

    act: Literal["close-cycle"] = "close-cycle"
    function: Name
    cycle: Name


class ApproveCalendar(Act):
    """Let what lies ahead follow calendars that have changed since it was planned."""

    act: Literal["approve-calendar"] = "approve-calendar"
    reason: Words


class Acknowledge(Act):
    """“I have seen it and will do it”: stops the climb, is not *done*."""

    act: Literal["acknowledge"] = "acknowledge"
    obligation: Name


class Done(Act):
    """The asked body says that what was asked is done."""

    act: Literal["done"] = "done"
    obligation: Name
    note: Annotated[str, StringConstraints(max_length=2000), READABLE] = ""


class Snooze(Act):
    """The asked body says “not before that day”: its reminders rest until then."""

    act: Literal["snooze"] = "snooze"
    obligation: Name
    until: Day


class AskExtension(Act):
    """The asked body asks for a later day to do it by, a day in its country."""

    act: Literal["ask-extension"] = "ask-extension"
    obligation: Name
    to: Day
    reason: Words


class GrantExtension(Act):
    """Whoever steers agrees to the later day."""

    act: Literal["grant-extension"] = "grant-extension"
    obligation: Name
    reason: Annotated[str, StringConstraints(max_length=2000), READABLE] = ""


class RefuseExtension(Act):
    """Whoever steers keeps the day as it is."""

    act: Literal["refuse-extension"] = "refuse-extension"
    obligation: Name
    reason: Words


class HoldMail(Act):
    """Keep a mail that has not left from leaving until it is released."""

    act: Literal["hold-mail"] = "hold-mail"
    mail: MailNumber
    reason: Words


class ReleaseMail(Act):
    """Let a mail go that was held."""

    act: Literal["release-mail"] = "release-mail"
    mail: MailNumber


class Unsuspend(Act):
    """Mail to an address that was suspended may leave again; it, or its contact, is named."""

    act: Literal["unsuspend"] = "unsuspend"
    which: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]


class RetryMail(Act):
    """Try a mail that waits at once; one that ended without arriving is asked for again, anew."""

    act: Literal["retry-mail"] = "retry-mail"
    mail: MailNumber


class RevokeLinks(Act):
    """Call back links that were mailed: of a contact, about an object, by a key; else all."""

    act: Literal["revoke-links"] = "revoke-links"
    contact: str | None = None
    about: str | None = None
    key: str | None = None
    reason: Words


AnyAct = Annotated[
    Offer
    | Accept
    | Decline
    | Withdraw
    | Expire
    | Advance
    | Complete
    | Reopen
    | Return
    | Suspend
    | Resume
    | TakeCustody
    | Release
    | Attest
    | Waive
    | Review
    | EndBody
    | RestoreBody
    | HoldPost
    | BeAbsent
    | BeBack
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
    | ApproveCalendar
    | Acknowledge
    | Done
    | Snooze
    | AskExtension
    | GrantExtension
    | RefuseExtension
    | HoldMail
    | ReleaseMail
    | RetryMail
    | RevokeLinks
    | Unsuspend
    | StateFigure
    | WithdrawFigure
    | ReportStage
    | PassTurn
    | OfferSwap
    | AcceptSwap
    | DeclineSwap
    | SaveReturn
    | SubmitReturn
    | RequestCorrection
    | VerifyReturn
    | SetVenue
    | AddItem
    | ChangeItem
    | WithdrawItem
    | CarryOver
    | FileDocument
    | NameDelegation
    | CirculateStatement
    | ObjectToStatement
    | MinuteItem
    | Decide
    | WithdrawDecision,
    Field(discriminator="act"),
]


class Letter(BaseModel):
    """The document by which a body let another act on its behalf; ``sha256`` of its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filed_by: Name
    document: Annotated[str, StringConstraints(min_length=1, max_length=200), READABLE]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Told(BaseModel):
    """Where an act of the past is told, and whether it is this project's reading of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    inferred: bool = False


class DatedAct(BaseModel):
    """One line of a history: what was done, when (with its zone), by which body, says which source.

    A ``*`` in the holding or obligation repeats the act for all that match. ``by: owner`` is
    whoever owns or is asked at that moment. ``inferred`` marks what is this project's reading
    rather than the source's statement; ``contact`` names the person's post where one is needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Moment
    by: str
    do: AnyAct
    contact: str | None = None
    source: str = ""
    inferred: bool = False


class History(BaseModel):
    """Dated acts of the past, oldest first, replayed through the commands a person uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    until: Moment
    acts: list[DatedAct] = Field(min_length=1)

"""Who may do what to a holding, and what does it become? The life-cycle as a table."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.events import Event
from schemas.phase import Phase, Transferred
from secretariat.errors import ConflictError, NotAllowedError


class Who(StrEnum):
    OWNER = "its owner"
    RECEIVER = "the body it is offered to"


@dataclass(frozen=True)
class Rule:
    """One line of the table. ``offered`` says whether an offer must be open, or must not."""

    act: str
    phase: Phase
    offered: bool
    who: Who
    event: str


RULES = (
    Rule("offer", Phase.UN_LED, False, Who.OWNER, "holding.offered"),
    Rule("accept", Phase.UN_LED, True, Who.RECEIVER, "holding.accepted"),
    Rule("decline", Phase.UN_LED, True, Who.RECEIVER, "holding.declined"),
    Rule("withdraw", Phase.UN_LED, True, Who.OWNER, "holding.withdrawn"),
    Rule("advance", Phase.SHARED, False, Who.OWNER, "holding.advanced"),
    Rule("advance", Phase.GOVERNMENT_LED, False, Who.OWNER, "holding.advanced"),
    Rule("return", Phase.SHARED, False, Who.OWNER, "holding.returned"),
    Rule("return", Phase.GOVERNMENT_LED, False, Who.OWNER, "holding.returned"),
)


@dataclass(frozen=True)
class Held:
    """A holding at one instant: ``offered_phase`` is what an open offer would make of it."""

    id: str
    owner: str
    phase: Phase
    takes_over: str
    offered_phase: Phase | None = None


@dataclass(frozen=True)
class Wish:
    """What somebody wants done to a holding, and the facts the act brings along."""

    act: str
    by: str
    offered_phase: Phase | None = None
    reason: str = ""


def decide(held: Held, wish: Wish, secretariat: str) -> Event:
    """The one event the wish leads to.

    Raises NotAllowedError (it is somebody else's to do) or ConflictError (not from here).
    """
    rule = _rule(held, wish)
    may = held.owner if rule.who is Who.OWNER else held.takes_over
    if wish.by != may:
        raise NotAllowedError(
            f"To {wish.act} {held.id} is for {rule.who}, {may}; not for {wish.by}."
        )
    return Event(rule.event, held.id, _outcome(held, wish, secretariat))


def _rule(held: Held, wish: Wish) -> Rule:
    lines = [rule for rule in RULES if rule.act == wish.act]
    for rule in lines:
        if rule.phase == held.phase and rule.offered == (held.offered_phase is not None):
            return rule
    phases = " or ".join(rule.phase.words for rule in lines)
    offer = "with an open offer" if lines[0].offered else "without an open offer"
    here = "with an open offer" if held.offered_phase else "without an open offer"
    raise ConflictError(
        f"To {wish.act}, a holding must be {phases} {offer}; "
        f"{held.id} is {held.phase.words} {here}, owned by {held.owner}."
    )


def _outcome(held: Held, wish: Wish, secretariat: str) -> dict[str, str]:
    match wish.act:
        case "offer":
            return {"to": held.takes_over, "phase": wish.offered_phase or Phase.SHARED}
        case "accept":
            return {"owner": held.takes_over, "phase": held.offered_phase or Phase.SHARED}
        case "advance":
            further = Phase.GOVERNMENT_LED if held.phase is Phase.SHARED else Phase.COMPLETED
            return {"owner": held.owner, "phase": further}
        case "return":
            return {"owner": secretariat, "phase": Phase.UN_LED, "reason": wish.reason}
        case "decline":
            return {"reason": wish.reason}
        case _:
            return {}


def transferred(phases: list[Phase]) -> Transferred:
    """How far a function is, computed from the phases of all its holdings; never stored."""
    if phases and all(p in (Phase.GOVERNMENT_LED, Phase.COMPLETED) for p in phases):
        return Transferred.FULLY
    if any(phase is not Phase.UN_LED for phase in phases):
        return Transferred.PARTLY
    return Transferred.NOT


def hours_late(due_at: datetime, now: datetime) -> int:
    """Whole hours past due; 0 while not late."""
    return max(0, int((now - due_at).total_seconds() // 3600))

"""Who may do what to a holding, and what does it become? The life-cycle as a table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.events import Event
from schemas.phase import Phase, Standing, Transferred
from secretariat.errors import ConflictError, NotAllowedError

ENGINE = "engine"  # the program itself: its flows and its clock


class Who(StrEnum):
    OWNER = "its owner"
    RECEIVER = "the body it is offered to"
    STEWARD = "the steward"
    ENGINE = "the engine"


UN_LED, SHARED, GOVERNMENT_LED, COMPLETED = Phase
STEADY, OFFERED, SUSPENDED = Standing
UNDERWAY = (UN_LED, SHARED, GOVERNMENT_LED)
TAKEN = (SHARED, GOVERNMENT_LED)
SAME = None  # a phase that stays what it is


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    ``becomes`` is the phase after the act (SAME: none, or the one offered), ``then`` the standing
    after it; ``custody`` says whether the holding must be in custody, must not, or may be either.
    """

    act: str
    phases: tuple[Phase, ...]
    standings: tuple[Standing, ...]
    who: tuple[Who, ...]
    becomes: Phase | None
    then: Standing
    event: str
    custody: bool | None = None


RULES = (
    Rule("offer", UNDERWAY, (STEADY,), (Who.OWNER,), SAME, OFFERED, "holding.offered"),
    Rule("accept", UNDERWAY, (OFFERED,), (Who.RECEIVER,), SAME, STEADY, "holding.accepted"),
    Rule("decline", UNDERWAY, (OFFERED,), (Who.RECEIVER,), SAME, STEADY, "holding.declined"),
    Rule("withdraw", UNDERWAY, (OFFERED,), (Who.OWNER,), SAME, STEADY, "holding.withdrawn"),
    Rule("expire", UNDERWAY, (OFFERED,), (Who.ENGINE,), SAME, STEADY, "holding.expired"),
    Rule("advance", (SHARED,), (STEADY,), (Who.OWNER,), GOVERNMENT_LED, STEADY,
         "holding.advanced", custody=False),
    Rule("complete", (GOVERNMENT_LED,), (STEADY,), (Who.OWNER,), COMPLETED, STEADY,
         "holding.completed", custody=False),
    Rule("reopen", (COMPLETED,), (STEADY,), (Who.OWNER, Who.STEWARD), GOVERNMENT_LED, STEADY,
         "holding.reopened"),
    Rule("return", TAKEN, (STEADY, SUSPENDED), (Who.OWNER,), UN_LED, STEADY,
         "holding.returned", custody=False),
    Rule("suspend", UNDERWAY, (STEADY,), (Who.OWNER,), SAME, SUSPENDED, "holding.suspended"),
    Rule("resume", UNDERWAY, (SUSPENDED,), (Who.OWNER,), SAME, STEADY, "holding.resumed"),
    Rule("take-custody", tuple(Phase), tuple(Standing), (Who.STEWARD, Who.ENGINE), SAME, STEADY,
         "holding.custody-taken"),
    Rule("release", tuple(Phase), (STEADY,), (Who.OWNER,), SAME, STEADY,
         "holding.released", custody=True),
)  # fmt: skip
ACTS = tuple(dict.fromkeys(rule.act for rule in RULES))


@dataclass(frozen=True)
class Held:
    """A holding at one instant. ``custody_of`` is the body whose end put it into custody."""

    id: str
    owner: str
    phase: Phase
    takes_over: str
    standing: Standing = STEADY
    offered_to: str | None = None
    offered_phase: Phase | None = None
    custody_of: str | None = None


@dataclass(frozen=True)
class Bodies:
    """Who there is: ``steward`` looks after what is nobody's, ``ended`` own nothing any more."""

    steward: str
    receiving: frozenset[str]
    ended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wish:
    """What somebody wants done to a holding, and the facts the act brings along."""

    act: str
    by: str
    facts: dict[str, Any] = field(default_factory=dict)


def decide(held: Held, wish: Wish, bodies: Bodies) -> Event:
    """The one event the wish leads to.

    Raises NotAllowedError (it is somebody else's to do) or ConflictError (not from here).
    """
    rule = _rule(held, wish)
    may = who_may(held, rule, bodies)
    if wish.by not in may:
        who = " or ".join(f"{kind}, {body}" for kind, body in may_be(held, rule, bodies))
        raise NotAllowedError(f"To {wish.act} {held.id} is for {who}; not for {wish.by}.")
    if why_not := _in_the_way(held, wish.act, bodies):
        raise ConflictError(why_not)
    outcome = {"owner": held.owner, "phase": rule.becomes or held.phase, "standing": rule.then}
    return Event(rule.event, held.id, outcome | _outcome(held, wish, bodies))


def may_be(held: Held, rule: Rule, bodies: Bodies) -> list[tuple[Who, str]]:
    """Each kind of actor a rule names, with the body that is it now."""
    body = {
        Who.OWNER: held.owner,
        Who.RECEIVER: held.offered_to or held.takes_over,
        Who.STEWARD: bodies.steward,
        Who.ENGINE: ENGINE,
    }
    return [(who, body[who]) for who in rule.who]


def who_may(held: Held, rule: Rule, bodies: Bodies) -> set[str]:
    return {body for _, body in may_be(held, rule, bodies)}


def possible(held: Held, by: str, bodies: Bodies) -> list[str]:
    """The acts a body may do now, in the order of the table: what its page offers as buttons."""
    return [
        rule.act
        for rule in RULES
        if _fits(held, rule)
        and by in who_may(held, rule, bodies)
        and not _in_the_way(held, rule.act, bodies)
    ]


def _fits(held: Held, rule: Rule) -> bool:
    return (
        held.phase in rule.phases
        and held.standing in rule.standings
        and rule.custody in (None, held.custody_of is not None)
    )


def _rule(held: Held, wish: Wish) -> Rule:
    rule = next(rule for rule in RULES if rule.act == wish.act)
    if _fits(held, rule):
        return rule
    phases = " or ".join(phase.words for phase in rule.phases)
    needed = "" if len(rule.phases) == len(Phase) else f"{phases} and "
    custody = {True: " in custody", False: " and not in custody", None: ""}[rule.custody]
    here = f"{held.phase.words}, {held.standing}{', in custody' if held.custody_of else ''}"
    raise ConflictError(
        f"To {wish.act}, a holding must be {needed}{' or '.join(rule.standings)}{custody}; "
        f"{held.id} is {here}, owned by {held.owner}."
    )


def _in_the_way(held: Held, act: str, bodies: Bodies) -> str:
    """Why an act that fits the table makes no sense with these bodies; empty if it does."""
    match act:
        case "return" if held.owner == bodies.steward:
            return f"{held.owner} is the steward, so {held.id} has nobody to return to; offer it."
        case "take-custody" if held.owner not in bodies.ended:
            return (
                f"Custody is for what an ended body leaves; {held.owner}, the owner of {held.id}, "
                "has not ended."
            )
        case "release" if held.custody_of in bodies.ended:
            return (
                f"{held.custody_of} has ended, so {held.id} cannot go back to it; offer it instead."
            )
        case _:
            return ""


def _outcome(held: Held, wish: Wish, bodies: Bodies) -> dict[str, Any]:
    match wish.act:
        case "offer":
            return _offered(held, wish, bodies)
        case "accept":
            taken = {"owner": held.offered_to, "takes_over": held.offered_to, "custody_of": None}
            return taken | {"phase": held.offered_phase}
        case "return":
            return {"owner": bodies.steward, **wish.facts}
        case "take-custody":
            return {"owner": bodies.steward, "custody_of": held.custody_of or held.owner}
        case "release":
            return {"owner": held.custody_of, "custody_of": None}
        case _:
            return dict(wish.facts)


def _offered(held: Held, wish: Wish, bodies: Bodies) -> dict[str, Any]:
    facts = dict(wish.facts)
    to = facts.pop("to", None) or held.takes_over
    if to in bodies.ended:
        raise ConflictError(f"{to} has ended; say to whom {held.id} is offered instead.")
    if to not in bodies.receiving:
        raise ConflictError(f"{to} cannot own a holding; choose a task force or the chair.")
    if to == held.owner and not held.custody_of:  # a custodian may take over what it looks after
        raise ConflictError(f"{to} owns {held.id} already.")
    asked = Phase(facts.pop("phase", None) or SHARED)
    further = max(asked, held.phase, key=list(Phase).index)
    return {"offered_to": to, "offered_phase": further, **facts}


def transferred(phases: Iterable[Phase]) -> Transferred:
    """How far a function is, computed from the phases of all its holdings; never stored."""
    found = list(phases)
    if found and all(phase in (GOVERNMENT_LED, COMPLETED) for phase in found):
        return Transferred.FULLY
    if any(phase is not UN_LED for phase in found):
        return Transferred.PARTLY
    return Transferred.NOT


def counts_as(held: Held) -> Phase:
    """What a holding counts for in its function: in custody no government has taken it over."""
    return UN_LED if held.custody_of else held.phase


def hours_late(due_at: datetime, now: datetime) -> int:
    """Whole hours past due; 0 while not late."""
    return max(0, int((now - due_at).total_seconds() // 3600))

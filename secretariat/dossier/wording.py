"""How is the way a function is done said in sentences? Pure: read from the programme alone."""

from schemas.programme import Cadence, Function, LadderStep, Milestone, Programme
from secretariat.words import name_of

CADENCES = {
    Cadence.PER_SOM: "With every Senior Officials Meeting (SOM)",
    Cadence.ANNUAL: "Every year",
    Cadence.HALF_YEARLY: "Every half-year",
    Cadence.QUARTERLY: "Every quarter",
    Cadence.AD_HOC: "As needed, counted by the year",
}


def working_days(count: int) -> str:
    return "1 working day" if abs(count) == 1 else f"{abs(count)} working days"


def receivers(programme: Programme, function: Function) -> str:
    """Who is to take the function over, in words."""
    match function.receiver:
        case "chair":
            return "The government that holds the chair"
        case "each":
            return f"Each of the {len(programme.members)} governments"
        case "pairs":
            count = len(programme.mechanisms)
            return f"{count} pairs of governments, one of each pair accountable"
        case code:
            return receiver(programme, code)


def receiver(programme: Programme, name: str) -> str:
    """One receiver: “The chair”, “Cambodia”, “Cambodia and China”."""
    if name == "chair":
        return "The chair"
    members = [programme.member(code) for code in name.split("-")]
    return " and ".join(member.name if member else name for member in members)


def asks(programme: Programme, milestone: Milestone) -> str:
    """Whom a milestone asks."""
    return {
        "owners": "Whoever owns its duties",
        "host": "The host's task force",
        "chair": name_of(programme, programme.chair),
        "secretariat": name_of(programme, programme.secretariat),
        "task-forces": f"Each of the {len(programme.members)} task forces",
        "incoming": "The task force of whoever chairs next",
        "presenters": "Whoever presents an agenda item that wants a paper",
        "decided": "Whoever a decision of the meeting asks",
    }[milestone.asks]


def when(function: Function, milestone: Milestone) -> str:
    """When a milestone is due, counted from what its cycle is anchored to."""
    per_som = function.cadence is Cadence.PER_SOM
    if milestone.offset == 0:
        return "On the day of the SOM" if per_som else "On the period's last day"
    side = "before" if milestone.offset < 0 else "after"
    anchor = "the SOM" if per_som else "the period ends"
    return f"{working_days(milestone.offset)} {side} {anchor}"


def asked(milestone: Milestone) -> str:
    """How long before it is due a body is asked."""
    return f"{working_days(milestone.lead_time)} ahead" if milestone.lead_time else "On the day"


def step(programme: Programme, step: LadderStep) -> str:
    """One step of a ladder: when, unless what, and who is written to."""
    to = {
        "focal-point": "the focal point",
        "head": "the head",
        "chair": "the chair",
        "secretariat": name_of(programme, programme.secretariat),
    }.get(step.to, f"the {step.to.replace('-', ' ')}")
    at_once = step.counted_from == "asked" and step.days == 0
    if step.escalates:
        does = f"it climbs to {to}"
    else:
        does = f"{to} is {'asked' if at_once else 'reminded'}"
    condition = ", unless it is acknowledged" if step.unless == "acknowledged" else ""
    return f"{_moment(step)}{_again(step)}{condition}: {does}."


def _again(step: LadderStep) -> str:
    if step.repeat_every is None:
        return ""
    times = f", {step.times} times in all" if step.times else ""
    return f" and every {working_days(step.repeat_every)} from then on{times}"


def _moment(step: LadderStep) -> str:
    if step.days == 0:
        return "At once" if step.counted_from == "asked" else "On the day it is due"
    side = "before" if step.days < 0 else "after"
    anchor = "the asking" if step.counted_from == "asked" else "it is due"
    return f"{working_days(step.days).capitalize()} {side} {anchor}"

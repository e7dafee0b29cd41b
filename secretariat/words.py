"""What happened, as a sentence: one wording for the board, the CLI and mails."""

from schemas.anchor import Anchor
from schemas.events import Event
from schemas.phase import Phase
from schemas.programme import Programme


def sentence(programme: Programme, event: Event, by: str) -> str:
    """An event for people, e.g. “Cambodia task force accepted Report the indicators (KH)”."""
    data = event.data
    actor = name_of(programme, by)
    thing = title_of(programme, event)
    match event.kind:
        case "holding.opened":
            return f"{actor} holds {thing}"
        case "holding.offered":
            return f"{actor} offered {thing} to {name_of(programme, data['to'])}"
        case "holding.accepted":
            return f"{actor} accepted {thing}, now {Phase(data['phase']).words}"
        case "holding.declined" | "holding.returned":
            verb = event.kind.partition(".")[2]
            return f"{actor} {verb} {thing}: {data['reason']}"
        case "holding.withdrawn":
            return f"{actor} withdrew the offer of {thing}"
        case "holding.advanced":
            return f"{actor} took {thing} to {Phase(data['phase']).words}"
        case "chair.agreed":
            how = "was informally agreed" if data["agreement"] == "informal" else "was agreed"
            return f"{_member(programme, data['member'])} {how} to chair {event.subject}"
        case "chair.taken":
            return f"{_member(programme, data['member'])} took the chair for {event.subject}"
        case "chair.left":
            return f"{_member(programme, data['member'])} left the chair after {event.subject}"
        case "som.planned":
            return f"{event.subject} was planned in {_member(programme, data['host'])}, {_anchor(data)}"
        case "som.postponed":
            return f"{event.subject} was postponed to {_anchor(data)}: {data['reason']}"
        case "som.closed":
            return f"{event.subject} was held and closed"
        case "cycle.opened" | "cycle.closed":
            return f"{thing} was {event.kind.partition('.')[2]}"
        case "cycle.moved":
            return f"{thing} moved to {_anchor(data)}"
        case "milestone.planned":
            when = f"{data['due_on']}{' (provisional)' if data['provisional'] else ''}"
            return f"{data['title']} ({thing}) was planned for {when}"
        case "obligation.asked":
            return f"{name_of(programme, data['body'])} is asked: {thing}"
        case "obligation.moved":
            return f"{thing} moved to {data['do_by'][:10]}"
        case "obligation.reminded":
            return f"{name_of(programme, data['body'])} was reminded: {thing}"
        case "obligation.escalated":
            to = {"head": "the head of the body"}.get(data["to"], f"the {data['to']}")
            return f"{thing} climbed to {to} ({name_of(programme, data['body'])})"
        case "obligation.acknowledged":
            return f"{actor} acknowledged: {thing}"
        case "obligation.done":
            return f"{actor} did: {thing}" + (f" – {data['note']}" if data["note"] else "")
        case _:
            return f"{event.kind} {event.subject}"


def title_of(programme: Programme, event: Event) -> str:
    """What an event's subject is called: a duty, a milestone, a cycle."""
    slug, _, rest = event.subject.partition("/")
    function = programme.function(slug)
    if function is None:
        return event.subject
    tail, _, where = rest.partition("@")
    if event.kind.startswith("holding."):
        duty = next((d.name for d in function.duties if d.slug == tail), tail)
        return f"“{duty}” ({function.name}, {where})"
    cycle, _, slug = tail.partition("/")
    milestone = next((m.title for m in function.milestones if m.slug == slug), "")
    if milestone and event.kind.startswith("obligation."):
        return f"{milestone} ({function.name}, {cycle})"
    return f"{function.name}, {cycle}"


def name_of(programme: Programme, body: str) -> str:
    found = programme.body(body)
    return found.name if found else {"engine": "The engine"}.get(body, body)


def _member(programme: Programme, code: str) -> str:
    member = programme.member(code)
    return member.name if member else code


def _anchor(data: dict[str, str]) -> str:
    return Anchor.model_validate(data["anchor"]).words

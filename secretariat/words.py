"""What happened, as a sentence: one wording for the board, the CLI and mails."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.anchor import Anchor
from schemas.events import Event
from schemas.phase import Phase
from schemas.programme import Programme

SENTENCES = {
    "holding.opened": "{actor} holds {thing}",
    "holding.offered": "{actor} offered {thing} to {offered_to}",
    "holding.accepted": "{actor} accepted {thing}, now {phase}",
    "holding.declined": "{actor} declined {thing}: {reason}",
    "holding.returned": "{actor} returned {thing}: {reason}",
    "holding.withdrawn": "{actor} withdrew the offer of {thing}",
    "holding.expired": "{owner} got no answer in time to its offer of {thing}",
    "holding.advanced": "{actor} leads {thing} from now on",
    "holding.completed": "{actor} completed {thing}",
    "holding.reopened": "{actor} reopened {thing}: {reason}",
    "holding.suspended": "{actor} suspended {thing} until {follow_up}: {reason}",
    "holding.resumed": "{actor} resumed {thing}",
    "holding.custody-taken": "{thing} of {custody_of} went into the custody of {owner}",
    "holding.released": "{actor} released {thing} from custody to {owner}",
    "holding.follow-up-due": "{thing}, suspended, is to be looked at again by {owner}",
    "readiness.attested": "{actor} showed for {thing}: {items} ({evidence})",
    "readiness.waived": "{actor} ({contact}) waived for {thing}: {items}, because: {reason}",
    "review.asked": "{owner} is asked whether {thing} is still performed, after {days} days",
    "review.answered": "{actor} answered the {days}-day review of {thing}: {answer} ({note})",
    "support.proposed": "support was proposed to {body} for {function_name}: {why}",
    "body.ends": "{subject} is to end on {ends_at}: {reason}",
    "body.ended": "{subject} has ended",
    "body.restored": "{subject} goes on after all: {reason}",
    "post.held": "{person} holds the post {subject} from {since} on",
    "absence.began": "{substitute} stands in for {subject} from {since} to {until}",
    "absence.ended": "{subject} is back",
    "post.unreachable": "mail to {subject} comes back ({code}), so none is sent there",
    "post.reachable": "{actor} settled that mail can be sent to {subject} again",
    "person.erased": "{subject} was erased",
    "obligation.missed": "{body} did not do in time: {thing}",
    "chair.agreed": "{member} was {agreement}ly agreed to chair {subject}",
    "chair.taken": "{member} took the chair for {subject}",
    "chair.left": "{member} left the chair after {subject}",
    "som.planned": "{subject} was planned in {host}, {anchor}",
    "som.postponed": "{subject} was postponed to {anchor}: {reason}",
    "som.closed": "{subject} was held and closed",
    "cycle.opened": "{thing} was opened",
    "cycle.moved": "{thing} moved to {anchor}",
    "cycle.closed": "{thing} was closed",
    "milestone.planned": "{title} ({thing}) was planned for {due_on}",
    "obligation.asked": "{body} is asked: {thing}",
    "obligation.moved": "{thing} moved to {due_on}",
    "obligation.released": "{body} is no longer asked: {thing}",
    "obligation.reminded": "{body} was reminded: {thing}",
    "obligation.escalated": "{thing}, asked of {body}, climbed to {climbed_to}",
    "obligation.acknowledged": "{actor} acknowledged: {thing}",
    "obligation.done": "{actor} did: {thing}{with_note}",
    "mail.held": "{actor} held mail {subject} back: {reason}",
    "mail.released": "{actor} let mail {subject} go",
    "links.revoked": "{actor} called back {count} links in mails: {reason}",
    "mail.retried": "{actor} had mail {subject} tried again",
}
_CLIMBED = {"head": "its head", "chair": "the chair", "secretariat": "the secretariat"}


def sentence(programme: Programme, event: Event, by: str) -> str:
    """An event for people, e.g. “Cambodia task force accepted “Report the indicators” …”."""
    facts = event.data | {"subject": event.subject, "actor": name_of(programme, by)}
    facts["thing"] = title_of(programme, event)
    for key in ("to", "body", "owner", "offered_to", "custody_of"):
        facts[key] = name_of(programme, facts.get(key) or "")
    for key in ("member", "host"):
        found = programme.member(facts.get(key, ""))
        facts[key] = found.name if found else facts.get(key)
    for key in ("since", "until", "ends_at", "follow_up"):
        if facts.get(key):
            facts[key] = _day(facts[key], _zone(programme, event), ends=key in ("until", "ends_at"))
    if "phase" in facts:
        facts["phase"] = Phase(facts["phase"]).words
    if "anchor" in facts:
        facts["anchor"] = Anchor.model_validate(facts["anchor"]).words
    facts["climbed_to"] = _CLIMBED.get(event.data.get("to", ""), facts["to"])
    facts["items"] = ", ".join(facts.get("items", []))
    facts["answer"] = "performed" if facts.get("performed") else "not performed"
    if event.kind.startswith("body."):
        facts["subject"] = name_of(programme, event.subject)
    if function := programme.function(facts.get("function", "")):
        facts["function_name"] = function.name
    facts["with_note"] = f" ({facts['note']})" if facts.get("note") else ""
    said = SENTENCES.get(event.kind, "{subject}").format(**facts) + _notice(programme, event)
    letter = event.data.get("letter")
    return said if letter is None else f"{said} (on its behalf: {_filed(programme, letter)})"


def _day(instant: str, zone: ZoneInfo, *, ends: bool) -> date:
    """The day there in which something begins, or which is over with it."""
    at = datetime.fromisoformat(instant) - timedelta(microseconds=ends)
    return at.astimezone(zone).date()


def _zone(programme: Programme, event: Event) -> ZoneInfo:
    """Where the days of an event are counted: at the post, the owner or the body it is about."""
    post = programme.contact(event.subject)
    if post and (member := programme.member(post.member or "")):
        return ZoneInfo(member.zone)
    body = post.body if post else event.data.get("owner", event.subject)
    return programme.body_zone(body) if programme.body(body) else ZoneInfo(programme.zone)


def _notice(programme: Programme, event: Event) -> str:
    """That a meeting was put on a day not worked everywhere, and which day would be."""
    free = event.data.get("not_worked_in", {})
    names = [f"{receiver_name(programme, code)} ({why})" for code, why in free.items()]
    if not names:
        return ""
    day = Anchor.model_validate(event.data["next_common"]).words
    return f"; not a working day in {', '.join(names)}; the next day all members work is {day}"


def _filed(programme: Programme, letter: dict[str, str]) -> str:
    return f"{name_of(programme, letter['filed_by'])}, by the letter “{letter['document']}”"


def title_of(programme: Programme, event: Event) -> str:
    """What an event's subject is called: a duty, a milestone, a cycle."""
    slug, _, rest = event.subject.partition("/")
    function = programme.function(slug)
    if function is None:
        return event.subject
    tail, _, where = rest.partition("@")
    if event.kind.partition(".")[0] in ("holding", "readiness", "review"):
        duty = next((d.name for d in function.duties if d.slug == tail), tail)
        return f"“{duty}” ({function.name}, {receiver_name(programme, where)})"
    cycle, _, slug = tail.partition("/")
    milestone = next((m.title for m in function.milestones if m.slug == slug), "")
    if milestone and event.kind.startswith("obligation."):
        return f"{milestone} ({function.name}, {cycle})"
    return f"{function.name}, {cycle}"


def receiver_name(programme: Programme, receiver: str) -> str:
    """“Cambodia”, “Cambodia and Thailand” for a pair, “the chair”."""
    members = [programme.member(code) for code in receiver.split("-")]
    return " and ".join(member.name for member in members if member) or f"the {receiver}"


def name_of(programme: Programme, body: str) -> str:
    """A body by its name; the program itself is “the engine”."""
    found = programme.body(body)
    return found.name if found else {"engine": "The engine"}.get(body, body)

"""What happened, as a sentence: one wording for the board, the CLI and mails.

Each sentence has its facts by name, so that a language may order them as it likes.
"""

from datetime import date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from schemas.anchor import Anchor
from schemas.events import Event
from schemas.measures import Area
from schemas.phase import Phase, Transferred
from schemas.programme import Asks, Contact, Milestone, Programme
from schemas.tables import Entry
from secretariat import ledger
from secretariat.cycles import milestone_of
from secretariat.languages import ENGLISH, Language
from secretariat.sentences import SENTENCES

_CLIMBED = {"head": "its head", "chair": "the chair", "secretariat": "the secretariat"}
_QUARTERS = (
    "first quarter of {year}",
    "second quarter of {year}",
    "third quarter of {year}",
    "fourth quarter of {year}",
)
_OF_DUTY = "“{duty}” ({function}, {receiver})"
_OF_MILESTONE = "{milestone} ({function}, {cycle})"
_OF_ITEM = "{milestone}, no. {number}"
_OF_CYCLE = "{function}, {cycle}"
_BY_LETTER = "{said} (on its behalf: {filed_by}, by the letter “{document}”)"
_OF_POST = "{body}, {role}"
_NOT_WORKED = "{said}; not a working day in {members}; the next day all members work is {day}"
_WHY = "{name} ({why})"
_REVIEW_SAID = "a review said: {note}"
_MISSED_TWO = "two steps in a row were not done in time: {first}; {second}"
_ENGINE = "The engine"
_REGION = "the region"  # said of a figure that is about all members
_ASKED_OF: dict[Asks, str] = {
    "owners": "asked of the owners",
    "host": "asked of the host",
    "chair": "asked of the chair",
    "incoming": "asked of the incoming chair",
    "secretariat": "asked of the secretariat",
    "task-forces": "asked of the task forces",
    "presenters": "asked of the presenter of each item with a paper",
    "decided": "asked of the body a decision asks",
}
MESSAGES = (
    *get_args(Area),
    *_ASKED_OF.values(),
    *SENTENCES.values(),
    *_CLIMBED.values(),
    *_QUARTERS,
    *(phase.words for phase in Phase),
    *(str(transferred) for transferred in Transferred),
    *(
        _OF_DUTY,
        _OF_MILESTONE,
        _OF_ITEM,
        _OF_CYCLE,
        _OF_POST,
        _BY_LETTER,
        _NOT_WORKED,
        _WHY,
        _ENGINE,
        _REGION,
        _REVIEW_SAID,
        _MISSED_TWO,
    ),
)
"""All that is said here, for the catalogues."""


def sentence(programme: Programme, event: Event, by: str, language: Language = ENGLISH) -> str:
    """An event for people, e.g. “Cambodia task force accepted “Report the indicators” …”."""
    facts = _names(programme, event, by, language) | _days(programme, event, language)
    said = language.phrase(SENTENCES.get(_variant(event), "{subject}"), **event.data | facts)
    if free := event.data.get("not_worked_in"):
        said = language.phrase(_NOT_WORKED, said=said, **_notice(programme, event, free, language))
    letter = event.data.get("letter")
    if letter is None:
        return said
    filed_by = name_of(programme, letter["filed_by"], language)
    return language.phrase(_BY_LETTER, said=said, filed_by=filed_by, document=letter["document"])


def told(programme: Programme, entry: Entry) -> dict[str, Any]:
    """An entry for programs: without its data, which may hold counts too small to be told."""
    said = sentence(programme, ledger.event(entry), entry.by)
    return {**entry.model_dump(mode="json", exclude={"data", "key"}), "words": said}


def _notice(
    programme: Programme, event: Event, free: dict[str, str], language: Language
) -> dict[str, str]:
    """Where a meeting was put on a day not worked, and which day would be."""
    names = [
        language.phrase(_WHY, name=member_name(programme, code, language), why=why)
        for code, why in free.items()
    ]
    day = anchor_name(Anchor.model_validate(event.data["next_common"]), language)
    return {"members": language.listed(names), "day": day}


def _variant(event: Event) -> str:
    """The sentence an event is told by, where one kind has several."""
    ways = {
        "review.answered": ("performed", "performed", "not-performed"),
        "agenda.item-added": ("carried_from", "carried", ""),
        "agenda.item-minuted": ("reached", "reached", "not-reached"),
        "return.submitted": ("late", "late", ""),
        "obligation.done": ("note", "with-note", ""),
        "obligation.extended": ("reason", "with-reason", ""),
    }
    told = {"chair.agreed": "agreement", "stage.reported": "state"}
    if event.kind in told:
        return f"{event.kind}.{event.data[told[event.kind]]}"
    if event.kind not in ways:
        return event.kind
    fact, if_so, else_ = ways[event.kind]
    way = if_so if event.data.get(fact) else else_
    return f"{event.kind}.{way}" if way else event.kind


def _names(programme: Programme, event: Event, by: str, language: Language) -> dict[str, Any]:
    """The names in a sentence, as the language has them."""
    data = event.data
    names: dict[str, Any] = {
        "subject": event.subject,
        "actor": name_of(programme, by, language),
        "thing": title_of(programme, event, language),
    }
    for key in {"to", "body", "owner", "offered_to", "custody_of"} & data.keys():
        names[key] = name_of(programme, data[key] or "", language)
    for key in {"member", "host", "other"} & data.keys():
        names[key] = member_name(programme, data[key], language)
    if before := data.get("carried_from"):
        names["from_som"] = before.partition("/")[0]
    if event.kind.startswith("body."):
        names["subject"] = name_of(programme, event.subject, language)
    if "phase" in data:
        names["phase"] = phase_name(data["phase"], language)
    if "anchor" in data:
        names["anchor"] = anchor_name(Anchor.model_validate(data["anchor"]), language)
    if "function" in data:
        names["function_name"] = function_name(programme, data["function"], language)
    if "items" in data:
        known = {i.slug: language.text_of(programme, i.name) for i in programme.readiness}
        names["items"] = language.listed([known.get(slug, slug) for slug in data["items"]])
    if event.kind.startswith(("figure.", "stage.")):
        names |= _measured(programme, data, language)
    if event.kind == "milestone.planned":
        names["title"] = step_title(programme, data["title"], language)
    if "why" in data:
        names["why"] = why_support(programme, data, language)
    if role := data.get("to"):
        climbed = _CLIMBED.get(role)
        own = language.text_of(programme, role.replace("-", " "))
        names["climbed_to"] = language.gettext(climbed) if climbed else own
    return names


def _measured(programme: Programme, data: dict[str, Any], language: Language) -> dict[str, str]:
    """The names in what is said of a figure or a stage."""
    names = {}
    for key in {"about", "receiver"} & data.keys():
        names[key] = receiver_name(programme, data[key], language)
    if "value" in data:
        names["value"] = language.number(data["value"])
    if indicator := programme.indicator(data.get("indicator", "")):
        names["indicator"] = language.text_of(programme, indicator.name)
    function = programme.function(data.get("function", ""))
    for strand in function.strands if function else ():
        if strand.slug == data["strand"]:
            names["strand"] = language.text_of(programme, strand.name)
            stages = {stage.slug: stage.name for stage in strand.stages}
            names["stage"] = language.text_of(programme, stages.get(data["stage"], data["stage"]))
    return names


def _days(programme: Programme, event: Event, language: Language) -> dict[str, str]:
    """The days in a sentence, where they are lived; what ends with a day is called by that day."""
    zone = _zone(programme, event)
    days = {}
    for key in {"since", "until", "follow_up", "ends_at"} & event.data.keys():
        if text := event.data[key]:
            ends = timedelta(microseconds=key in ("until", "ends_at"))
            at = datetime.fromisoformat(text) - ends
            days[key] = language.day(at.astimezone(zone).date())
    for key in {"due_on", "rests_until", "wanted_on", "last_day"} & event.data.keys():
        days[key] = language.day(date.fromisoformat(event.data[key]))
    return days


def _zone(programme: Programme, event: Event) -> ZoneInfo:
    """Where the days of an event are counted: at the post, the owner or the body it is about."""
    post = programme.contact(event.subject)
    if post and (member := programme.member(post.member or "")):
        return ZoneInfo(member.zone)
    body = post.body if post else event.data.get("owner", event.subject)
    return programme.body_zone(body) if programme.body(body) else ZoneInfo(programme.zone)


def title_of(programme: Programme, event: Event, language: Language = ENGLISH) -> str:
    """What an event's subject is called: a duty, a milestone, a cycle."""
    slug, _, rest = event.subject.partition("/")
    function = programme.function(slug)
    if function is None:
        return event.subject
    name = language.text_of(programme, function.name)
    tail, _, where = rest.partition("@")
    if event.kind.partition(".")[0] in ("holding", "readiness", "review"):
        duty = next((d.name for d in function.duties if d.slug == tail), tail)
        return language.phrase(
            _OF_DUTY,
            duty=language.text_of(programme, duty),
            function=name,
            receiver=receiver_name(programme, where, language),
        )
    cycle, _, step = tail.partition("/")
    milestone, number = milestone_of(function, step)
    if milestone and event.kind.partition(".")[0] in ("obligation", "document", "return"):
        title = language.text_of(programme, milestone.title)
        if number:
            title = language.phrase(_OF_ITEM, milestone=title, number=number)
        return language.phrase(_OF_MILESTONE, milestone=title, function=name, cycle=cycle)
    return language.phrase(_OF_CYCLE, function=name, cycle=cycle)


def step_title(programme: Programme, title: str, language: Language = ENGLISH) -> str:
    """What is asked, by the programme's words as far as they are: “Paper handed in: 3. Budgets”."""
    known, colon, own = title.partition(": ")
    whole = language.text_of(programme, title)
    if whole != title or not colon:
        return whole
    return f"{language.text_of(programme, known)}{colon}{own}"


def receiver_name(programme: Programme, receiver: str, language: Language = ENGLISH) -> str:
    """“Cambodia”, “Cambodia and Thailand” for a pair, “the chair”."""
    codes = [code for code in receiver.split("-") if programme.member(code)]
    if codes:
        return language.listed([member_name(programme, code, language) for code in codes])
    return language.gettext(f"the {receiver}")


def member_name(programme: Programme, code: str, language: Language = ENGLISH) -> str:
    """A government by the name the programme has for it."""
    found = programme.member(code)
    return language.text_of(programme, found.name) if found else code


def function_name(programme: Programme, slug: str, language: Language = ENGLISH) -> str:
    found = programme.function(slug)
    return language.text_of(programme, found.name) if found else slug


def duty_name(programme: Programme, function: str, slug: str, language: Language = ENGLISH) -> str:
    found = programme.function(function)
    duties = {duty.slug: duty.name for duty in found.duties} if found else {}
    return language.text_of(programme, duties.get(slug, slug))


def name_of(programme: Programme, body: str, language: Language = ENGLISH) -> str:
    """A body by its name; the program itself is “the engine”."""
    if found := programme.body(body):
        return language.text_of(programme, found.name)
    return language.gettext(_ENGINE) if body == "engine" else body


def role_name(programme: Programme, contact: Contact, language: Language = ENGLISH) -> str:
    """What a contact is in its body: “focal point”."""
    return language.text_of(programme, contact.role.replace("-", " "))


def post_name(programme: Programme, contact: Contact, language: Language = ENGLISH) -> str:
    """“Lao PDR task force, focal point”."""
    body = name_of(programme, contact.body, language)
    return language.phrase(_OF_POST, body=body, role=role_name(programme, contact, language))


def asked_of(milestone: Milestone, language: Language = ENGLISH) -> str:
    """Whom a milestone asks: “asked of the host”."""
    return language.gettext(_ASKED_OF[milestone.asks])


def why_support(programme: Programme, facts: dict[str, Any], language: Language = ENGLISH) -> str:
    """Why support was proposed; what was noted before it was noted in facts stays as it is."""
    if "review" in facts:
        return language.phrase(_REVIEW_SAID, note=facts["review"])
    if "missed" in facts:
        titles = [step_title(programme, title, language) for title in facts["missed"]]
        return language.phrase(_MISSED_TWO, first=titles[0], second=titles[1])
    return str(facts["why"])


def phase_name(phase: str, language: Language = ENGLISH) -> str:
    """“government-led”."""
    return language.gettext(Phase(phase).words)


def anchor_name(anchor: Anchor, language: Language = ENGLISH) -> str:
    """“10 March 2020”, “March 2020” or “first quarter of 2019”."""
    if anchor.months == 1:
        return language.month(anchor.day)
    if anchor.tentative:
        return language.phrase(_QUARTERS[(anchor.day.month - 1) // 3], year=anchor.day.year)
    return language.day(anchor.day)

"""Who, what and when: the programme file that makes the engine one process's engine.

COMMIT is the programme we ship. Run ``python -m schemas.programme`` for its JSON Schema, which
lets an editor complete and check the file while it is written.
"""

import json
import re
from datetime import date, time
from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from schemas.measures import Indicator, Strand
from schemas.part import Code, Part, Slug
from schemas.phase import Phase
from schemas.texts import Address, Line

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Place = tuple[str | int, ...]
_zones = cache(available_timezones)  # it reads the whole disk's list each time


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"“{name}” is not a time zone such as Asia/Vientiane")
    return name


def _with_holidays(country: str) -> str:
    if not hasattr(holidays, country):
        raise ValueError(f"no public holidays are known for “{country}”; LA is Lao PDR, say")
    return country


def _by_the_clock(value: object) -> object:
    """Numbers would be read as seconds after midnight."""
    if isinstance(value, str) and not re.fullmatch(r"[0-2][0-9]:[0-5][0-9](:00)?", value):
        raise ValueError(f"“{value}” is no time of day such as 09:00")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
TimeOfDay = Annotated[time, BeforeValidator(_by_the_clock)]


class Cadence(StrEnum):
    PER_SOM = "per-som"
    ANNUAL = "annual"
    HALF_YEARLY = "half-yearly"
    QUARTERLY = "quarterly"
    AD_HOC = "ad-hoc"


class Weekday(StrEnum):
    """In the order of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Calendar(Part):
    """Which days are worked: a public-holiday table, plus corrections in both directions."""

    holidays: Annotated[Code, AfterValidator(_with_holidays)]
    extra_holidays: tuple[date, ...] = ()
    extra_working_days: tuple[date, ...] = ()


class OfficeHours(Part):
    """When people read mail, by their own clocks. Nothing is sent to them outside these hours."""

    opens: TimeOfDay = time(9)
    closes: TimeOfDay = time(17)

    @model_validator(mode="after")
    def _open_at_all(self) -> "OfficeHours":
        if self.opens >= self.closes:
            raise ValueError("offices close later on the day they open")
        return self


class Member(Part):
    """A government that takes part."""

    code: Code
    name: Line
    zone: Zone
    language: Language
    calendar: Calendar
    office_hours: OfficeHours | None = Field(None, description="else those of the programme")


class Body(Part):
    """What can own a holding: the secretariat, a national task force, the chair's office.

    An ``observer``, such as a donor, only reads; an ``operator`` looks after the installation.
    Neither is ever asked for anything.
    """

    slug: Slug
    name: Line
    kind: Literal["secretariat", "task-force", "chair", "observer", "operator"]
    member: Code | None = None
    lead: str = ""

    @property
    def is_asked(self) -> bool:
        """Whether anything can be asked of it."""
        return self.kind not in ("observer", "operator")


class Contact(Part):
    """A role mailbox of a body; for the chair's office, of the member that holds the chair.

    ``alternate`` is the contact that gets its mail when it cannot be reached.
    """

    slug: Slug
    body: Slug
    role: Slug
    member: Code | None = None
    alternate: Slug | None = None
    email: Address
    language: Language
    zone: Zone
    office_hours: OfficeHours | None = Field(None, description="else those of its country")


class Mechanism(Part):
    """A bilateral mechanism; ``lead`` is the government accountable for keeping it going."""

    pair: tuple[Code, Code]
    lead: Code
    inferred: bool = False
    note: str = ""


class LadderStep(Part):
    """One reminder or escalation.

    ``days`` are working days of the asked body, counted from the moment it was ``asked`` or from
    the day it is ``due``; the step falls away once the obligation is ``unless``. ``to`` is a role
    in the asked body, or the head of the ``chair``'s office or of the ``secretariat``.
    """

    name: Slug
    counted_from: Literal["asked", "due"]
    days: int = Field(ge=-250, le=250)
    to: Slug
    unless: Literal["acknowledged", "done"] = "done"
    escalates: bool = False
    repeat_every: int | None = Field(None, ge=1, le=250, description="working days")
    times: int | None = Field(None, ge=2, le=250, description="how often in all; else until done")


class Ladder(Part):
    """When the asked body is to acknowledge, for how long that lasts, and the steps."""

    slug: Slug
    acknowledge_within: int = Field(ge=0, le=250, description="working days after being asked")
    acknowledgement_lasts: int = Field(
        20, ge=1, le=250, description="working days; then, if not due yet, the body is asked anew"
    )
    snoozes: int = Field(2, ge=0, le=20, description="how often reminders may be put off")
    steps: list[LadderStep] = Field(min_length=1)


OnHoliday = Literal["stays", "before", "after"]
Asks = Literal[
    "owners",
    "host",
    "chair",
    "incoming",
    "secretariat",
    "task-forces",
    "presenters",
    "decided",
]


class Milestone(Part):
    """A dated step of a cycle, ``offset`` working days from its anchor (negative: before).

    The days are counted where the secretariat is. ``on_holiday`` says what becomes of a day that is
    not worked where the asked body is: it stays, or the working day before or after it counts.
    ``presenters`` are asked once for each agenda item that wants a paper, ``decided`` are the
    bodies a decision of the meeting asks, each by the decision's own day if it has one.
    """

    slug: Slug
    title: Line
    offset: int = Field(ge=-500, le=500)
    asks: Asks
    lead_time: int = Field(20, ge=0, le=250, description="working days between asking and due")
    ladder: Slug | None = Field(None, description="else the one of the function")
    on_holiday: OnHoliday = "stays"
    evidence: str = Field("", description="what shows that it is done")
    figures: list[Slug] = Field([], description="indicators the body is to give figures for")
    strand: Slug | None = Field(None, description="the strand whose stages the body is to report")
    dossier: Slug | None = Field(
        None, description="what it is to read: a function's, or the chair's"
    )
    takes: Literal["document", "delegation"] | None = Field(
        None, description="what is handed in with it: handing it in is doing it"
    )
    closed_by: Slug | None = Field(
        None, description="the milestone of this function after which no later version is taken"
    )
    silence: int | None = Field(
        None,
        ge=1,
        le=60,
        description="working days, in every country, after which what is circulated is adopted",
    )


class ReadinessItem(Part):
    """Something a receiver must have before a holding enters the phase ``before``."""

    slug: Slug
    name: Line
    before: Literal[Phase.SHARED, Phase.GOVERNMENT_LED, Phase.COMPLETED] = Phase.GOVERNMENT_LED


class Duty(Part):
    slug: Slug
    name: Line


class Digest(Part):
    """One mail instead of five: what goes to one person within ``within`` minutes goes together.

    ``weekly`` is the day on which the chair and the secretariat are told where everything stands.
    """

    within: int = Field(30, ge=0, le=1440, description="minutes that news waits for more")
    weekly: Weekday | None = Weekday.MONDAY


class Function(Part):
    """One secretariat function; ``receiver`` says who takes it over.

    ``chair`` the chair's office, ``each`` every task force, ``pairs`` every bilateral mechanism,
    or the code of one lead government.
    """

    slug: Slug
    name: Line
    what: str
    receiver: Literal["chair", "each", "pairs"] | Code
    cadence: Cadence
    duties: list[Duty] = Field(min_length=1)
    milestones: list[Milestone] = Field(min_length=1)
    strands: list[Strand] = Field([], description="what is developed at each receiver, in stages")
    readiness: list[Slug] | None = Field(None, description="else every item of the programme")
    ladder: Slug = Field("standard", description="of the milestones that name none")
    knock_on: str = Field("", description="what it means for it that a meeting is put off")

    def milestone(self, slug: str) -> Milestone | None:
        return next((each for each in self.milestones if each.slug == slug), None)


class Programme(Part):
    """The whole file; :mod:`schemas.coherence` finds what no single part can see."""

    slug: Slug
    name: Line
    title: Line
    secretariat: Slug
    chair: Slug
    zone: Zone
    calendar: Calendar
    office_hours: OfficeHours = OfficeHours()
    language: Language
    closes: date | None = Field(None, description="last day of the secretariat")
    answer_within: int = Field(30, ge=1, le=250, description="working days to answer an offer in")
    meets_every: int = Field(
        12, ge=1, le=60, description="months between meetings, for the first plan of the next one"
    )
    support_days: int = Field(180, ge=0, le=1000, description="after a government took the lead")
    digest: Digest = Digest()
    templates: str = Field(
        "", description="a directory beside this file: mail templates in place of the built-in"
    )
    readiness: list[ReadinessItem] = Field([])
    members: list[Member] = Field(min_length=1)
    bodies: list[Body] = Field(min_length=1)
    contacts: list[Contact] = Field(min_length=1)
    mechanisms: list[Mechanism] = Field([])
    rotation: list[Code] = Field(
        min_length=1, description="the line in which members chair; alphabetical: who begins"
    )
    turns: Literal["agreed", "alphabetical"] = "agreed"
    ladders: list[Ladder] = Field(min_length=1)
    indicators: list[Indicator] = Field([])
    functions: list[Function] = Field(min_length=1)

    @cached_property
    def _members(self) -> dict[str, Member]:
        return {member.code: member for member in self.members}

    @cached_property
    def _bodies(self) -> dict[str, Body]:
        return {body.slug: body for body in self.bodies}

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return {function.slug: function for function in self.functions}

    @cached_property
    def _ladders(self) -> dict[str, Ladder]:
        return {ladder.slug: ladder for ladder in self.ladders}

    @cached_property
    def _indicators(self) -> dict[str, Indicator]:
        return {indicator.slug: indicator for indicator in self.indicators}

    @cached_property
    def _contacts(self) -> dict[str, Contact]:
        return {contact.slug: contact for contact in self.contacts}

    @cached_property
    def _task_forces(self) -> dict[str, Body]:
        return {
            body.member: body for body in self.bodies if body.kind == "task-force" and body.member
        }

    def changed(self, **parts: Any) -> "Programme":
        """The programme with other parts in place of some of its own."""
        return Programme.model_validate({**dict(self), **parts})

    def member(self, code: str) -> Member | None:
        return self._members.get(code)

    def body(self, slug: str) -> Body | None:
        return self._bodies.get(slug)

    def function(self, slug: str) -> Function | None:
        return self._functions.get(slug)

    @property
    def turn_order(self) -> list[str]:
        """The line in which members chair, its first the one that began."""
        if self.turns == "agreed":
            return self.rotation
        line = [member.code for member in sorted(self.members, key=lambda m: m.name)]
        begins = line.index(self.rotation[0])
        return line[begins:] + line[:begins]

    def indicator(self, slug: str) -> Indicator | None:
        return self._indicators.get(slug)

    def ladder(self, function: Function, milestone: Milestone) -> Ladder:
        """The ladder of a milestone: its own, else the one of its function."""
        return self._ladders[milestone.ladder or function.ladder]

    def contact(self, slug: str) -> Contact | None:
        return self._contacts.get(slug)

    def task_force(self, member: str) -> str:
        """The slug of the member's task force. KeyError: that member has none."""
        return self._task_forces[member].slug

    def task_forces(self) -> list[str]:
        return [self.task_force(member.code) for member in self.members]

    def operators(self) -> list[str]:
        """The bodies that run the program, if the programme names any."""
        return [body.slug for body in self.bodies if body.kind == "operator"]

    def body_zone(self, slug: str) -> ZoneInfo:
        """Where the body's working day is: its member's zone, else the programme's."""
        body = self._bodies[slug]
        return ZoneInfo(self._members[body.member].zone if body.member else self.zone)

    def checklist(self, function: Function) -> list[ReadinessItem]:
        """What a receiver of the function must have, in the programme's order."""
        if function.readiness is None:
            return self.readiness
        return [item for item in self.readiness if item.slug in function.readiness]

    def receivers(self, function: Function) -> list[tuple[str, str]]:
        """(receiver, body that takes over) for each receiver of the function."""
        if function.receiver == "chair":
            return [("chair", self.chair)]
        if function.receiver == "each":
            return [(member.code, self.task_force(member.code)) for member in self.members]
        if function.receiver == "pairs":
            return [("-".join(m.pair), self.task_force(m.lead)) for m in self.mechanisms]
        return [(function.receiver, self.task_force(function.receiver))]


if __name__ == "__main__":
    print(json.dumps(Programme.model_json_schema(), indent=2))  # noqa: T201

"""What becomes of a meeting's agenda, of its days and of what hangs on it? Decided here, purely."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.anchor import Anchor
from schemas.meeting_tables import AgendaItem
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language

_MOVED_ASKED = marked(
    "{count} of {all} steps moved by {days} days; {asked} asked for, {done} of these done."
)
_MOVED = marked("{count} of {all} steps moved by {days} days; nothing was asked for yet.")
_TERMS = {
    (True, True): marked(
        "{member} holds the chair {days} longer, until {som} is closed; {successor} waits as long."
    ),
    (True, False): marked(
        "{member} holds the chair {days} longer, until {som} is closed; no successor is agreed."
    ),
    (False, True): marked(
        "{member} is to hold the chair until {som} is closed, {days} later; {successor} waits as "
        "long."
    ),
    (False, False): marked(
        "{member} is to hold the chair until {som} is closed, {days} later; no successor is agreed."
    ),
}
"""By whether the member is in office, and whether a successor is agreed."""


def item_key(som: str, number: int) -> str:
    """``SOM14/item-3``."""
    return f"{som}/item-{number}"


def next_number(taken: Iterable[int]) -> int:
    """Numbers are never used again: papers and minutes refer to them."""
    return max(taken, default=0) + 1


def moves_on(item: AgendaItem) -> bool:
    """Whether an item of a closed meeting belongs on the next agenda: it was not reached there.

    What the minutes do not mention moves on too: nothing is lost by forgetting it.
    """
    return item.stands and not item.reached and item.carried_to is None


def next_quarter(anchor: Anchor, months: int, today: date) -> Anchor:
    """The quarter so many months after a meeting, or the present one should that be past."""
    month = max(_month(anchor.day) + months, _month(today))
    return Anchor.model_validate(f"{month // 12}-Q{month % 12 // 3 + 1}")


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


@dataclass(frozen=True)
class Dated:
    """A milestone as it was dated: ``was`` None where it was first dated as it is now."""

    function: str
    title: str
    was: date
    now: date
    was_provisional: bool
    provisional: bool

    @property
    def days(self) -> int:
        return (self.now - self.was).days


def said_of_move(steps: list[Dated], asked: int, done: int, language: Language = ENGLISH) -> str:
    """How far a function's steps have moved, in a sentence."""
    moved = [step.days for step in steps if step.days]
    if not moved:
        return language.gettext("None of its steps moved.")
    first, last = min(moved), max(moved)
    by = f"{first}" if first == last else language.phrase("{low} to {high}", low=first, high=last)
    facts = {"count": len(moved), "all": len(steps), "days": by, "asked": asked, "done": done}
    return language.phrase(_MOVED_ASKED if asked else _MOVED, **facts)


def said_of_term(
    member: str,
    som: str,
    was: Anchor,
    now: Anchor,
    successor: str,
    *,
    in_office: bool,
    language: Language = ENGLISH,
) -> str:
    """What a later meeting means for the chair, who stays until the meeting is closed."""
    about = marked("about {days} days") if now.tentative or was.tentative else marked("{days} days")
    days = language.phrase(about, days=(now.day - was.day).days)
    said = _TERMS[in_office, bool(successor)]
    return language.phrase(said, member=member, som=som, days=days, successor=successor)


def said_of_next(
    following: str, on: Anchor, when: str, now: Anchor, language: Language = ENGLISH
) -> str:
    """Whether the meeting after it, ``on`` what is called ``when``, still lies well behind."""
    facts = {"som": following, "when": when}
    if on.day <= now.day:
        return language.phrase(
            "{som} is planned for {when}, no later than this one now: move it too.", **facts
        )
    months = (on.day.year - now.day.year) * 12 + on.day.month - now.day.month
    said = language.ngettext(
        "{som} stays planned for {when}, {count} month after it.",
        "{som} stays planned for {when}, {count} months after it.",
        months,
    )
    return said.format(count=months, **facts)


def said_of_closing(
    secretariat: str, closes: date, now: Anchor, language: Language = ENGLISH
) -> str:
    """Whether the secretariat will still be there; empty where that is no question."""
    if now.day <= closes:
        return language.phrase(
            "{body} closes {days} days or more after the new date.",
            body=secretariat,
            days=(closes - now.day).days,
        )
    return language.phrase(
        "The new date may lie after {body} has closed: its steps go to the chair.",
        body=secretariat,
    )

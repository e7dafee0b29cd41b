"""What becomes of a meeting's agenda, of its days and of what hangs on it? Decided here, purely."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.anchor import Anchor
from schemas.meeting_tables import AgendaItem


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


def said_of_move(steps: list[Dated], asked: int, done: int) -> str:
    """How far a function's steps have moved, in a sentence."""
    moved = [step for step in steps if step.days]
    if not moved:
        return "None of its steps moved."
    first, last = min(moved, key=lambda s: s.days).days, max(moved, key=lambda s: s.days).days
    by = f"{first}" if first == last else f"{first} to {last}"
    said = f"{len(moved)} of {len(steps)} step{_s(len(steps))} moved by {by} days"
    if asked:
        return f"{said}; {asked} asked for, {done} of these done."
    return f"{said}; nothing was asked for yet."


def said_of_term(
    member: str, som: str, was: Anchor, now: Anchor, successor: str, *, in_office: bool
) -> str:
    """What a later meeting means for the chair, who stays until the meeting is closed."""
    about = "about " if now.tentative or was.tentative else ""
    days = f"{about}{(now.day - was.day).days} days"
    follows = f"; {successor} waits as long" if successor else "; no successor is agreed"
    if in_office:
        return f"{member} holds the chair {days} longer, until {som} is closed{follows}."
    return f"{member} is to hold the chair until {som} is closed, {days} later{follows}."


def said_of_next(following: str, on: Anchor, now: Anchor) -> str:
    """Whether the meeting after it still lies well behind the new day."""
    months = (on.day.year - now.day.year) * 12 + on.day.month - now.day.month
    if on.day <= now.day:
        return f"{following} is planned for {on.words}, no later than this one now: move it too."
    return f"{following} stays planned for {on.words}, {months} month{_s(months)} after it."


def said_of_closing(secretariat: str, closes: date, now: Anchor) -> str:
    """Whether the secretariat will still be there; empty where that is no question."""
    if now.day <= closes:
        return f"{secretariat} closes {(closes - now.day).days} days or more after the new date."
    return f"The new date may lie after {secretariat} has closed: its steps go to the chair."


def _s(count: int) -> str:
    return "" if count == 1 else "s"

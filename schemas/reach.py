"""Does every step of a ladder reach somebody? What a programme file must not leave to its day."""

from collections.abc import Iterator
from itertools import chain

from schemas.programme import Ladder, LadderStep, Place, Programme

EVERYWHERE = ("focal-point", "head")
"""The roles every body has that can be asked, whichever it is."""


def unreached(programme: Programme) -> Iterator[tuple[Place, str]]:
    """(place in the file, sentence) for each step that could reach nobody or never be taken."""
    for i, ladder in enumerate(programme.ladders):
        place: Place = ("ladders", i)
        yield from chain(
            _empty_roles(programme, ladder, place),
            _never_taken(ladder, place),
            _never_above(ladder, place),
        )
    yield from _alternates(programme)


def _empty_roles(programme: Programme, ladder: Ladder, place: Place) -> Iterator[tuple[Place, str]]:
    chair = programme.chair
    held = {(c.body, c.role, c.member if c.body == chair else None) for c in programme.contacts}
    for j, step in enumerate(ladder.steps):
        bodies, role = _addressed(programme, ladder, step)
        for body in bodies:
            for code in programme.rotation if body == chair else [None]:
                if (body, role, code) not in held:
                    there = f"{body} while {code} holds it" if code else body
                    yield (*place, "steps", j, "to"), f"nobody holds the role “{role}” in {there}"


def _addressed(programme: Programme, ladder: Ladder, step: LadderStep) -> tuple[list[str], str]:
    """The bodies, and the role in them, that a step may have to reach."""
    if step.to in ("chair", "secretariat"):
        return [getattr(programme, step.to)], "head"
    if step.to in EVERYWHERE:
        return [body.slug for body in programme.bodies if body.is_asked], step.to
    asked = {
        milestone.asks
        for function in programme.functions
        for milestone in function.milestones
        if (milestone.ladder or function.ladder) == ladder.slug
    }
    kinds = {
        "secretariat": ("secretariat",),
        "chair": ("chair",),
        "host": ("task-force",),
        "task-forces": ("task-force",),
        "incoming": ("task-force",),
        "owners": ("secretariat", "chair", "task-force"),
        "presenters": ("secretariat", "chair", "task-force"),
        "decided": ("secretariat", "chair", "task-force"),
    }
    wanted = {kind for asks in asked for kind in kinds[asks]}
    return [body.slug for body in programme.bodies if body.kind in wanted], step.to


def _never_taken(ladder: Ladder, place: Place) -> Iterator[tuple[Place, str]]:
    for j, step in enumerate(ladder.steps):
        here: Place = (*place, "steps", j)
        if step.name in {earlier.name for earlier in ladder.steps[:j]}:
            yield (*here, "name"), f"“{step.name}” stands twice in this ladder"
        if step.times and not step.repeat_every:
            yield (*here, "times"), "it is not said after how many days it repeats: repeat_every"
        if step.repeat_every and not step.times and not _after_due(step):
            words = "this begins before the day it is due and never ends; say how many times"
            yield (*here, "repeat_every"), words
        for later in ladder.steps[j + 1 :]:
            if _hides(later, step):
                words = f"never sent: “{later.name}” goes to the same role at the same moment"
                yield (*here, "name"), words


def _hides(later: LadderStep, step: LadderStep) -> bool:
    """Of two steps due together a contact is mailed the later one alone."""
    same = (later.counted_from, later.days, later.to) == (step.counted_from, step.days, step.to)
    return same and later.unless in ("done", step.unless)


def _never_above(ladder: Ladder, place: Place) -> Iterator[tuple[Place, str]]:
    """Somebody who acknowledges and then does nothing must not be waited for in silence."""
    if not any(
        _after_due(step) and step.unless == "done" and step.to != "focal-point"
        for step in ladder.steps
    ):
        words = "nobody above the focal point is told of what is not done in time"
        yield (*place, "steps"), words


def _after_due(step: LadderStep) -> bool:
    return step.counted_from == "due" and step.days >= 0


def _alternates(programme: Programme) -> Iterator[tuple[Place, str]]:
    for i, contact in enumerate(programme.contacts):
        place: Place = ("contacts", i, "alternate")
        if contact.alternate and programme.contact(contact.alternate) is None:
            yield place, f"“{contact.alternate}” is no contact of this programme"
        chain_of = [contact.slug]
        following = contact.alternate
        while following and (found := programme.contact(following)):
            chain_of.append(following)
            if following == contact.slug:
                yield place, f"these alternates lead in a circle: {' → '.join(chain_of)}"
            if following in chain_of[:-1]:
                break
            following = found.alternate

"""What in a programme file does not fit together, that no single part of it can see?"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from schemas.programme import Cadence, Place, Programme

_OF_A_MEETING = ("host", "incoming", "presenters", "decided")


def contradictions(programme: Programme) -> Iterator[tuple[Place, str]]:
    """(place in the file, sentence) for each thing that does not fit together."""
    return chain(
        _duplicates(programme),
        _unknown_names(programme),
        _missing_bodies(programme),
        _loose_ends(programme),
        _loose_figures(programme),
        _loose_documents(programme),
    )


def _duplicates(programme: Programme) -> Iterator[tuple[Place, str]]:
    lists: list[tuple[Place, list[str]]] = [
        (("members",), [member.code for member in programme.members]),
        (("bodies",), [body.slug for body in programme.bodies]),
        (("contacts",), [contact.slug for contact in programme.contacts]),
        (("mechanisms",), ["-".join(sorted(m.pair)) for m in programme.mechanisms]),
        (("rotation",), list(programme.rotation)),
        (("ladders",), [ladder.slug for ladder in programme.ladders]),
        (("functions",), [function.slug for function in programme.functions]),
        (("indicators",), [indicator.slug for indicator in programme.indicators]),
        (("readiness",), [item.slug for item in programme.readiness]),
    ]
    for i, function in enumerate(programme.functions):
        lists.append((("functions", i, "duties"), [duty.slug for duty in function.duties]))
        lists.append((("functions", i, "milestones"), [m.slug for m in function.milestones]))
        lists.append((("functions", i, "strands"), [s.slug for s in function.strands]))
        for j, strand in enumerate(function.strands):
            stages = [stage.slug for stage in strand.stages]
            lists.append((("functions", i, "strands", j, "stages"), stages))
    for place, slugs in lists:
        for slug, count in Counter(slugs).items():
            if count > 1:
                last = len(slugs) - 1 - slugs[::-1].index(slug)
                yield (*place, last), f"“{slug}” stands {count} times; each name is used once"


def _unknown_names(programme: Programme) -> Iterator[tuple[Place, str]]:
    for key in ("secretariat", "chair"):
        body = programme.body(getattr(programme, key))
        if body is None or body.kind != key:
            yield (key,), f"“{getattr(programme, key)}” is no body of kind {key}"
    used: list[tuple[Place, str | None]] = []
    used += [(("bodies", i, "member"), body.member) for i, body in enumerate(programme.bodies)]
    used += [(("contacts", i, "member"), c.member) for i, c in enumerate(programme.contacts)]
    used += [(("rotation", i), code) for i, code in enumerate(programme.rotation)]
    for i, mechanism in enumerate(programme.mechanisms):
        used += [(("mechanisms", i, "pair", j), code) for j, code in enumerate(mechanism.pair)]
        if mechanism.lead not in mechanism.pair:
            yield ("mechanisms", i, "lead"), f"“{mechanism.lead}” is not one of the pair"
        if mechanism.pair[0] == mechanism.pair[1]:
            yield ("mechanisms", i, "pair"), "a pair is two different members"
    for i, function in enumerate(programme.functions):
        if function.receiver not in ("chair", "each", "pairs"):
            used.append((("functions", i, "receiver"), function.receiver))
    for place, code in used:
        if code is not None and programme.member(code) is None:
            yield place, f"“{code}” is no member of this programme"
    for i, contact in enumerate(programme.contacts):
        if programme.body(contact.body) is None:
            yield ("contacts", i, "body"), f"“{contact.body}” is no body of this programme"


def _missing_bodies(programme: Programme) -> Iterator[tuple[Place, str]]:
    led = {body.member for body in programme.bodies if body.kind == "task-force"}
    for i, member in enumerate(programme.members):
        if member.code not in led:
            yield ("members", i), f"{member.name} has no task force among the bodies"


def _loose_ends(programme: Programme) -> Iterator[tuple[Place, str]]:
    items = {item.slug for item in programme.readiness}
    ladders = {ladder.slug for ladder in programme.ladders}
    for i, function in enumerate(programme.functions):
        for j, slug in enumerate(function.readiness or []):
            if slug not in items:
                words = f"“{slug}” is no readiness item of this programme"
                yield ("functions", i, "readiness", j), words
        for j, milestone in enumerate(function.milestones):
            place = ("functions", i, "milestones", j)
            ladder = milestone.ladder or function.ladder
            if ladder not in ladders:
                yield (*place, "ladder"), f"“{ladder}” is no ladder of this programme"
            if milestone.asks in _OF_A_MEETING and function.cadence != Cadence.PER_SOM:
                words = f"only a function held per SOM has its {milestone.asks} to ask"
                yield (*place, "asks"), words


def _loose_documents(programme: Programme) -> Iterator[tuple[Place, str]]:
    for i, function in enumerate(programme.functions):
        slugs = {milestone.slug for milestone in function.milestones}
        for j, milestone in enumerate(function.milestones):
            place = ("functions", i, "milestones", j)
            if milestone.closed_by and milestone.closed_by not in slugs:
                words = f"“{milestone.closed_by}” is no milestone of this function"
                yield (*place, "closed_by"), words
            if milestone.silence and milestone.takes != "document":
                yield (*place, "silence"), "only a document can be circulated; it takes none"


def _loose_figures(programme: Programme) -> Iterator[tuple[Place, str]]:
    for i, indicator in enumerate(programme.indicators):
        if programme.function(indicator.function) is None:
            words = f"“{indicator.function}” is no function of this programme"
            yield ("indicators", i, "function"), words
    for i, function in enumerate(programme.functions):
        strands = {strand.slug for strand in function.strands}
        for j, milestone in enumerate(function.milestones):
            place = ("functions", i, "milestones", j)
            if milestone.strand and milestone.strand not in strands:
                yield (*place, "strand"), f"“{milestone.strand}” is no strand of this function"
            for k, slug in enumerate(milestone.figures):
                if programme.indicator(slug) is None:
                    yield (*place, "figures", k), f"“{slug}” is no indicator of this programme"

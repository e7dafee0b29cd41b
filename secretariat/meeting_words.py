"""How a meeting is told in words, as data, and as a table of those who come."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from schemas.anchor import Anchor
from schemas.programme import Programme
from secretariat import words
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language
from secretariat.meeting import DelegationSeen, MeetingSeen, Move, SilenceSeen

_STATEMENT = {
    "open": marked("{draft}, version {version} is adopted unless a government objects by {day}"),
    "adopted": marked("{draft}, version {version} is adopted: nobody objected by {day}"),
    "replaced": marked("{draft}, version {version} gave way to a newer draft"),
}
_OBJECTED = marked("{draft}, version {version} is not adopted: {who} objected")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def name(programme: Programme, body: str) -> str:
    return words.name_of(programme, body)


def when(anchor: Anchor, language: Language = ENGLISH) -> str:
    """“first quarter of 2019, date not fixed”."""
    said = words.anchor_name(anchor, language)
    return language.phrase("{when}, date not fixed", when=said) if anchor.tentative else said


def facts(programme: Programme, seen: MeetingSeen) -> Iterator[str]:
    """The meeting in sentences: when, where, what a postponement set off, the statement."""
    host = words.member_name(programme, seen.som.host)
    yield f"{seen.som.name} in {host}: {when(seen.anchor)}"
    if seen.som.venue:
        yield f"Venue: {seen.som.venue}"
    if seen.som.closed_at:
        yield f"Held, and closed on {seen.som.closed_at:%Y-%m-%d}"
    if seen.moves:
        yield f"First planned: {when(seen.was)}"
    for move in seen.moves:
        yield moved(programme, move)
        if move.source:
            yield f"  Source: {move.source}"
    if seen.effects:
        yield "What that set off:"
    for effect in seen.effects:
        yield f"  {effect.about}: {effect.said}" + (f" {effect.why}" if effect.why else "")
    for one in seen.delegations:
        yield delegation(programme, one)
    for round_ in seen.statement[:1]:
        yield statement(programme, round_)


def moved(programme: Programme, move: Move) -> str:
    """When a meeting was put off, by whom, from when to when, and why."""
    return (
        f"Postponed on {move.at:%Y-%m-%d} by {name(programme, move.by)}, from {move.was.words} to "
        f"{move.now.words}: {move.reason}"
    )


def delegation(programme: Programme, one: DelegationSeen, language: Language = ENGLISH) -> str:
    """“Cambodia task force: 4 named, with a head of delegation”."""
    facts: dict[str, Any] = {"body": words.name_of(programme, one.obligation.body, language)}
    if one.delegation is None:
        if one.obligation.done_at:
            return language.phrase("{body}: said to be named", **facts)
        return language.phrase("{body}: not named yet", **facts)
    facts["count"] = one.delegation.count
    if one.delegation.with_head:
        said = language.phrase("{body}: {count} named, with a head of delegation", **facts)
    else:
        said = language.phrase("{body}: {count} named, without a head of delegation", **facts)
    return said if one.names else language.phrase("{said}; the names are erased", said=said)


def statement(programme: Programme, seen: SilenceSeen, language: Language = ENGLISH) -> str:
    """Where the joint statement stands, in a sentence."""
    objecting = [words.name_of(programme, one.body, language) for one in seen.objections]
    facts: dict[str, Any] = {
        "draft": seen.draft.name,
        "version": seen.draft.version,
        "day": language.day(seen.silence.until),
        "who": language.listed(objecting),
    }
    return language.phrase(_STATEMENT.get(seen.silence.state, _OBJECTED), **facts)


# -- what the flows say ----------------------------------------------------------------------------


def host_date_and_venue(programme: Programme, seen: MeetingSeen) -> str:
    """“Viet Nam hosts on 10 March 2020 at the National Convention Center”."""
    host = words.member_name(programme, seen.som.host)
    venue = f" at {seen.som.venue}" if seen.som.venue else "; no venue is named yet"
    return f"{host} hosts, {when(seen.anchor)}{venue}"


def set_off(_programme: Programme, seen: MeetingSeen) -> str:
    """Whether it was put off, and what moved along."""
    if not seen.moves:
        return "it was never put off"
    moved_along = ", ".join(effect.about for effect in seen.effects)
    return f"first planned for {seen.was.words}; what hangs on it moved along: {moved_along}"


def who_comes(programme: Programme, seen: MeetingSeen) -> str:
    """How many delegations are named, and whose are missing."""
    missing = [one.obligation.body for one in seen.delegations if one.obligation.done_at is None]
    there = len(seen.delegations) - len(missing)
    return f"{there} of {len(seen.delegations)} delegations named{_missing(programme, missing)}"


def papers(programme: Programme, seen: MeetingSeen) -> str:
    """How many papers are handed in, and whose are missing, by agenda item."""
    wanted = [one for one in seen.items if one.item.stands and one.item.paper]
    missing = [one for one in wanted if not (one.paper and one.paper.done_at)]
    told = "; ".join(
        f"item {one.item.number} of {name(programme, one.item.presenter or '')}, {one.state}"
        for one in missing
    )
    there = len(wanted) - len(missing)
    return f"{there} of {len(wanted)} papers handed in" + (f"; missing: {told}" if told else "")


def statement_state(programme: Programme, seen: MeetingSeen) -> str:
    """Where the joint statement stands."""
    if not seen.statement:
        return "no draft of the joint statement is circulated yet"
    return statement(programme, seen.statement[0])


def minutes(_programme: Programme, seen: MeetingSeen) -> str:
    """Which items were reached, and how far what was decided is."""
    standing = [one.item for one in seen.items if one.item.stands]
    reached = sum(bool(item.reached) for item in standing)
    missed = [str(item.number) for item in standing if item.reached is False]
    asked = [one for one in seen.decisions if not one.decision.withdrawn_at]
    done = sum(one.state == "done" for one in asked)
    return (
        f"{reached} of {len(standing)} items minuted as reached"
        + (f", not reached: {', '.join(missed)}" if missed else "")
        + f"; {done} of {len(asked)} decisions carried out"
    )


def _missing(programme: Programme, bodies: list[str]) -> str:
    return f"; missing: {', '.join(name(programme, body) for body in bodies)}" if bodies else ""


# -- for programs and spreadsheets -----------------------------------------------------------------


def as_json(programme: Programme, seen: MeetingSeen) -> dict[str, Any]:
    """All of it for programs; names of people are left out."""
    return {
        **seen.som.model_dump(mode="json"),
        "first_planned": str(seen.was),
        "postponements": [
            {
                "at": move.at.isoformat(),
                "by": move.by,
                "was": str(move.was),
                "now": str(move.now),
                "reason": move.reason,
                "source": move.source,
            }
            for move in seen.moves
        ],
        "plan": [
            {
                "function": step.dated.function,
                "title": step.dated.title,
                "first_planned": step.dated.was.isoformat(),
                "now": step.dated.now.isoformat(),
                "asked": step.asked,
                "done": step.done,
            }
            for step in seen.steps
        ],
        "effects": [{"about": one.about, "said": one.said, "why": one.why} for one in seen.effects],
        "agenda": [
            one.item.model_dump(mode="json")
            | {"inferred": one.inferred, "state": one.state}
            | {"documents": [d.model_dump(mode="json") for d in one.documents]}
            for one in seen.items
        ],
        "documents": [
            document.model_dump(mode="json")
            for _, documents, _ in seen.handed_in
            for document in documents
        ],
        "delegations": [
            one.delegation.model_dump(mode="json") for one in seen.delegations if one.delegation
        ],
        "statement": [
            one.silence.model_dump(mode="json") | {"said": statement(programme, one)}
            for one in seen.statement
        ],
        "decisions": [
            one.decision.model_dump(mode="json") | {"state": one.state} for one in seen.decisions
        ],
    }


def delegates_csv(programme: Programme, seen: MeetingSeen) -> str:
    """Who comes, a person a line; what a spreadsheet would take for a formula is quoted."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["Delegation", "Name", "Title", "Head of delegation"])
    for one in seen.delegations:
        who = name(programme, one.obligation.body)
        for person in one.names:
            head = "yes" if person.head else ""
            table.writerow([_harmless(cell) for cell in (who, person.name, person.title, head)])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell

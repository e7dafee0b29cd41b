"""The paper of a meeting on the figures of a year: what came in, every source in a footnote."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from schemas.figures import Contradicting
from schemas.programme import Programme
from schemas.returns import Collected, FigureCollected, RatesSeen, ReturnSeen
from secretariat import collection, figures, indicators
from secretariat.dossier import common
from secretariat.dossier.languages import own_name
from secretariat.dossier.shapes import Block, Dossier, Points, Section
from secretariat.dossier.view import View, capital, in_words, section, table
from secretariat.errors import UnknownError
from secretariat.indicators import Measured

AREAS = ("prevention", "prosecution", "policy", "protection")


class Notes:
    """Footnotes in the order they are called for; the same note has one number."""

    def __init__(self) -> None:
        self._notes: dict[str, int] = {}

    def number(self, text: str) -> str:
        """“ [3]”, to follow what the note is about."""
        return f" [{self._notes.setdefault(text, len(self._notes) + 1)}]" if text else ""

    def section(self) -> list[Section]:
        items = tuple(f"[{number}] {text}" for text, number in self._notes.items())
        return [section("Notes", Points(items))] if items else []


def paper_of(session: Session, programme: Programme, year: str, now: datetime) -> Dossier:
    """The paper on a year's figures. Raises UnknownError: nobody was asked for any.

    It goes from hand to hand, so small parts are told to nobody in it.
    """
    view = View(session, programme, now)
    known = collection.years(session, programme)
    if year not in known:
        raise UnknownError(
            f"Nobody was asked for figures of “{year}”; there are: {', '.join(known) or 'none'}."
        )
    found = collection.collected(session, programme, view.now, year)
    tables = indicators.measured(found, figures.figures(session, programme))
    return Dossier(
        kind="Paper",
        name=f"figures-{year}",
        title=f"Figures of {year}",
        what="What the governments reported: how complete, how timely, and what it rests on.",
        programme=f"{programme.name}, {programme.title}",
        author=view.name(view.steward),
        language=programme.language,
        at=view.now.astimezone(ZoneInfo(programme.zone)),
        day=view.day(view.now),
        head=view.head(),
        greeting=" · ".join(own_name(member) for member in programme.members),
        sections=_sections(view, found, tables),
    )


def _sections(view: View, found: Collected, tables: list[Measured]) -> tuple[Section, ...]:
    notes, by_key = Notes(), {one.obligation: one for one in found.returns}
    sources = {
        (figure.indicator, figure.period, figure.about): one
        for one in by_key.values()
        for figure in one.figures
    }
    areas = [
        _area(view, area, own, notes, sources)
        for area in (*AREAS, None)
        if (own := [each for each in tables if each.area == area])
    ]
    doubts = [(each, c) for each in tables for c in each.contradictions]
    return (
        _summary(view, found, tables),
        _came_in(found),
        *areas,
        *([_doubts(doubts)] if doubts else []),
        *notes.section(),
        common.proof(view),
    )


def _summary(view: View, found: Collected, tables: list[Measured]) -> Section:
    arrived = [one for one in found.returns if one.arrived]
    points = [f"{len(arrived)} of {len(found.returns)} returns came in."]
    if found.missing:
        missing = ", ".join(dict.fromkeys(one.body_name for one in found.missing))
        points.append(f"Missing: {missing}.")
    if late := [one for one in arrived if one.late]:
        points.append(f"Late: {', '.join(one.body_name for one in late)}.")
    if found.to_verify:
        points.append(f"{len(found.to_verify)} of them are not verified yet.")
    totals = [(each.name, each.total(view.programme)) for each in tables]
    points += [f"{name}: {_lower(total)}." for name, total in totals if total]
    return section("In short", Points(tuple(points)))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _came_in(found: Collected) -> Section:
    rates = {each.who: each for each in found.rates}
    rows = [_rated(each) for each in rates.values()]
    if found.overall:
        rows.append(_rated(found.overall))
    columns = {"Government": 30, "Figures given": 22, "Complete": 20, "In time": 20}
    return section(
        "Completeness and timeliness",
        table(columns, rows, "Nobody was asked."),
        "Complete is the share of the figures asked for that were given; that one is not "
        "available, with a reason, is an answer and no figure. In time is the share of returns "
        "due that came by their day.",
    )


def _rated(rates: RatesSeen) -> tuple[str, ...]:
    def percent(value: int | None) -> str:
        return "Not due" if value is None else f"{value}%"

    given = f"{rates.given} of {rates.asked}"
    return (rates.who, given, percent(rates.completeness), percent(rates.timeliness))


Sources = dict[tuple[str, str, str], ReturnSeen]


def _area(
    view: View, area: str | None, tables: list[Measured], notes: Notes, sources: Sources
) -> Section:
    return section(
        capital(area) if area else "Other figures",
        *(_indicator(view, each, notes, sources) for each in tables),
    )


def _indicator(view: View, found: Measured, notes: Notes, sources: Sources) -> Section:
    rows = []
    for each in found.figures:
        source = sources[each.indicator, each.period, each.about]
        parts = [str(each.parts.get(part, "")) for part in found.parts]
        before = ["" if each.before is None else f"{each.before:,}"] * found.has_before
        rows.append((each.about_name, _value(view, each, source, notes), *parts, *before))
    columns = {"Of": 30, "Total": 30} | dict.fromkeys(map(capital, found.parts), 14)
    columns |= {"Last period": 18} if found.has_before else {}
    blocks: list[Block] = [table(columns, rows, "Nobody was asked.")]
    if total := found.total(view.programme):
        blocks.append(f"{total}.")
    blocks += [f"Stated of the region: {words}." for words in found.stated]
    return section(f"{found.name} ({found.unit}, {found.period})", *blocks)


def _value(view: View, figure: FigureCollected, source: ReturnSeen, notes: Notes) -> str:
    """The figure or why there is none, with its footnotes."""
    if figure.open:
        return f"Not handed in{notes.number(_why_not(source))}"
    words = "Not available" if figure.value is None else f"{figure.value:,}"
    source_note = notes.number(_provenance(view, source))
    return f"{words}{source_note}{notes.number(figure.unavailable or figure.note)}"


def _why_not(source: ReturnSeen) -> str:
    if source.state == "ended":
        return f"{source.body_name}: ended without figures, {source.ended_why}"
    return f"{source.body_name}: due on {in_words(source.due_on)}, not handed in."


def _provenance(view: View, source: ReturnSeen) -> str:
    assert source.submitted_at
    state = "not verified yet"
    if source.verified_at:
        state = f"verified on {view.day(source.verified_at)}"
    if source.state == "correction":
        state = f"sent back to be corrected: {source.correction}"
    late = ", late" if source.late else ""
    return (
        f"Return no. {source.number} of {source.body_name}, received on "
        f"{view.day(source.submitted_at)}{late}; {state}."
    )


def _doubts(found: list[tuple[Measured, Contradicting]]) -> Section:
    items = []
    for each, contradiction in found:
        holds = f" {contradiction.holds}." if contradiction.holds else ""
        items.append(f"{each.name}: {contradiction.words}.{holds}")
    return section("What contradicts itself", Points(tuple(items)))

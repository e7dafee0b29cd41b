"""The form of a return: what is asked, what was typed, and what is wrong with it beside it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.programme import Programme
from schemas.return_acts import Given
from schemas.return_tables import FigureReturn
from schemas.tables import Obligation
from secretariat import given, returns
from secretariat.commands import returns as commands
from secretariat.commands.office import Desk
from secretariat.languages import Language
from secretariat.returns import Asked, Fault
from secretariat.sheets.form import given_from

TEXTS = ("unavailable", "note")


@dataclass(frozen=True)
class Blank:
    """One thing to fill in, with what was typed so far."""

    name: str
    part: str
    label: str
    text: str
    faults: list[str]


@dataclass(frozen=True)
class Line:
    """One figure that is asked for."""

    name: str
    area: str | None
    unit: str
    before: str
    counts: list[Blank]
    texts: list[Blank]

    @property
    def wrong(self) -> bool:
        return any(blank.faults for blank in (*self.counts, *self.texts))


@dataclass(frozen=True)
class Form:
    """``kept`` is the return so far; ``mine`` says that the reader may fill it in."""

    lines: list[Line]
    kept: FigureReturn | None
    mine: bool
    said: list[tuple[str, str, str]]
    refused: Sequence[str]

    @property
    def open(self) -> bool:
        return self.mine and (self.kept is None or self.kept.state in ("draft", "correction"))

    @property
    def wrong(self) -> int:
        return sum(line.wrong for line in self.lines)


def of(
    desk: Desk, obligation: Obligation, reader: str, language: Language, **typed: Any
) -> Form | None:
    """The form for what answers an obligation, for a reader; None: it asks for no figures."""
    if not (asked := commands.asked_of(desk, obligation)):
        return None
    kept = desk.session.get(FigureReturn, obligation.id)
    mine = reader == obligation.body
    return form_of(desk.programme, language, asked, kept, mine=mine, **typed)


def form_of(
    programme: Programme,
    language: Language,
    asked: list[Asked],
    kept: FigureReturn | None,
    *,
    mine: bool,
    typed: dict[str, str] | None = None,
    faults: Sequence[Fault] = (),
    refused: Sequence[str] = (),
) -> Form:
    """As somebody typed it just now, else as it was saved."""
    so_far = kept.so_far if kept else []
    if typed is None:
        typed = typed_of(map(Given.model_validate, so_far))
    wrong = defaultdict(list)
    for fault in faults:
        facts = {
            n: language.gettext(v) if isinstance(v, str) else v for n, v in fault.facts.items()
        }
        wrong[f"{fault.key}:{fault.part}"].append(language.phrase(fault.words, **facts))
    return Form(
        lines=[_line(programme, language, each, typed, wrong) for each in asked],
        kept=kept,
        mine=mine,
        said=[
            (
                given.name_of(programme, g.indicator, g.about, language),
                given.said(g, language),
                g.note,
            )
            for g in map(Given.model_validate, kept.figures if kept else [])
        ],
        refused=refused,
    )


def _line(
    programme: Programme,
    language: Language,
    asked: Asked,
    typed: dict[str, str],
    wrong: dict[str, list[str]],
) -> Line:
    indicator = asked.indicator

    def blank(part: str, label: str) -> Blank:
        name = f"{asked.key}:{part}"
        return Blank(name, part, label, typed.get(name, ""), wrong.get(name, []))

    counts = [blank("value", language.gettext("Total"))]
    counts += [blank(part, language.gettext(part)) for part in indicator.parts]
    return Line(
        name=given.name_of(programme, indicator.slug, asked.about, language),
        area=indicator.area,
        unit=language.text_of(programme, indicator.unit),
        before="" if asked.before is None else language.number(asked.before),
        counts=counts,
        texts=[
            blank("unavailable", language.gettext("Not available because")),
            blank("note", language.gettext("Note, source")),
        ],
    )


def typed_of(figures: Iterable[Given]) -> dict[str, str]:
    """What somebody would have typed to give these figures."""
    typed = {}
    for one in figures:
        typed[f"{one.key}:value"] = "" if one.value is None else str(one.value)
        typed |= {f"{one.key}:{part}": str(count) for part, count in one.parts.items()}
        typed |= {f"{one.key}:{name}": getattr(one, name) for name in TEXTS}
    return typed


def read(asked: list[Asked], typed: dict[str, str]) -> tuple[list[Given], list[Fault]]:
    """The figures in a form, and what cannot be read of it."""
    found, faults = [], []
    for each in asked:
        counts = {}
        for part in ("value", *each.indicator.parts):
            text = typed.get(f"{each.key}:{part}", "")
            try:
                counts[part] = returns.count_from(text)
            except ValueError as error:
                faults.append(Fault(each.key, part, str(error), {"typed": text.strip()[:40]}))
        texts = {name: typed.get(f"{each.key}:{name}", "") for name in TEXTS}
        value = counts.pop("value", None)
        parts = {part: count for part, count in counts.items() if count is not None}
        try:
            found.append(given_from(each, value=value, parts=parts, **texts))
        except ValueError as error:
            faults.append(Fault(each.key, "note", str(error)))
    return [one for one in found if not _empty(one)], faults


def _empty(one: Given) -> bool:
    return one.value is None and not (one.parts or one.unavailable or one.note)

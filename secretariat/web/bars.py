"""Where do the bars of an indicator end? One bar for each government; the template draws it."""

from dataclasses import dataclass

from schemas.programme import Programme
from schemas.returns import FigureCollected
from secretariat.catalogues import marked
from secretariat.languages import Language
from secretariat.words import receiver_name

WIDTH, LEFT, RIGHT, THICK = 640, 150, 520, 16
LETTER = 24  # as high as style.css makes letters on a phone, where lines are closest


@dataclass(frozen=True)
class Bar:
    """One government: how long its bar is, and what is said beside it; None: no figure."""

    name: str
    y: int
    length: float | None
    before: float | None
    words: str


@dataclass(frozen=True)
class Bars:
    """The chart of one indicator; ``described`` says in words what it shows."""

    bars: list[Bar]
    height: int
    described: str


def bars(figures: list[FigureCollected], programme: Programme, language: Language) -> Bars:
    """Bars to one scale, with a mark where the last period was."""
    seen = [n for each in figures for n in (each.value, each.before) if n is not None]
    line = round(LETTER * (language.leading - 0.25))
    scale = (RIGHT - LEFT) / max([*seen, 1])

    def along(value: int | None) -> float | None:
        return None if value is None else round(value * scale, 1)

    found = [
        Bar(
            name=receiver_name(programme, each.about, language),
            y=number * line,
            length=along(each.value),
            before=along(each.before),
            words=said(each, language),
        )
        for number, each in enumerate(figures)
    ]
    described = "; ".join(f"{bar.name}: {bar.words}" for bar in found)
    return Bars(found, len(found) * line, described)


def said(figure: FigureCollected, language: Language) -> str:
    """“848”, “not available”, “not handed in”."""
    if figure.value is not None:
        return language.number(figure.value)
    missing = marked("not available") if figure.unavailable else marked("not handed in")
    return language.gettext(missing)

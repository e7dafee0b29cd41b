"""What do the returns of a year say of each indicator? One table each, with its total."""

from dataclasses import dataclass
from itertools import groupby

from schemas.figures import Contradicting, FigureSeen
from schemas.programme import Programme
from schemas.returns import Collected, FigureCollected
from secretariat import words
from secretariat.commands.figures import REGION
from secretariat.languages import ENGLISH, Language


@dataclass(frozen=True)
class Measured:
    """One indicator in one period: every figure asked for, what contradicts it, what is ``stated``
    of the region as a whole, with its source."""

    indicator: str
    name: str
    area: str | None
    unit: str
    period: str
    figures: list[FigureCollected]
    contradictions: list[Contradicting]
    stated: list[str]

    @property
    def parts(self) -> list[str]:
        return list(dict.fromkeys(part for each in self.figures for part in each.parts))

    @property
    def has_before(self) -> bool:
        return any(each.before is not None for each in self.figures)

    def total(self, programme: Programme, language: Language = ENGLISH) -> str:
        """“At least 1,589 persons, without China”; empty for what does not add up."""
        values = [each.value for each in self.figures if each.value is not None]
        if not values or not all(each.adds_up for each in self.figures) or len(self.figures) == 1:
            return ""
        count = f"{language.number(sum(values))} {language.text_of(programme, self.unit)}"
        missing = [each.about for each in self.figures if each.value is None]
        if not missing:
            return language.phrase("{count} in all", count=count)
        names = ", ".join(words.receiver_name(programme, about, language) for about in missing)
        return language.phrase("At least {count}; no figure of {names}", count=count, names=names)


def measured(found: Collected, stated: list[FigureSeen]) -> list[Measured]:
    """By indicator and period, in the order they are asked."""
    figures = [each for one in found.returns for each in one.figures]
    order = list(dict.fromkeys((each.indicator, each.period) for each in figures))
    figures.sort(key=lambda each: order.index((each.indicator, each.period)))
    return [
        _one(list(group), stated)
        for _, group in groupby(figures, key=lambda each: (each.indicator, each.period))
    ]


def _one(figures: list[FigureCollected], stated: list[FigureSeen]) -> Measured:
    first = figures[0]
    same = (first.indicator, first.period, False)
    said = [each for each in stated if (each.indicator, each.period, each.planned) == same]
    return Measured(
        indicator=first.indicator,
        name=first.name if len({each.name for each in figures}) == 1 else first.name.split(",")[0],
        area=first.area,
        unit=first.unit,
        period=first.period,
        figures=figures,
        contradictions=[contradiction for each in said for contradiction in each.contradictions],
        stated=[
            f"{each.said} ({each.standing.source})"
            for each in said
            if each.about == REGION and each.standing and len(figures) > 1
        ],
    )

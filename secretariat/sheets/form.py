"""What every form of a return shares: whose it is, its columns, and how a wrong cell is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from schemas.programme import Programme
from schemas.return_acts import Given
from secretariat.catalogues import marked
from secretariat.errors import BadInputError
from secretariat.languages import ENGLISH, Language
from secretariat.personal import looks_personal
from secretariat.returns import Asked

LARGEST = 1_000_000
"""Bytes a file may have: a template filled in has a tenth."""

CELL = marked("Sheet “{sheet}”, row {row}, column “{column}”")
LINE = marked("Line {row}, column “{column}”")
SHEET = marked("Sheet “{sheet}”")
FILE = marked("The file")
_TOLD = marked("{place}: {reason}")

TOO_LARGE = marked("It has more than {most} bytes. Fill in the template and send only that.")
PERSONAL = marked(
    "“{heading}” looks like data about a person. Only counts may be sent; take the column out."
)
EXTRA = marked("“{heading}” is no column of the template. Take it out.")
OTHER_FORM = marked("It was made for {other}; here {this} is asked. Use the template of this page.")
LOST_ROW = marked("“{code}” is no figure that is asked for here. Leave the codes as they are.")
TWICE = marked("“{code}” stands here a second time.")
TEXT = marked("This text is too long, or has characters that cannot be kept.")


@dataclass(frozen=True)
class Paper:
    """Whose return a file is for: the obligation, its body and period, and what is asked."""

    obligation: str
    body: str
    period: str
    asked: Sequence[Asked]
    programme: Programme
    language: Language = ENGLISH

    def asked_by_key(self) -> dict[str, Asked]:
        return {each.key: each for each in self.asked}

    @property
    def parts(self) -> list[str]:
        """Every part that some figure asked for has, in their order."""
        return list(dict.fromkeys(p for each in self.asked for p in each.indicator.parts))


@dataclass(frozen=True)
class Wrong:
    """One thing in a file that cannot be taken, where and why."""

    place: str
    where: dict[str, Any]
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)

    def said(self, language: Language = ENGLISH) -> str:
        place = language.phrase(self.place, **self.where)
        return language.phrase(
            _TOLD, place=place, reason=language.phrase(self.reason, **self.facts)
        )


class RefusedError(BadInputError):
    """A file of which nothing was taken, with everything that is wrong in it."""

    def __init__(self, wrong: list[Wrong]) -> None:
        self.wrong = wrong
        super().__init__("Nothing was taken from the file. " + " ".join(w.said() for w in wrong))


def refuse(reason: str, **facts: Any) -> RefusedError:
    """The whole file, for one reason."""
    return RefusedError([Wrong(FILE, {}, reason, facts)])


def not_ours(heading: str) -> tuple[str, dict[str, Any]]:
    """Why a column or sheet that is not the template's is refused."""
    reason = PERSONAL if looks_personal(heading) else EXTRA
    return reason, {"heading": heading[:60]}


def given_from(asked: Asked, **cells: Any) -> Given:
    """Raises ValueError with the words of what is wrong."""
    try:
        return Given(indicator=asked.indicator.slug, about=asked.about, **cells)
    except ValidationError:
        raise ValueError(TEXT) from None

"""A return as CSV: UTF-8, one line for each figure and each of its parts."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from schemas.return_acts import Given
from secretariat import returns
from secretariat.catalogues import marked
from secretariat.given import name_of
from secretariat.sheets.form import (
    LARGEST,
    LINE,
    LOST_ROW,
    OTHER_FORM,
    TOO_LARGE,
    TWICE,
    Paper,
    RefusedError,
    Wrong,
    given_from,
    not_ours,
    refuse,
)

COLUMNS = ("return", "code", "figure", "part", "last", "value", "unavailable", "note")
TOTAL = "total"
NOT_UTF8 = marked("It is not written in UTF-8. Save it as “CSV UTF-8”.")
NO_COLUMN = marked("It has no column “{column}”. Start from the template of this page.")
NO_PART = marked("“{part}” is no part of this figure.")
LONG_LINE = marked("A line has more cells than there are columns.")
BROKEN = marked("It cannot be read as CSV. Start from the template of this page.")
_OBEYED = ("=", "+", "-", "@", "\t", "\r")
_LINES = 2000


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_OBEYED) else text


def template(paper: Paper, given: list[Given]) -> bytes:
    """The form, with what was given so far; the last period's values are only to look at."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    have = {each.key: each for each in given}
    for each in paper.asked:
        one = have.get(each.key)
        name = name_of(paper.programme, each.indicator.slug, each.about, paper.language)
        total = "" if one is None or one.value is None else one.value
        told = (inert(one.unavailable), inert(one.note)) if one else ("", "")
        last = "" if each.before is None else each.before
        writer.writerow([paper.obligation, each.key, name, TOTAL, last, total, *told])
        for part in each.indicator.parts:
            count = one.parts.get(part, "") if one else ""
            writer.writerow([paper.obligation, each.key, name, part, "", count, "", ""])
    return out.getvalue().encode("utf-8-sig")


def read(content: bytes, paper: Paper) -> list[Given]:
    """The figures in a file, all or none. Raises RefusedError, naming every wrong cell."""
    lines = _Lines(paper)
    for number, row in _rows(content):
        lines.take(number, row)
    found = lines.given()
    if lines.wrong:
        raise RefusedError(lines.wrong)
    return found


def _rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """The lines with their numbers. Raises RefusedError for what is wrong with the whole file."""
    if len(content) > LARGEST:
        raise refuse(TOO_LARGE, most=f"{LARGEST:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse(NOT_UTF8) from None
    first = text.partition("\n")[0]
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True
        )
        table = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        raise refuse(BROKEN) from None
    _check_columns([cell.strip() for cell in table[0][1]] if table else [])
    head = [cell.strip() for cell in table[0][1]]
    if len(table) > _LINES or any(len(row) > len(head) for _, row in table):
        raise refuse(LONG_LINE if len(table) <= _LINES else BROKEN)
    return [(number, dict(zip(head, row, strict=False))) for number, row in table[1:]]


def _check_columns(head: list[str]) -> None:
    strange = [name for name in head if name not in COLUMNS]
    wrong = [Wrong(LINE, {"row": 1, "column": name[:60]}, *not_ours(name)) for name in strange]
    if wrong:
        raise RefusedError(wrong)
    if len(set(head)) < len(head):
        raise refuse(BROKEN)
    for name in ("return", "code", "part", "value"):
        if name not in head:
            raise refuse(NO_COLUMN, column=name)


@dataclass
class _Lines:
    """What the lines said so far of each figure, by its code, and what is wrong with them."""

    paper: Paper
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)

    def take(self, number: int, row: dict[str, str]) -> None:
        """Note one line's count and words, or what is wrong with them."""
        if (place := self._place(number, row)) is None:
            return
        code, part = place
        self.first.setdefault(code, number)
        own = self.cells.setdefault(code, {"parts": {}})
        if part in own["parts"] or (part == TOTAL and "value" in own):
            self._fault(number, "part", TWICE, code=f"{code}, {part}")
        count = self._count(number, row.get("value", ""))
        if part == TOTAL:
            words = {name: _plain(row.get(name, "")) for name in ("unavailable", "note")}
            own |= {"value": count, **words}
        elif count is not None:
            own["parts"][part] = count

    def _place(self, number: int, row: dict[str, str]) -> tuple[str, str] | None:
        """Which figure a line is about, and which part of it; None: it is none of ours."""
        whose, this = row.get("return", "").strip(), self.paper.obligation
        code, part = row.get("code", "").strip(), row.get("part", "").strip() or TOTAL
        known = self.paper.asked_by_key()
        if whose != this:
            self._fault(number, "return", OTHER_FORM, other=whose[:80], this=this)
        if code not in known:
            self._fault(number, "code", LOST_ROW, code=code[:80])
            return None
        if part not in (TOTAL, *known[code].indicator.parts):
            self._fault(number, "part", NO_PART, part=part[:60])
            return None
        return code, part

    def _count(self, number: int, typed: str) -> int | None:
        try:
            return returns.count_from(typed)
        except ValueError as error:
            self._fault(number, "value", str(error), typed=typed.strip()[:60])
            return None

    def given(self) -> list[Given]:
        """The figures the lines add up to."""
        known, found = self.paper.asked_by_key(), []
        for code, own in self.cells.items():
            try:
                found.append(given_from(known[code], **own))
            except ValueError as error:
                self._fault(self.first[code], "note", str(error))
        return found

    def _fault(self, number: int, column: str, reason: str, **facts: Any) -> None:
        self.wrong.append(Wrong(LINE, {"row": number, "column": column}, reason, facts))


def _plain(text: str) -> str:
    """Without the mark that kept a spreadsheet from obeying it."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_OBEYED) else text

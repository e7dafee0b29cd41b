"""A filled-in workbook, read with suspicion: all its figures, or every reason why none."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import iterparse

from schemas.return_acts import Given
from secretariat.catalogues import marked
from secretariat.returns import Asked
from secretariat.sheets.form import (
    CELL,
    LARGEST,
    LOST_ROW,
    OTHER_FORM,
    SHEET,
    TOO_LARGE,
    TWICE,
    Paper,
    RefusedError,
    Wrong,
    given_from,
    not_ours,
    refuse,
)
from secretariat.sheets.workbook import CODES, FIGURES, FIRST, HEADINGS, columns, sheet_of

UNPACKED = 8_000_000
"""Bytes it may have when unpacked, and how many parts: more is no template, but a bomb."""
PARTS = 100
ROWS, COLUMNS = 400, 60
LIMIT = 10**15

NO_WORKBOOK = marked(
    "It cannot be read as a workbook (XLSX). Start from the template of this page."
)
UNPACKS = marked("It unpacks to far more than a template has, and was not opened.")
ACTIVE = marked("It holds macros, links to other files or embedded objects, and was not opened.")
NOT_OURS = marked("It was not made from the template of this page.")
MISSING = marked("It is missing. Start from the template of this page.")
WIDE = marked("It goes on to row {row}, column {column}; the template ends long before.")
SHEET_EXTRA = marked("It is no sheet of the template. Take it out.")
MOVED = marked("The columns were moved or changed. Start from the template of this page.")
FORMULA = marked("It holds a formula. Write the number itself.")
DATE = marked("It holds a date or a time where a count is asked.")
TEXT = marked("“{typed}” is text, not a number.")
NEGATIVE = marked("{typed} is below zero.")
FRACTION = marked("{typed} is no whole number.")
HUGE = marked("{typed} is more than can be counted.")
NOT_SPLIT = marked("This figure is not split into {part}. Leave the cell empty.")
ERROR = marked("It holds an error, {typed}.")
_ACTIVE = ("vbaproject", "externallinks/", "embeddings/", "activex/", "macrosheets/", "oleobject")

Fault = Callable[..., None]


def read(content: bytes, paper: Paper) -> list[Given]:
    """The figures in a workbook, all or none. Raises RefusedError, naming every wrong cell."""
    book = _opened(content)
    _check_whose(book, paper)
    wrong: list[Wrong] = []
    found: list[Given] = []
    expected = dict.fromkeys(map(sheet_of, paper.asked))
    for sheet in book.worksheets[1:]:
        if sheet.title not in expected:
            reason, facts = not_ours(sheet.title)
            if "looks" not in reason:
                reason, facts = SHEET_EXTRA, {}
            wrong.append(Wrong(SHEET, {"sheet": sheet.title}, reason, facts))
    for name in expected:
        asked = [each for each in paper.asked if sheet_of(each) == name]
        if name in {sheet.title for sheet in book.worksheets}:
            found += _figures(book[name], asked, wrong)
        else:
            wrong.append(Wrong(SHEET, {"sheet": name}, MISSING))
    if wrong:
        raise RefusedError(wrong)
    return found


def _opened(content: bytes) -> Workbook:
    """Raises RefusedError before anything of it is unpacked that could do harm."""
    if len(content) > LARGEST:
        raise refuse(TOO_LARGE, most=f"{LARGEST:,}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise refuse(NO_WORKBOOK) from None
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise refuse(UNPACKS)
    names = [part.filename.lower() for part in parts]
    if any(mark in name for mark in _ACTIVE for name in names):
        raise refuse(ACTIVE)
    try:
        if _spread(content) > ROWS * COLUMNS:
            raise refuse(UNPACKS)
        return load_workbook(io.BytesIO(content), keep_links=False)
    except RefusedError:
        raise
    except Exception:
        # whatever a broken or forged file makes the library stumble over, it is no template
        raise refuse(NO_WORKBOOK) from None


def _spread(content: bytes) -> int:
    """How many cells are merged or under a link: the library makes every one, empty or not."""
    cells = 0
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for part in packed.namelist():
            with suppress(SyntaxError), packed.open(part) as text:  # no XML, so no sheet either
                for _, element in iterparse(text):
                    if element.tag.endswith(("}mergeCell", "}hyperlink")):
                        over = CellRange(element.get("ref")).size
                        cells += over["rows"] * over["columns"]
                    element.clear()
    return cells


def _check_whose(book: Workbook, paper: Paper) -> None:
    front = book.worksheets[0] if book.worksheets else None
    if front is None or front.title != FIRST:
        raise refuse(NOT_OURS)
    other = str(front["A1"].value or "")
    if other != paper.obligation:
        raise refuse(OTHER_FORM, other=other[:80], this=paper.obligation)
    for sheet in book.worksheets:
        if sheet.max_row > ROWS or sheet.max_column > COLUMNS:
            facts = {"row": sheet.max_row, "column": sheet.max_column}
            raise RefusedError([Wrong(SHEET, {"sheet": sheet.title}, WIDE, facts)])


def _figures(sheet: Worksheet, asked: list[Asked], wrong: list[Wrong]) -> list[Given]:
    names = columns(asked)
    if not _has_our_columns(sheet, names, wrong):
        return []
    known, found = {each.key: each for each in asked}, dict[str, Given]()
    for row in range(FIGURES, sheet.max_row + 1):
        cells = [sheet.cell(row, number) for number in range(1, len(names) + 1)]
        if all(cell.value is None for cell in cells):
            continue

        def fault(name: str, reason: str, *, at: int = row, **facts: Any) -> None:
            number = names.index(name) + 1
            heading = str(sheet.cell(HEADINGS, number).value or name)[:60]
            where = {"sheet": sheet.title, "row": at, "column": heading}
            wrong.append(Wrong(CELL, where, reason, facts))

        code = str(cells[0].value or "")
        if code not in known:
            fault("code", LOST_ROW, code=code[:80])
        elif code in found:
            fault("code", TWICE, code=code)
        else:
            found[code] = _one(known[code], dict(zip(names, cells, strict=False)), fault)
    return list(found.values())


def _has_our_columns(sheet: Worksheet, names: list[str], wrong: list[Wrong]) -> bool:
    """Whether every column is where it was; each that is not ours is named."""
    own = [str(sheet.cell(CODES, number).value or "") for number in range(1, len(names) + 1)]
    strange = []
    for number in range(len(names) + 1, sheet.max_column + 1):
        rows = range(1, sheet.max_row + 1)
        texts = [str(v) for row in rows if (v := sheet.cell(row, number).value) is not None]
        strange += texts[:1]
    for heading in [*(name for name in own if name and name not in names), *strange]:
        where = {"sheet": sheet.title, "row": HEADINGS, "column": heading[:60]}
        wrong.append(Wrong(CELL, where, *not_ours(heading)))
    if own != names and not strange:
        wrong.append(Wrong(SHEET, {"sheet": sheet.title}, MOVED))
    return own == names


def _one(asked: Asked, cells: dict[str, Any], fault: Fault) -> Given:
    """One figure; what is wrong with its cells goes to ``fault``."""
    own = asked.indicator.parts
    strange = ("code", "figure", "unit", "last", "value", "unavailable", "note", *own)
    for name in cells.keys() - set(strange):
        if cells[name].value is not None:
            fault(name, NOT_SPLIT, part=name)
    counts = {name: _count(cells[name], name, fault) for name in ("value", *own)}
    texts = {name: _text(cells[name], name, fault) for name in ("unavailable", "note")}
    parts = {name: count for name in own if (count := counts[name]) is not None}
    try:
        return given_from(asked, value=counts["value"], parts=parts, **texts)
    except ValueError as error:
        fault("note", str(error))
        return given_from(asked)


def _count(cell: Any, name: str, fault: Fault) -> int | None:
    """A whole number not below zero, or nothing; anything else is at fault."""
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if reason := _why_no_count(cell):
        fault(name, reason, typed=str(value)[:60])
        return None
    return int(value)


def _why_no_count(cell: Any) -> str:
    value = cell.value
    if _is_formula(cell):
        return FORMULA
    if isinstance(value, date | time | timedelta):
        return DATE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ERROR if cell.data_type == "e" else TEXT
    if value < 0:
        return NEGATIVE
    if not value < LIMIT:
        return HUGE
    return "" if value == int(value) else FRACTION


def _text(cell: Any, name: str, fault: Fault) -> str:
    if _is_formula(cell):
        fault(name, FORMULA)
        return ""
    return "" if cell.value is None else str(cell.value)


def _is_formula(cell: Any) -> bool:
    """A text that begins with “=” may also be just that."""
    return bool(cell.data_type == "f")

"""The template of a return as a workbook: a sheet for each area, what is asked locked in place."""

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from schemas.return_acts import Given
from secretariat import words
from secretariat.catalogues import marked
from secretariat.given import name_of
from secretariat.returns import Asked
from secretariat.sheets.form import Paper

FIRST = "return"
CODES, HEADINGS, FIGURES = 1, 2, 3
"""Rows: codes for the program, hidden; headings; the first figure."""

HEADING = {
    "code": marked("Code"),
    "figure": marked("Figure"),
    "unit": marked("Counted in"),
    "last": marked("Last time"),
    "value": marked("Total"),
    "unavailable": marked("Not available because"),
    "note": marked("Note, source"),
}
_GUIDE = (
    marked("Fill in the white cells of the other sheets, with whole numbers."),
    marked("Where there is no figure, say why; where it is unlike last time, say so in the note."),
    marked("Only counts, never data about a person: a file with more columns is refused."),
)
_LOCKED, _OPEN = PatternFill("solid", fgColor="E4E7E5"), PatternFill("solid", fgColor="FFFFFF")
_WIDTHS = {"code": 30, "figure": 46, "unit": 14, "unavailable": 34, "note": 40}


def sheet_of(asked: Asked) -> str:
    return asked.indicator.area or "figures"


def columns(asked: list[Asked]) -> list[str]:
    """The columns of a sheet by their codes."""
    parts = list(dict.fromkeys(part for each in asked for part in each.indicator.parts))
    return ["code", "figure", "unit", "last", "value", *parts, "unavailable", "note"]


def template(paper: Paper, given: list[Given]) -> bytes:
    """The workbook with what was given so far; the last period's values are only to look at."""
    book = Workbook()
    front = book.active
    assert isinstance(front, Worksheet)
    _front(front, paper)
    have = {each.key: each for each in given}
    for name in dict.fromkeys(map(sheet_of, paper.asked)):
        here = [each for each in paper.asked if sheet_of(each) == name]
        _figures(book.create_sheet(name), paper, here, have)
    book.active = 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _front(sheet: Worksheet, paper: Paper) -> None:
    """Whose it is, so that no other's file is taken for it; and how to fill it in."""
    sheet.title, say = FIRST, paper.language.gettext
    body = words.name_of(paper.programme, paper.body, paper.language)
    for row, text in enumerate((paper.obligation, body, paper.period), 1):
        _text(sheet.cell(row, 1), text)
    sheet.cell(2, 1).font = Font(bold=True, size=14)
    for row, text in enumerate(_GUIDE, 5):
        _text(sheet.cell(row, 1), say(text))
    sheet.column_dimensions["A"].width = 100
    _lock(sheet)


def _figures(sheet: Worksheet, paper: Paper, asked: list[Asked], have: dict[str, Given]) -> None:
    names, say = columns(asked), paper.language.gettext
    whole = DataValidation(
        "whole", operator="greaterThanOrEqual", formula1="0", showErrorMessage=True
    )
    sheet.add_data_validation(whole)
    for number, name in enumerate(names, 1):
        _text(sheet.cell(CODES, number), name)
        heading = sheet.cell(HEADINGS, number)
        _text(heading, say(HEADING.get(name, name)))
        heading.font, heading.fill = Font(bold=True), _LOCKED
        heading.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 12)
    for row, each in enumerate(asked, FIGURES):
        for number, name in enumerate(names, 1):
            cell = sheet.cell(row, number)
            assert isinstance(cell, Cell)
            _fill(cell, name, paper, each, have.get(each.key))
            if name in ("value", *each.indicator.parts):
                whole.add(cell)
    sheet.row_dimensions[CODES].hidden = True
    sheet.freeze_panes = "C3"
    _lock(sheet)


def _fill(cell: Cell, name: str, paper: Paper, asked: Asked, given: Given | None) -> None:
    """One cell: what is asked is grey and locked, what is to be given white and open."""
    indicator, language = asked.indicator, paper.language
    open_to_all = name in ("value", "unavailable", "note", *indicator.parts)
    cell.fill = _OPEN if open_to_all else _LOCKED
    cell.protection = Protection(locked=not open_to_all)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    match name:
        case "code":
            _text(cell, asked.key)
        case "figure":
            _text(cell, name_of(paper.programme, indicator.slug, asked.about, language))
        case "unit":
            _text(cell, language.text_of(paper.programme, indicator.unit))
        case "last":
            cell.value = asked.before
        case "value" if given:
            cell.value = given.value
        case "unavailable" | "note" if given:
            _text(cell, getattr(given, name))
        case part if given and part in given.parts:
            cell.value = given.parts[part]


def _text(cell: Any, text: str) -> None:
    """Text is text, whatever it begins with: no formula comes out of here."""
    if text:
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = text[0] in "=+-@"


def _lock(sheet: Worksheet) -> None:
    """Without a password: against slips, not against anybody."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False

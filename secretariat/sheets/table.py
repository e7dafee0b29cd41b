"""A table to take along, as CSV or XLSX: every cell is plain, and none is a formula."""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from secretariat import filetypes
from secretariat.sheets.commas import inert

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": filetypes.TYPES[".xlsx"]}
LONGEST_CELL = 32_767
"""Letters a cell of a workbook holds."""


def as_csv(columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets see it; instants in UTC by ISO 8601."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(name: str, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> bytes:
    """One sheet with its heads in bold; days are days, instants are text in UTC."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.append([_head(sheet, column) for column in columns])
    for row in rows:
        sheet.append([_cell(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return "" if cell is None else inert(str(cell))


def _head(sheet: Any, words: str) -> Any:
    cell = WriteOnlyCell(sheet, value=words)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: object) -> Any:
    if value is None or (isinstance(value, date | int) and not isinstance(value, datetime | bool)):
        return value
    words = value if isinstance(value, str) else _plain(value)
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", words)[:LONGEST_CELL])
    cell.data_type = "s"
    return cell

"""A table to take along, as XLSX: every cell is plain, and none is a formula."""

import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from secretariat.sheets.table import plain

LONGEST_CELL = 32_767
"""Letters a cell of a workbook holds."""


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


def _head(sheet: Any, words: str) -> Any:
    cell = WriteOnlyCell(sheet, value=words)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: object) -> Any:
    if value is None or (isinstance(value, date | int) and not isinstance(value, datetime | bool)):
        return value
    words = value if isinstance(value, str) else plain(value)
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", words)[:LONGEST_CELL])
    cell.data_type = "s"
    return cell

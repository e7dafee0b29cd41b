"""A table to take along, as CSV: every cell is plain, and none is a formula."""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime

from secretariat import filetypes
from secretariat.sheets.commas import inert

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": filetypes.TYPES[".xlsx"]}


def as_csv(columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets see it; instants in UTC by ISO 8601."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def plain(cell: object) -> str:
    """What is written into a cell; instants in UTC by ISO 8601."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return "" if cell is None else inert(str(cell))

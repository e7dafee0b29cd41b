"""A return as CSV: UTF-8, one line for each figure and each of its parts."""

import csv
import io
from collections import defaultdict
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
    wrong: list[Wrong] = []
    rows = _rows(content)
    known, cells = paper.asked_by_key(), defaultdict[str, dict[str, Any]](dict)
    for number, row in rows:
        _take(paper, number, row, known, cells, wrong)
    found = []
    for key, own in cells.items():
        try:
            lines = own.pop("lines")
            found.append(given_from(known[key], **own))
        except ValueError as error:
            wrong.append(Wrong(LINE, {"row": lines[0], "column": "note"}, str(error)))
    if wrong:
        raise RefusedError(wrong)
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
    for name in ("return", "code", "part", "value"):
        if name not in head:
            raise refuse(NO_COLUMN, column=name)


def _take(
    paper: Paper,
    number: int,
    row: dict[str, str],
    known: dict[str, Any],
    cells: dict[str, dict[str, Any]],
    wrong: list[Wrong],
) -> None:
    """Note one line's count and words, or what is wrong with them."""

    def fault(column: str, reason: str, **facts: Any) -> None:
        wrong.append(Wrong(LINE, {"row": number, "column": column}, reason, facts))

    code, part = row.get("code", "").strip(), row.get("part", "").strip() or TOTAL
    if row.get("return", "").strip() != paper.obligation:
        fault("return", OTHER_FORM, other=row.get("return", "")[:80], this=paper.obligation)
    if code not in known:
        fault("code", LOST_ROW, code=code[:80])
        return
    if part not in (TOTAL, *known[code].indicator.parts):
        fault("part", NO_PART, part=part[:60])
        return
    own = cells[code]
    own.setdefault("lines", []).append(number)
    if part in own.setdefault("parts", {}) or (part == TOTAL and "value" in own):
        fault("part", TWICE, code=f"{code}, {part}")
    try:
        count = returns.count_from(row.get("value", ""))
    except ValueError as error:
        fault("value", str(error), typed=row["value"].strip()[:60])
        return
    if part == TOTAL:
        own["value"] = count
        for name in ("unavailable", "note"):
            own[name] = _plain(row.get(name, ""))
    elif count is not None:
        own["parts"][part] = count


def _plain(text: str) -> str:
    """Without the mark that kept a spreadsheet from obeying it."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_OBEYED) else text

"""Returns as files: what the template gives out comes in again; whatever is wrong is named."""

import csv
import io
import time
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from schemas.programme import Programme
from schemas.return_acts import Given
from secretariat import sheets
from secretariat.languages import LANGUAGES, language_of
from secretariat.personal import looks_personal
from secretariat.returns import Asked
from secretariat.sheets import Paper, RefusedError
from secretariat.sheets.workbook_in import PARTS

ASKED = ("persons-referred", "policy-changes", "cases-investigated", "persons-convicted")
FIGURES = [
    Given(
        indicator="persons-referred",
        about="KH",
        value=848,
        parts={"women": 430, "men": 418, "children": 100, "adults": 748},
        note="From the police.",
    ),
    Given(indicator="policy-changes", about="KH", unavailable="Not counted yet."),
]


@pytest.fixture(scope="module")
def paper(commit: Programme) -> Paper:
    return a_paper(commit)


def a_paper(commit: Programme, obligation: str = "f/2018/step@tf-kh", code: str = "en") -> Paper:
    indicators = [found for slug in ASKED if (found := commit.indicator(slug))]
    asked = [Asked(each, "KH", 700) for each in indicators]
    return Paper(obligation, "tf-kh", "2018", asked, commit, language_of(code))


def changed(paper: Paper, *edits: Callable[[Workbook], object]) -> bytes:
    """The filled-in template with somebody's edits."""
    book = load_workbook(io.BytesIO(sheets.xlsx_template(paper, FIGURES)))
    for edit in edits:
        edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(cell: str, value: Any, sheet: str = "protection") -> Callable[[Workbook], None]:
    def edit(book: Workbook) -> None:
        book[sheet][cell] = value

    return edit


def refused(content: bytes, paper: Paper) -> list[str]:
    with pytest.raises(RefusedError) as error:
        sheets.read(content, paper)
    return [wrong.said() for wrong in error.value.wrong]


# -- workbooks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_the_template_holds_comes_in_again_in_every_language(
    commit: Programme, code: str
) -> None:
    paper = a_paper(commit, code=code)
    have = {one.key: one for one in sheets.read(sheets.xlsx_template(paper, FIGURES), paper)}
    assert [have[one.key] for one in FIGURES] == FIGURES


def test_each_area_has_its_sheet_with_what_is_asked_locked_and_what_is_given_open(
    paper: Paper,
) -> None:
    book = load_workbook(io.BytesIO(sheets.xlsx_template(paper, [])))
    assert book.sheetnames == ["return", "protection", "policy", "prosecution"]
    sheet = book["protection"]
    assert sheet.protection.sheet
    headings = [cell.value for cell in sheet[2]]
    assert headings[1:] == [
        "Figure", "Counted in", "Last time", "Total", "women", "men", "children", "adults",
        "Not available because", "Note, source",
    ]  # fmt: skip
    assert (sheet["D3"].value, sheet["E3"].value) == (700, None)
    assert [sheet[cell].protection.locked for cell in ("A3", "D3", "E3", "F3")] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "value", "reason"),
    [
        ("E3", "many", "“many” is text, not a number."),
        ("E3", "848", "“848” is text, not a number."),
        ("E3", -1, "-1 is below zero."),
        ("E3", 8.5, "8.5 is no whole number."),
        ("E3", True, "“True” is text, not a number."),
        ("E3", date(2018, 1, 1), "It holds a date or a time where a count is asked."),
        ("E3", "=1+1", "It holds a formula. Write the number itself."),
        ("E3", 10**15, "1000000000000000 is more than can be counted."),
        ("K3", "=HYPERLINK(A1)", "It holds a formula. Write the number itself."),
        ("K3", "x" * 2001, "This text is too long"),
        ("A3", "persons@KH", "“persons@KH” is no figure that is asked for here."),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_column_and_reason(
    paper: Paper, cell: str, value: Any, reason: str
) -> None:
    [said] = refused(changed(paper, put(cell, value)), paper)
    column = {"A": "Code", "E": "Total", "K": "Note, source"}[cell[0]]
    assert said.startswith(f"Sheet “protection”, row 3, column “{column}”: {reason}")


def test_every_wrong_cell_is_named_at_once(paper: Paper) -> None:
    edits = [put("E3", "many"), put("F3", -2), put("E3", 1.5, "policy")]
    said = refused(changed(paper, *edits), paper)
    assert len(said) == 3
    assert said[2].startswith("Sheet “policy”, row 3, column “Total”")


def test_a_part_of_a_figure_that_is_not_split_so_is_refused(paper: Paper) -> None:
    book = changed(paper, put("F3", 3, "prosecution"))
    assert sheets.read(changed(paper), paper)
    assert "is not split into women" in refused(book, paper)[0]


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ("Passport no.", "looks like data about a person"),
        ("ឈ្មោះជនរងគ្រោះ", "looks like data about a person"),
        ("Ministry", "is no column of the template"),
    ],
)
def test_a_column_more_is_refused(paper: Paper, heading: str, reason: str) -> None:
    said = refused(changed(paper, put("L2", heading), put("L3", "x"), put("E3", "many")), paper)
    assert f"“{heading}” {reason}" in said[0]
    assert "“many” is text" in said[1]


def test_a_sheet_more_or_less_is_refused(paper: Paper) -> None:
    assert refused(changed(paper, lambda book: book.create_sheet("Victims' names")), paper) == [
        "Sheet “Victims' names”: “Victims' names” looks like data about a person. Only counts may "
        "be sent; take the column out."
    ]
    more = changed(paper, lambda book: book.create_sheet("Remarks"))
    assert refused(more, paper) == ["Sheet “Remarks”: It is no sheet of the template. Take it out."]
    less = changed(paper, lambda book: book.remove(book["policy"]))
    assert "Sheet “policy”: It is missing." in refused(less, paper)[0]


def test_columns_that_changed_places_are_refused(paper: Paper) -> None:
    moved = changed(paper, put("F1", "men"), put("G1", "women"))
    assert "The columns were moved" in refused(moved, paper)[0]


def test_the_template_of_another_body_or_year_is_refused(commit: Programme, paper: Paper) -> None:
    other = a_paper(commit, "f/2018/step@tf-th")
    [said] = refused(sheets.xlsx_template(other, []), paper)
    assert "It was made for f/2018/step@tf-th; here f/2018/step@tf-kh is asked." in said
    book = io.BytesIO()
    Workbook().save(book)
    assert "not made from the template" in refused(book.getvalue(), paper)[0]


def with_part(content: bytes, name: str, inside: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, inside)
    return out.getvalue()


def with_text(content: bytes, old: bytes, new: bytes) -> bytes:
    """The workbook with another text in each of its sheets."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w") as packed:
        for part in given.namelist():
            packed.writestr(part, given.read(part).replace(old, new))
    return out.getvalue()


def test_what_could_do_harm_is_not_even_opened(paper: Paper) -> None:
    good = changed(paper)
    assert "macros" in refused(with_part(good, "xl/vbaProject.bin", b"x"), paper)[0]
    assert (
        "macros" in refused(with_part(good, "xl/externalLinks/externalLink1.xml", b"x"), paper)[0]
    )
    assert (
        "unpacks to far more" in refused(with_part(good, "xl/media/x", b"0" * 9_000_000), paper)[0]
    )
    many = good
    for number in range(PARTS):
        many = with_part(many, f"xl/media/{number}", b"")
    assert "unpacks to far more" in refused(many, paper)[0]
    assert "more than 1,000,000 bytes" in refused(good + b"0" * 1_000_000, paper)[0]
    assert "cannot be read as a workbook" in refused(b"PK\x03\x04 and nothing more", paper)[0]
    assert "cannot be read as a workbook" in refused(good[:-2000], paper)[0]
    locked = bytes.fromhex("d0cf11e0a1b11ae1") + b"0" * 500  # by a password, or from before 2007
    assert "cannot be read as a workbook" in refused(locked, paper)[0]


def test_a_lone_cell_far_out_is_named_and_not_walked_to(paper: Paper) -> None:
    far = changed(paper, put("XFD1048576", 1))
    assert "It goes on to row 1048576, column 16384" in refused(far, paper)[0]


@pytest.mark.parametrize(
    "claim",
    [
        b'<mergeCells><mergeCell ref="A1:ZZ20000"/></mergeCells>',
        b"<mergeCells>" + b'<mergeCell ref="A3:K300"/>' * 5_000 + b"</mergeCells>",
        b'<hyperlinks><hyperlink ref="A1:ZZ20000" location="x"/></hyperlinks>',
    ],
    ids=["merged", "merged again and again", "under a link"],
)
def test_a_small_file_that_makes_millions_of_cells_is_not_opened(
    paper: Paper, claim: bytes
) -> None:
    began = time.process_time()
    said = refused(with_text(changed(paper), b"</sheetData>", b"</sheetData>" + claim), paper)
    assert "unpacks to far more" in said[0]
    assert time.process_time() - began < 2


def test_a_link_in_a_note_or_a_few_merged_cells_do_no_harm(paper: Paper) -> None:
    def edit(book: Workbook) -> None:
        book["protection"]["K3"].hyperlink = "https://police.example/figures"
        book["protection"].merge_cells("K5:K6")

    assert sheets.read(changed(paper, edit), paper)


def test_a_file_packed_in_a_way_nobody_knows_yet_is_refused_in_words(paper: Paper) -> None:
    content = bytearray(changed(paper))
    content[content.rfind(b"PK\x01\x02") + 6] = 200  # the version needed to unpack it
    assert "cannot be read as a workbook" in refused(bytes(content), paper)[0]


def test_no_text_of_ours_becomes_a_formula(paper: Paper) -> None:
    evil = Given(indicator="policy-changes", about="KH", value=1, note='=HYPERLINK("http://x")')
    for template in (sheets.xlsx_template, sheets.csv_template):
        assert evil in sheets.read(template(paper, [evil]), paper)
    book = load_workbook(io.BytesIO(sheets.xlsx_template(paper, [evil])))
    assert {c.data_type for row in book["policy"] for c in row} <= {"s", "n"}
    assert "'=HYPERLINK" in sheets.csv_template(paper, [evil]).decode("utf-8-sig")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@drawn(junk=st.binary(max_size=400), at=st.integers(0, 6000), packed=st.booleans())
def test_whatever_bytes_come_in_are_taken_or_refused_in_words(
    paper: Paper, junk: bytes, at: int, packed: bool
) -> None:
    good = sheets.xlsx_template(paper, FIGURES)
    content = good[:at] + junk + good[at:] if packed else junk
    try:
        sheets.read(content, paper)
    except RefusedError as error:
        assert error.wrong


# -- CSV -------------------------------------------------------------------------------------------


def lines(paper: Paper) -> list[list[str]]:
    text = sheets.csv_template(paper, FIGURES).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def written(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_csv_file_comes_in_as_it_went_out(paper: Paper, delimiter: str) -> None:
    have = {one.key: one for one in sheets.read(written(lines(paper), delimiter), paper)}
    assert [have[one.key] for one in FIGURES] == FIGURES


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (5, "-3", "Line 2, column “value”: “-3” is no count"),
        (5, "=1+1", "Line 2, column “value”: “=1+1” is no count"),
        (3, "girls", "Line 2, column “part”: “girls” is no part of this figure."),
        (1, "x@KH", "Line 2, column “code”: “x@KH” is no figure that is asked for here."),
        (0, "f/2017/step@tf-kh", "Line 2, column “return”: It was made for f/2017/step@tf-kh"),
    ],
)
def test_a_wrong_cell_of_a_csv_file_is_named_by_line_column_and_reason(
    paper: Paper, column: int, value: str, reason: str
) -> None:
    rows = lines(paper)
    rows[1][column] = value
    assert refused(written(rows), paper)[0].startswith(reason)


def test_a_csv_file_with_a_person_s_column_or_in_another_encoding_is_refused(paper: Paper) -> None:
    rows = [[*row, "x"] for row in lines(paper)]
    rows[0][-1] = "ชื่อ-สกุล"
    assert "looks like data about a person" in refused(written(rows), paper)[0]
    assert "not written in UTF-8" in refused("ชื่อ".encode("utf-16"), paper)[0]
    assert refused(b"", paper)
    twice = lines(paper)
    assert "a second time" in refused(written([*twice, twice[1]]), paper)[0]
    again = [[*row, row[5]] for row in lines(paper)]
    assert "cannot be read as CSV" in refused(written(again), paper)[0]


# -- persons ---------------------------------------------------------------------------------------

PERSONAL = (
    "Full name", "Passport No.", "passportNo", "date_of_birth", "DOB", "Phone", "Address",
    "ID card", "ឈ្មោះ", "លេខលិខិតឆ្លងដែន", "ຊື່ ແລະ ນາມສະກຸນ", "ວັນເດືອນປີເກີດ", "အမည်", "လိပ်စာ", "ชื่อ-สกุล",
    "เลขประจำตัวประชาชน", "Họ và tên", "Số hộ chiếu", "Ngày sinh", "姓名", "身份证号码", "出生日期",
)  # fmt: skip


@pytest.mark.parametrize("heading", PERSONAL)
def test_a_heading_about_a_person_is_known_in_the_languages_of_the_region(heading: str) -> None:
    assert looks_personal(heading)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_heading_of_our_own_template_looks_like_a_person_s(commit: Programme, code: str) -> None:
    paper = a_paper(commit, code=code)
    book = load_workbook(io.BytesIO(sheets.xlsx_template(paper, [])))
    headings = [str(c.value) for sheet in book.worksheets[1:] for row in (1, 2) for c in sheet[row]]
    assert [heading for heading in headings if looks_personal(heading)] == []

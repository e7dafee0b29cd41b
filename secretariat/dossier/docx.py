"""A dossier as a DOCX to edit: the same sections with Word's own styles, lists and tables."""

import io
import re
import zipfile
from datetime import UTC
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table as Grid
from docx.text.paragraph import Paragraph

from secretariat.dossier.fonts import spelled
from secretariat.dossier.scripts import runs
from secretariat.dossier.shapes import Block, Dossier, Facts, Points, Section, Table, rewritten

ACCENT = RGBColor(0x1F, 0x4E, 0x79)
QUIET = RGBColor(0x5B, 0x66, 0x73)
LINE = Mm(166)
LATIN = "Calibri"
CELL = "Cell"
FACES = {
    "km": ("km-KH", "Leelawadee UI"),
    "lo": ("lo-LA", "Leelawadee UI"),
    "my": ("my-MM", "Myanmar Text"),
    "th": ("th-TH", "Leelawadee UI"),
    "zh": ("zh-CN", "Microsoft YaHei"),
}
"""Word's name of a language, and a typeface that Windows has for it; other systems use theirs."""

_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def render(dossier: Dossier) -> bytes:
    """The same dossier gives the same bytes; characters XML cannot hold are given by number."""
    dossier = rewritten(dossier, lambda text: spelled(text, set(_ILLEGAL.findall(text))))
    document = Document()
    _describe(document, dossier)
    _set_page(document, dossier)
    _set_styles(document)
    _open(document, dossier)
    for section in dossier.sections:
        _write(document, section, 1)
    return _undated(document)


def _describe(document: Any, dossier: Dossier) -> None:
    facts = document.core_properties
    facts.title = f"{dossier.title}: {dossier.kind.lower()}"[:255]
    facts.author = facts.last_modified_by = dossier.author[:255]
    facts.subject, facts.comments = f"Ledger {dossier.short_head}", ""
    facts.created = facts.modified = dossier.at.astimezone(UTC).replace(microsecond=0)
    facts.language = dossier.language


def _set_page(document: Any, dossier: Dossier) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(22)
    page.top_margin = page.bottom_margin = Mm(24)
    footer = page.footer.paragraphs[0]
    _size(footer.style, 8)
    footer.style.font.color.rgb = QUIET
    footer.style.paragraph_format.tab_stops.clear_all()
    footer.paragraph_format.tab_stops.add_tab_stop(LINE // 2, WD_TAB_ALIGNMENT.CENTER)
    footer.paragraph_format.tab_stops.add_tab_stop(LINE, WD_TAB_ALIGNMENT.RIGHT)
    _say(footer, f"{dossier.title} · {dossier.day}\tLedger {dossier.short_head}\tPage ")
    _count(footer, "PAGE")
    _say(footer, " of ")
    _count(footer, "NUMPAGES")


def _set_styles(document: Any) -> None:
    """One sober typeface throughout; without their own, styles take that of the defaults."""
    defaults = document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:rFonts')}")
    defaults.attrib.clear()
    _set(defaults, ascii=LATIN, hAnsi=LATIN, cs="Leelawadee UI", eastAsia="Microsoft YaHei")
    sizes = {"Normal": 10, "Title": 26, "Subtitle": 12, "Heading 1": 14, "Heading 2": 11}
    for name, size in sizes.items():
        style = document.styles[name]
        properties = style.element.get_or_add_rPr()
        for own in (*properties.findall(qn("w:rFonts")), *properties.findall(qn("w:spacing"))):
            properties.remove(own)
        _size(style, size)
        style.font.italic = False
        if name not in ("Normal", "Subtitle"):
            style.font.color.rgb = ACCENT
    normal = document.styles["Normal"].paragraph_format
    normal.space_after, normal.line_spacing = Pt(6), 1.08
    cell = document.styles.add_style(CELL, WD_STYLE_TYPE.PARAGRAPH)
    cell.base_style = document.styles["Normal"]
    _size(cell, 8.5)
    cell.paragraph_format.space_before = cell.paragraph_format.space_after = Pt(1.5)
    document.styles["Subtitle"].font.color.rgb = QUIET


def _size(style: Any, points: float) -> None:
    """Word keeps the size of the region's own scripts apart from that of Latin."""
    style.font.size = Pt(points)
    properties = style.element.get_or_add_rPr()
    for own in properties.findall(qn("w:szCs")):
        properties.remove(own)
    properties.find(qn("w:sz")).addnext(
        OxmlElement("w:szCs", attrs={qn("w:val"): f"{points * 2:.0f}"})
    )


def _open(document: Any, dossier: Dossier) -> None:
    _say(document.add_paragraph(), dossier.programme, quiet=True)
    _say(document.add_paragraph(style="Title"), dossier.title)
    _say(document.add_paragraph(style="Subtitle"), dossier.what)
    kept = f"{dossier.kind} as of {dossier.day}, kept by {dossier.author}"
    _say(document.add_paragraph(), kept, quiet=True)
    _say(document.add_paragraph(), dossier.greeting, quiet=True)


def _write(document: Any, block: Block, level: int) -> None:
    match block:
        case str():
            _say(document.add_paragraph(), block)
        case Points(items):
            for item in items:
                _say(document.add_paragraph(style="List Bullet"), item)
        case Facts(rows):
            _grid(document, rows, (20, 80))
        case Table(columns, widths, rows):
            grid = _grid(document, (columns, *rows), widths)
            _set(_added(grid.rows[0]._tr.get_or_add_trPr(), "tblHeader"), val="true")
            for cell in grid.rows[0].cells:
                for run in cell.paragraphs[0].runs:
                    run.bold = True
        case Section(title, blocks):
            _say(document.add_paragraph(style=f"Heading {level}"), title)
            for inner in blocks:
                _write(document, inner, level + 1)


def _grid(document: Any, rows: tuple[tuple[str, ...], ...], widths: tuple[int, ...]) -> Grid:
    """Cells between fine lines."""
    grid: Grid = document.add_table(len(rows), len(widths))
    grid.autofit = False
    _ruled(grid)
    lengths = [LINE * width // sum(widths) for width in widths]
    for column, length in zip(grid.columns, lengths, strict=True):
        column.width = length
    for row, texts in zip(grid.rows, rows, strict=True):
        for cell, text, length in zip(row.cells, texts, lengths, strict=True):
            cell.width = length
            for number, line in enumerate(text.split("\n")):
                paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
                paragraph.style = CELL
                _say(paragraph, line)
    document.add_paragraph(style=CELL)
    return grid


def _ruled(grid: Grid) -> None:
    borders = _added(grid._tbl.tblPr, "tblBorders")
    for side in ("bottom", "insideH"):
        _set(_added(borders, side), val="single", sz="4", space="0", color="C9D1D9")


def _say(paragraph: Paragraph, text: str, *, quiet: bool = False) -> None:
    """Add the text, each script with its language and typeface."""
    for language, part in runs(text):
        run = paragraph.add_run(part)
        if quiet:
            run.font.color.rgb = QUIET
        if language:
            tag, face = FACES[language]
            properties = run._r.get_or_add_rPr()
            _set(properties.get_or_add_rFonts(), ascii=face, hAnsi=face, cs=face, eastAsia=face)
            _set(_added(properties, "lang"), val=tag, bidi=tag, eastAsia=tag)


def _count(paragraph: Paragraph, field: str) -> None:
    """A number Word counts itself: PAGE, NUMPAGES."""
    _set(_added(paragraph._p, "fldSimple"), instr=field)


def _added(parent: Any, name: str) -> Any:
    child = OxmlElement(f"w:{name}")
    parent.append(child)
    return child


def _set(element: Any, **values: str) -> None:
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)


def _undated(document: Any) -> bytes:
    """The file's bytes without the hour at which each of its parts was packed."""
    packed, steady = io.BytesIO(), io.BytesIO()
    document.save(packed)
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(steady, "w") as target:
        for part in source.infolist():
            bare = zipfile.ZipInfo(part.filename, _EPOCH)
            target.writestr(bare, source.read(part), zipfile.ZIP_DEFLATED)
    return steady.getvalue()

"""A dossier as a PDF to keep: A4, archivable (PDF/A-2a) and accessible (PDF/UA-1)."""

import json
import re
from pathlib import Path
from typing import Any

import typst

from secretariat.dossier import fonts
from secretariat.dossier.scripts import runs
from secretariat.dossier.shapes import (
    Block,
    Dossier,
    Facts,
    Points,
    Section,
    Table,
    rewritten,
    texts,
)

LAYOUT = Path(__file__).with_name("layout.typ")
# A mailbox stays whole, so that it can be copied; scripts without spaces break by themselves, but
# nobody's word has thousands of letters.
_LONG_WORD = re.compile(
    r"(?<!\S)[!-?A-\u04ff\u1e00-\u1eff]{30,}(?!\S)|[!-\u04ff\u1e00-\u1eff]{100,}|\S{5000,}"
)


def render(dossier: Dossier) -> bytes:
    """The same dossier gives the same bytes; characters without a font are given by number."""
    missing = fonts.missing(texts(dossier))
    content = _content(rewritten(dossier, lambda text: fonts.spelled(text, missing)))
    content |= {"warning": fonts.warning(missing), "fonts": [*fonts.FAMILIES]}
    compiler = typst.Compiler(
        LAYOUT.read_bytes(),
        font_paths=typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(directory) for directory in fonts.directories()],
        ),
        ignore_system_fonts=True,
        sys_inputs={"dossier": json.dumps(content)},
    )
    made = compiler.compile(
        format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=int(dossier.at.timestamp())
    )
    assert isinstance(made, bytes)
    return made


def _breakable(text: str) -> str:
    """The text with places to break in words that are longer than a cell is wide."""
    return _LONG_WORD.sub(lambda word: re.sub("(.{8})", "\\1\u200b", word[0]), text)


def _content(dossier: Dossier) -> dict[str, Any]:
    """The dossier as the layout reads it."""
    return {
        "kind": dossier.kind,
        "title": dossier.title,
        "what": dossier.what,
        "programme": dossier.programme,
        "author": dossier.author,
        "language": dossier.language,
        "day": dossier.day,
        "head": dossier.short_head,
        "greeting": _lines(dossier.greeting),
        "blocks": [_block(section) for section in dossier.sections],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case str():
            return {"kind": "text", "lines": _lines(block)}
        case Points(items):
            return {"kind": "points", "items": [_lines(item) for item in items]}
        case Facts(rows):
            return {"kind": "facts", "rows": [(name, _lines(value)) for name, value in rows]}
        case Table(columns, widths, rows):
            cells = [[_lines(_breakable(text)) for text in row] for row in rows]
            return {"kind": "table", "columns": columns, "widths": widths, "rows": cells}
        case Section(title, blocks):
            return {"kind": "section", "title": title, "blocks": [_block(b) for b in blocks]}


def _lines(text: str) -> list[list[tuple[str, str]]]:
    """The text's lines, each part with its language: for reading aloud and for breaking lines."""
    return [list(runs(line)) for line in text.split("\n")]

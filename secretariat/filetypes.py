"""Is a file what its name says? Told by its bytes; what may do harm is refused."""

import io
import zipfile
from pathlib import PurePosixPath

from secretariat.catalogues import marked
from secretariat.errors import BadInputError

LARGEST = 10 * 1024 * 1024
TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
TEXT = (".txt", ".md")
_OFFICE = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml"}
_MACROS = ("vbaproject.bin", "vbadata.xml")
_SPACE = {"\t", "\n", "\r", "\f"}


def ending(name: str) -> str:
    """``.pdf``; empty where a name has none of ours."""
    found = PurePosixPath(name).suffix.lower()
    return found if found in TYPES else ""


def plain_name(name: str) -> str:
    """The last part of a name, whatever directories a browser put before it."""
    return name.replace("\\", "/").rpartition("/")[2].strip()


def check(name: str, content: bytes) -> None:
    """Raises BadInputError: too large, empty, of another type, or not what its name says."""
    if not content:
        raise BadInputError(marked("The file is empty. Nothing was changed."))
    if len(content) > LARGEST:
        raise BadInputError(marked("The file is larger than 10 MB. Nothing was changed."))
    kind = ending(name)
    if not kind:
        raise BadInputError(
            marked("Hand in a PDF, DOCX, XLSX, TXT or MD file. Nothing was changed.")
        )
    if not _is_what_it_says(kind, content):
        raise BadInputError(
            marked(
                "What is in {name} is not what its name says, or it holds macros. Save it as "
                "{kind} again. Nothing was changed."
            ),
            name=name,
            kind=kind[1:].upper(),
        )


def _is_what_it_says(kind: str, content: bytes) -> bool:
    if kind == ".pdf":
        return content.startswith(b"%PDF-")
    if kind in _OFFICE:
        return content.startswith(b"PK\x03\x04") and _is_office(_OFFICE[kind], content)
    return _is_text(content)


def _is_office(main: str, content: bytes) -> bool:
    """Its list of parts is read, nothing in it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    macros = any(name.lower().rpartition("/")[2] in _MACROS for name in names)
    return {"[Content_Types].xml", main} <= set(names) and not macros


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in _SPACE for letter in set(text) - {"\u200b"})

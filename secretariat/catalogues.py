"""Where are the translations kept, and which of them can be shown?

gettext's ``.po`` files, parsed when they are first needed. What a catalogue lacks, guesses or says
with other placeholders than the English text is not shown; English is.
"""

import logging
import re
from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

HERE = Path(__file__).parent
OURS = HERE / "locales"
PROGRAMMES = HERE / "programmes" / "locales"
"""What the program says itself, and what the programmes we ship say."""

_PERCENT = re.compile(r"%(?:%|\(\w+\)s)?")
_TAG = re.compile(r"</?[a-z][^<>]*>")

log = logging.getLogger(__name__)


def marked(text: str) -> str:
    """A text to be translated where it is shown, not here."""
    return text


def file_of(root: Path, code: str, domain: str) -> Path:
    return root / code / "LC_MESSAGES" / f"{domain}.po"


@cache
def catalogue(root: Path, code: str, domain: str) -> NullTranslations:
    """The translations that can be shown; none where there is no file, or a broken one."""
    path = file_of(root, code, domain)
    if not path.exists():
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415  English needs none of it

    try:
        found = read(path)
    except ValueError as error:  # a mail in English is better than none
        log.error("%s", error)
        return NullTranslations()
    for message in [m for m in found if m.id and not (is_translated(m) and is_sound(m))]:
        found.delete(message.id)
    compiled = BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return GNUTranslations(compiled)


def read(path: Path) -> "Catalog":
    """The catalogue in a file. Raises ValueError: where and why it cannot be read."""
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(f"{path}:{error.lineno + 1}: {error}") from None
    except (ValueError, LookupError) as error:
        raise ValueError(f"{path}: {error}") from None


def is_translated(message: "Message") -> bool:
    """Whether there is a text, and no guess, for every form of it."""
    return bool(message.string) and all(_forms(message.string)) and not message.fuzzy


def is_sound(message: "Message") -> bool:
    """Whether every form has the placeholders of the English text, and no others."""
    known = [_placeholders(form) for form in _forms(message.id)]
    may, must = set.union(*known), set.intersection(*known)
    return all(must <= _placeholders(form) <= may for form in _forms(message.string))


def _forms(text: str | Sequence[str] | None) -> Sequence[str]:
    """The plural forms of a text, or the one it has."""
    return [text or ""] if text is None or isinstance(text, str) else text


def _placeholders(text: str) -> set[str]:
    """``%(name)s`` and tags in templates, ``{name}`` in sentences, and what only looks like one."""
    percent = {found for found in _PERCENT.findall(text) if found != "%%"}
    try:
        fields = [f"{name}!{how}:{form}" for _, name, form, how in Formatter().parse(text) if name]
    except ValueError:
        fields = ["{"]
    return {*percent, *fields, *_TAG.findall(text)}

"""Which letter was it? Documents kept beside the database, named by what is in them."""

import hashlib
import shutil
from pathlib import Path

from schemas.acts import Letter
from secretariat.errors import BadInputError, UnreachableError
from secretariat.typed import act_from

LARGEST = 20_000_000


def file_letter(directory: Path, path: Path, filed_by: str) -> Letter:
    """Keep a copy of a letter; the ledger gets its name and SHA-256, never its content.

    Raises BadInputError (not a readable file, too large), UnreachableError (cannot be kept).
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError as error:
        raise BadInputError(f"The letter {path} cannot be read: {error.strerror}.") from None
    if not content:
        raise BadInputError(f"The letter {path} is empty, or larger than 20 MB.")
    sha256 = hashlib.sha256(content).hexdigest()
    kept = directory / "documents" / f"{sha256}{path.suffix.lower()}"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            shutil.copyfile(path, kept)
    except OSError as error:
        raise UnreachableError(f"{kept.parent} cannot be written: {error.strerror}.") from None
    return act_from(Letter, filed_by=filed_by, document=path.name[-200:], sha256=sha256)

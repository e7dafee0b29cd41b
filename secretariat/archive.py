"""The file of a backup: a ZIP anybody can open, which ends with the hash of all that is before."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile

from pydantic import ValidationError

from schemas.backup import LAYOUT, PRODUCT, Manifest
from secretariat.errors import BadInputError, ConflictError, UnreachableError

STORE = "store.db"
DOCUMENTS = "documents"
_MANIFEST = "manifest.json"
_SEAL = 64  # hex digits of a SHA-256, as the comment of the ZIP
_LETTER = re.compile(rf"{DOCUMENTS}/([0-9a-f]{{64}})(\.\w{{1,10}})?")


def pack(to: Path, manifest: Manifest, files: dict[str, Path]) -> None:
    """Write a new file that holds others by the names they have in it. Raises UnreachableError."""
    try:
        with _made(to) as file:
            with ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(_MANIFEST, manifest.model_dump_json(indent=1))
                for name, path in files.items():
                    with path.open("rb") as read, archive.open(name, "w", force_zip64=True) as part:
                        shutil.copyfileobj(read, part)
                archive.comment = b"0" * _SEAL
            file.write(_sealed(file.seek(0, os.SEEK_END) - _SEAL, file))
    except OSError as error:
        raise UnreachableError(f"{to.parent} cannot be written: {error.strerror}.") from None


def unpack(path: Path, within: Path) -> Manifest:
    """Lay a backup out in a directory: the store, and documents by what is in them.

    Raises BadInputError: it is none, or not as it was written; ConflictError: of a newer release.
    """
    try:
        with path.open("rb") as file:
            _check_seal(path, file)
            with ZipFile(file) as archive:
                manifest = _manifest(path, archive)
                for name in archive.namelist():
                    if name == STORE or _LETTER.fullmatch(name):
                        archive.extract(name, within)
    except zipfile.BadZipFile:
        raise BadInputError(f"{path} is no backup of secretariat.") from None
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.") from None
    _check_documents(path, within)
    return manifest


def keep(made: Path, to: Path) -> None:
    """Copy a proved backup to where it stays: under its name there is only ever a whole one.

    Raises UnreachableError; BadInputError: what was written there cannot be read back.
    """
    part = to.with_name(f".{to.name}.part")
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with made.open("rb") as source, _made(part) as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
            _check_seal(part, file)
        part.replace(to)
        sync(to.parent)
    except OSError as error:
        raise UnreachableError(f"{to} cannot be written: {error.strerror}.") from None


def sync(directory: Path) -> None:
    """Have the names in a directory on disk."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _made(path: Path) -> BinaryIO:
    """A file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")


def add_documents(of: Path, to: Path) -> None:
    """Put unpacked documents with those there are; their names say what is in them."""
    for document in sorted((of / DOCUMENTS).glob("*")):
        kept = to / DOCUMENTS / document.name
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            document.replace(kept)


def _check_seal(path: Path, file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise BadInputError(f"{path} is no backup of secretariat.")
    if size < _SEAL or _sealed(size - _SEAL, file) != file.read(_SEAL):
        raise BadInputError(
            f"{path} is damaged or was cut short: its seal does not fit it. Take another backup."
        )


def _sealed(length: int, file: BinaryIO) -> bytes:
    """The hash of the first bytes of a file, which then stands behind them."""
    digest = hashlib.sha256()
    file.seek(0)
    while length > 0:
        part = file.read(min(length, 1 << 20))
        digest.update(part)
        length -= len(part)
    return digest.hexdigest().encode()


def _manifest(path: Path, archive: ZipFile) -> Manifest:
    try:
        said = json.loads(archive.read(_MANIFEST))
        product, layout = said["product"], said["layout"]
        if product == PRODUCT and layout in (1, LAYOUT):
            return Manifest.model_validate(said)
    except (KeyError, TypeError, ValueError, ValidationError):
        raise BadInputError(f"{path} is no backup of secretariat.") from None
    if product != PRODUCT:
        raise BadInputError(f"{path} is a backup of {product}, not of secretariat.")
    raise ConflictError(f"{path} was made by a newer secretariat. Use that one.")


def _check_documents(path: Path, within: Path) -> None:
    for document in (within / DOCUMENTS).glob("*"):
        if hashlib.sha256(document.read_bytes()).hexdigest() != document.name[:64]:
            raise BadInputError(f"{path} holds a document that was changed: {document.name}.")

"""Secrets this installation makes for itself, outside the database, each kind in its own file."""

import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from secretariat.errors import ConflictError, UnknownError

_LEAST = 32


def kept_key(path: Path, before: str = "") -> str:
    """The secret in a file: ``before`` and 256 random bits, made on first use.

    Only its owner may read it. Raises ConflictError: somebody has cut it short.
    """
    return kept_keys(path, before)[-1]


def kept_keys(path: Path, before: str = "") -> list[str]:
    """Every secret of a file, one a line, the newest last; the first is made on first use.

    Raises ConflictError: somebody has cut one short.
    """
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as made:
            made.write(before + secrets.token_urlsafe(_LEAST))
            made.flush()
            with suppress(FileExistsError):  # another process was faster
                os.link(made.name, path)
    keys = path.read_text(encoding="ascii", errors="replace").split()
    if not keys or min(map(len, keys)) < _LEAST:
        raise ConflictError(
            f"The key in {path} is damaged. Put it back from a backup, or delete the file: a new "
            "key is made then, and what the old one signed is no longer valid."
        )
    return keys


def name_of(key: str) -> str:
    """What a key is called where it must not be seen: eight digits that do not betray it."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def add_key(path: Path) -> str:
    """Let a new key sign from now on; the others stay good. Returns its name."""
    kept_keys(path)
    key = secrets.token_urlsafe(_LEAST)
    with path.open("a", encoding="ascii") as file:  # one short write: readers see all of it or none
        file.write(f"\n{key}\n")
        file.flush()
        os.fsync(file.fileno())
    return name_of(key)


def drop_key(path: Path, name: str) -> None:
    """Forget a key. Raises UnknownError; ConflictError: it is the one that signs."""
    keys = kept_keys(path)
    check_droppable(keys, name)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii", delete=False) as kept:
        kept.write("\n".join(key for key in keys if name_of(key) != name) + "\n")
        kept.flush()
        os.fsync(kept.fileno())
    Path(kept.name).replace(path)


def check_droppable(keys: list[str], name: str) -> None:
    """Raises UnknownError; ConflictError: it is the key that signs."""
    names = [name_of(key) for key in keys]
    if name not in names:
        raise UnknownError(f"There is no key “{name}”. The keys are: {', '.join(names)}.")
    if name == names[-1]:
        raise ConflictError(
            f"{name} is the key that signs. Make a new one first: secretariat links rotate"
        )

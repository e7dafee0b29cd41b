"""Secrets this installation makes for itself, outside the database, each in a file of its own."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from secretariat.errors import ConflictError

_LEAST = 32


def kept_key(path: Path, before: str = "") -> str:
    """The secret in a file: ``before`` and 256 random bits, made on first use.

    Only its owner may read it. Raises ConflictError: somebody has cut it short.
    """
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as made:
            made.write(before + secrets.token_urlsafe(_LEAST))
            made.flush()
            with suppress(FileExistsError):  # another process was faster
                os.link(made.name, path)
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < _LEAST:
        raise ConflictError(
            f"The key in {path} is damaged. Put it back from a backup, or delete the file: a new "
            "key is made then, and what the old one signed is no longer valid."
        )
    return key

"""The style and the script of the pages: under an address that changes with what is in them."""

import hashlib
from functools import cache
from pathlib import Path

DIRECTORY = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


@cache
def address(name: str) -> str:
    """Where a browser gets a file once, and again only when it is another."""
    digest = hashlib.sha256((DIRECTORY / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"

"""Which pages are there, and on which of them is the reader?"""

from dataclasses import dataclass

from fastapi import Request

from schemas.programme import Contact


@dataclass(frozen=True)
class Place:
    """A page in the menu, and what lies behind it; ``looks_back`` if it is there at a past day."""

    path: str
    name: str
    behind: tuple[str, ...] = ()
    looks_back: bool = True
    for_whom: str = "everybody"
    current: str = ""


PLACES = (
    Place("/", "Board", ("/functions/", "/holdings/", "/countries/", "/runs/")),
    Place("/obligations", "Obligations", ("/obligations/", "/documents/", "/delegations/")),
    Place("/chair", "Chair"),
    Place("/returns", "Indicators", ("/returns/", "/return/"), looks_back=False),
    Place("/figures", "Figures"),
    Place("/forecast", "Forecast"),
    Place("/mail", "Mail", ("/mail/",), looks_back=False, for_whom="signed in"),
    Place("/caught", "Caught mail", ("/caught/",), looks_back=False, for_whom="caught"),
    Place("/ledger", "Ledger"),
)


def places(request: Request, signed_in: Contact | None) -> list[Place]:
    """The menu of whoever reads, with the page they are on, or the one it lies behind, marked."""
    also = {"everybody"}
    also |= {"signed in"} if signed_in else set()
    also |= {"caught"} if request.app.state.parts.caught is not None else set()
    path = request.url.path
    return [
        Place(place.path, place.name, looks_back=place.looks_back, current=_current(place, path))
        for place in PLACES
        if place.for_whom in also
    ]


def _current(place: Place, path: str) -> str:
    """In the words of ``aria-current``."""
    if path == place.path:
        return "page"
    return "true" if path.startswith(place.behind or "\0") else ""

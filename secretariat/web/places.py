"""Which pages are there, and on which of them is the reader?"""

from dataclasses import dataclass

from fastapi import Request

from secretariat.catalogues import marked
from secretariat.rights import Right
from secretariat.web import signin


@dataclass(frozen=True)
class Place:
    """A page in the menu, and what lies behind it; ``looks_back`` if it is there at a past day."""

    path: str
    name: str
    behind: tuple[str, ...] = ()
    looks_back: bool = True
    needs: Right = Right.READ_BOARD
    current: str = ""


PLACES = (
    Place("/", marked("Board"), ("/functions/", "/holdings/", "/countries/", "/runs/")),
    Place("/obligations", marked("Obligations"), ("/obligations/", "/documents/", "/delegations/")),
    Place("/meetings", marked("Meetings"), ("/meetings/",)),
    Place("/chair", marked("Chair")),
    Place("/returns", marked("Indicators"), ("/returns/", "/return/")),
    Place("/figures", marked("Figures")),
    Place("/forecast", marked("Forecast")),
    Place("/mail", marked("Mail"), ("/mail/",), needs=Right.READ_MAILS),
    Place(
        "/caught", marked("Caught mail"), ("/caught/",), looks_back=False, needs=Right.READ_CAUGHT
    ),
    Place("/people", marked("People"), needs=Right.READ_ADDRESSES),
    Place("/ledger", marked("Ledger")),
    Place("/tables", marked("Tables")),
    Place("/accounts", marked("Accounts"), looks_back=False, needs=Right.ADMINISTER),
    Place(
        "/webhooks", marked("Webhooks"), ("/webhooks/",), looks_back=False, needs=Right.ADMINISTER
    ),
    Place("/help", marked("Help"), looks_back=False),
)


def places(request: Request) -> list[Place]:
    """The menu of whoever reads, with the page they are on, or the one it lies behind, marked."""
    nothing_caught = request.app.state.parts.caught is None
    path = request.url.path
    return [
        Place(place.path, place.name, looks_back=place.looks_back, current=_current(place, path))
        for place in PLACES
        if signin.is_let_in(request, place.needs)
        and not (nothing_caught and place.needs is Right.READ_CAUGHT)
    ]


def looks_back(path: str) -> bool:
    """Whether a page is about the store at a moment, and nothing else."""
    return any(place.looks_back and _current(place, path) for place in PLACES)


def _current(place: Place, path: str) -> str:
    """In the words of ``aria-current``."""
    if path == place.path:
        return "page"
    return "true" if path.startswith(place.behind or "\0") else ""

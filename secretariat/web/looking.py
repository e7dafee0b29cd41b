"""Which moment does a page show? Now, or the end of a past day (``?at=2018-06-30``)."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import Request

from secretariat.commands.office import Office
from secretariat.store import Store


@dataclass(frozen=True)
class Look:
    """The store as it was at a moment, with that moment; ``day`` and ``today`` at its home."""

    store: Store
    now: datetime
    past: bool
    day: date
    today: date

    @property
    def then(self) -> datetime | None:
        """The past moment, for what keeps its own moments beside the ledger."""
        return self.now if self.past else None

    @property
    def kept(self) -> str:
        """What the links of the page take along."""
        return f"?at={self.day}" if self.past else ""


def looking(request: Request, at: str | None) -> Look:
    """What a page is to show; the page then says so, and keeps the day in its links.

    Raises BadInputError: ``at`` is no moment.
    """
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    past = store is not office.store
    found = Look(store, moment, past, day_of(moment, office), day_of(office.clock.now(), office))
    request.state.look = found
    return found


def facts(request: Request) -> dict[str, object]:
    """What every page knows of its moment; ``kept`` is what its links take along."""
    look: Look | None = getattr(request.state, "look", None)
    if look is None:
        return {"looks_back": False, "past": False, "kept": ""}
    return {
        "looks_back": True,
        "past": look.past,
        "now": look.now,
        "at": look.day.isoformat(),
        "today": look.today,
        "kept": look.kept,
    }


def day_of(at: datetime, office: Office) -> date:
    return at.astimezone(ZoneInfo(office.programme.zone)).date()

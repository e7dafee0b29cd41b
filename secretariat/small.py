"""Which parts of a count of persons may everybody see, so that nobody is found in them?

A part below five is told as “under 5”, and the other part of its split is not told at all, since it
could be taken from the total. Of fewer than ten, one part is always small, and which would tell too
much: neither is told.
"""

from collections.abc import Mapping

from schemas.measures import PARTS
from secretariat.catalogues import marked

SMALL = 5
UNDER = marked("under 5")
NOT_TOLD = marked("not shown")


def guarded(unit: str, value: int, parts: Mapping[str, int]) -> dict[str, int | str]:
    """The parts as whoever is not signed in may see them: counts, “under 5”, or not shown."""
    told: dict[str, int | str] = dict(parts)
    if unit != "persons" or not value:
        return told
    for names in PARTS.values():
        own = [name for name in names if name in parts]
        if tiny := [name for name in own if parts[name] < SMALL]:
            told |= dict.fromkeys(own, NOT_TOLD)
            told |= dict.fromkeys(tiny, UNDER) if value >= 2 * SMALL else {}
    return told

"""The life-cycle of a holding said once more, in other words: what the program is held against."""

from dataclasses import replace

from schemas.events import Event
from schemas.phase import Phase, Standing
from secretariat.errors import ConflictError, NotAllowedError, SecretariatError
from secretariat.ownership import ENGINE, Bodies, Held

UN_LED, SHARED, GOVERNMENT_LED, COMPLETED = Phase


def after(held: Held, event: Event) -> Held:
    """The holding once the event is recorded."""
    data = event.data
    return replace(
        held,
        owner=data["owner"],
        phase=Phase(data["phase"]),
        standing=Standing(data["standing"]),
        takes_over=data.get("takes_over", held.takes_over),
        offered_to=data.get("offered_to"),
        offered_phase=Phase(data["offered_phase"]) if data.get("offered_phase") else None,
        custody_of=data.get("custody_of", held.custody_of),
    )


def fits(held: Held, act: str) -> bool:
    steady, offered = held.standing == "steady", held.standing == "offered"
    kept, over = held.custody_of is not None, held.phase is COMPLETED
    return {
        "offer": steady and not over,
        "accept": offered and not over,
        "decline": offered and not over,
        "withdraw": offered and not over,
        "expire": offered and not over,
        "advance": steady and held.phase is SHARED and not kept,
        "complete": steady and held.phase is GOVERNMENT_LED and not kept,
        "reopen": steady and over,
        "return": not offered and held.phase in (SHARED, GOVERNMENT_LED) and not kept,
        "suspend": steady and not over,
        "resume": held.standing == "suspended" and not over,
        "take-custody": True,
        "release": steady and kept,
    }[act]


def who(held: Held, act: str, world: Bodies) -> set[str | None]:
    return {
        "accept": {held.offered_to},
        "decline": {held.offered_to},
        "expire": {ENGINE},
        "take-custody": {world.steward, ENGINE},
        "reopen": {held.owner, world.steward},
    }.get(act, {held.owner})


def is_absurd(held: Held, act: str, world: Bodies) -> bool:
    """Offered to oneself, returned to oneself, taken from who is there, released to who is not."""
    return {
        "offer": held.takes_over in world.ended
        or (held.owner == held.takes_over and held.custody_of is None),
        "return": held.owner == world.steward,
        "take-custody": held.owner not in world.ended,
        "release": held.custody_of in world.ended,
    }.get(act, False)


def changes(held: Held, act: str, world: Bodies) -> dict[str, object]:
    """What an act changes beside ending an offer or a pause."""
    offer = {"offered_to": held.takes_over, "offered_phase": GOVERNMENT_LED}
    taken = {
        "owner": held.offered_to,
        "takes_over": held.offered_to,
        "phase": held.offered_phase,
        "custody_of": None,
    }
    return {
        "offer": {"standing": Standing.OFFERED, **offer},
        "accept": taken,
        "advance": {"phase": GOVERNMENT_LED},
        "complete": {"phase": COMPLETED},
        "reopen": {"phase": GOVERNMENT_LED},
        "return": {"phase": UN_LED, "owner": world.steward},
        "suspend": {"standing": Standing.SUSPENDED},
        "take-custody": {"owner": world.steward, "custody_of": held.custody_of or held.owner},
        "release": {"owner": held.custody_of, "custody_of": None},
    }.get(act, {})


def model(held: Held, act: str, by: str, world: Bodies) -> Held | type[SecretariatError]:
    """What becomes of a holding, or why nothing does."""
    if not fits(held, act):
        return ConflictError
    if by not in who(held, act, world):
        return NotAllowedError
    if is_absurd(held, act, world):
        return ConflictError
    rest = replace(held, standing=Standing.STEADY, offered_to=None, offered_phase=None)
    return replace(rest, **changes(held, act, world))  # type: ignore[arg-type]

"""What does an old entry mean today? Events keep the shape they were written in; readers get ours.

Whoever changes what an event says raises its version here and adds the one step that turns the
shape before into the new one. Entries are never rewritten.
"""

from collections.abc import Callable, Mapping
from typing import Any

from secretariat.errors import ConflictError

Data = dict[str, Any]


def _whole_ladder(steps: list[Data]) -> Data:
    """Only its steps were frozen at first; what else it says is what every ladder said then."""
    return {"slug": "standard", "acknowledge_within": 5, "steps": steps}


VERSIONS: Mapping[str, int] = {"obligation.asked": 2}
"""The present version of each kind of event; a kind not named is at version 1."""

STEPS: Mapping[tuple[str, int], Callable[[Data], Data]] = {
    ("obligation.asked", 1): lambda data: data | {"ladder": _whole_ladder(data["ladder"])},
}
"""(kind, version) → the step from that version to the next."""


def version_of(kind: str, versions: Mapping[str, int] = VERSIONS) -> int:
    return versions.get(kind, 1)


def newest(
    kind: str,
    version: int,
    data: Data,
    versions: Mapping[str, int] = VERSIONS,
    steps: Mapping[tuple[str, int], Callable[[Data], Data]] = STEPS,
) -> Data:
    """An event's data in its present shape.

    Raises ConflictError: it was written by a newer secretariat than this one.
    """
    present = version_of(kind, versions)
    if version > present:
        raise ConflictError(
            f"The ledger holds “{kind}” in version {version}, this secretariat knows {present}: "
            "it was written by a newer one. Install that, or a later one."
        )
    for old in range(version, present):
        data = steps[kind, old](data)
    return data

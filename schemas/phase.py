"""How far a holding has moved, and so a function."""

from enum import StrEnum


class Phase(StrEnum):
    """The phases of a holding, in order."""

    UN_LED = "un_led"
    SHARED = "shared"
    GOVERNMENT_LED = "government_led"
    COMPLETED = "completed"

    @property
    def words(self) -> str:
        return {"un_led": "UN-led", "shared": "shared", "government_led": "government-led"}.get(
            self, "completed"
        )


class Standing(StrEnum):
    """What is under way with a holding, beside its phase."""

    STEADY = "steady"
    OFFERED = "offered"
    SUSPENDED = "suspended"


class Transferred(StrEnum):
    """What a function's holdings add up to."""

    FULLY = "fully"
    PARTLY = "partly"
    NOT = "not"

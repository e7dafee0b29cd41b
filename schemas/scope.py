"""What a program's token is for."""

from enum import StrEnum


class Scope(StrEnum):
    """It only ever narrows what the token's contact may."""

    READ = "read"
    ACT = "act"
    MONITOR = "monitor"

"""Whose turn is the chair?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Troika:
    """Outgoing, in office, incoming: member codes, None where there is nobody yet."""

    outgoing: str | None
    in_office: str | None
    incoming: str | None


def after(order: list[str], member: str) -> str:
    """The member whose turn follows ``member``'s; the first, after one who stands in no order."""
    place = order.index(member) if member in order else -1
    return order[(place + 1) % len(order)]


def number(som: str) -> int:
    """13 for SOM13."""
    return int(som.removeprefix("SOM"))


def following(som: str) -> str:
    """SOM14 for SOM13."""
    return f"SOM{number(som) + 1}"

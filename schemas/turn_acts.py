"""Acts about whose turn the chair is: to pass one, and to swap with another member."""

from typing import Literal

from schemas.act import Act, Name, SomName, Words


class PassTurn(Act):
    """The member whose turn a SOM is cannot chair it; it stays first for the one after."""

    act: Literal["pass-turn"] = "pass-turn"
    som: SomName
    reason: Words


class OfferSwap(Act):
    """The member whose turn a SOM is offers it to another, for that one's own next turn."""

    act: Literal["offer-swap"] = "offer-swap"
    som: SomName
    other: Name
    reason: Words


class AcceptSwap(Act):
    """The other member takes the turn, and gives its own."""

    act: Literal["accept-swap"] = "accept-swap"
    som: SomName


class DeclineSwap(Act):
    """The other member keeps its own turn."""

    act: Literal["decline-swap"] = "decline-swap"
    som: SomName
    reason: Words

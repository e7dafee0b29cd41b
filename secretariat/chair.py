"""Whose turns are past, present and to come, when does each term end, and what may each do?"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from schemas.anchor import Anchor
from schemas.programme import Programme
from schemas.tables import Som, Term
from schemas.turn_tables import PassedTurn, Swap
from secretariat import board
from secretariat.board import Chair
from secretariat.catalogues import marked
from secretariat.commands.turns import turns
from secretariat.rotation import Turn

RIGHTS = {
    marked("outgoing"): marked("Reads everything; hands over what is still with it."),
    marked("in office"): marked(
        "Acts as the chair: plans, postpones and closes meetings, grants more time; is "
        "written to when something is late."
    ),
    marked("incoming"): marked(
        "Reads everything; is asked whether it is ready, and for the brief it was given."
    ),
}
"""What comes with each place of the troika, from the day on that the government has it."""


@dataclass(frozen=True)
class TurnSeen:
    """A turn with its term: ``place`` in the troika, since and until when (UTC).

    ``until`` follows the meeting: while that is to come, ``meets`` says when, and ``was`` the day
    or quarter it was moved from.
    """

    turn: Turn
    place: str
    since: datetime | None
    until: datetime | None
    meets: Anchor | None
    was: Anchor | None
    passes: list[PassedTurn]
    swap: Swap | None


def seen(session: Session, programme: Programme) -> list[TurnSeen]:
    """Every turn since the first chair, and the next ones."""
    terms = {term.som: term for term in session.exec(select(Term))}
    soms = {som.name: som for som in session.exec(select(Som))}
    passes = list(session.exec(select(PassedTurn).order_by(PassedTurn.som)))
    swaps = {swap.som: swap for swap in session.exec(select(Swap))}
    found = turns(session, programme)
    places = _places(board.chair(session))
    return [
        TurnSeen(
            turn=turn,
            place=places.get(turn.som, ""),
            since=term.took_office_at if (term := terms.get(turn.som)) else None,
            until=term.left_at if term else None,
            meets=Anchor.model_validate(som.anchor) if (som := soms.get(turn.som)) else None,
            was=Anchor.model_validate(som.postponed_from) if som and som.postponed_from else None,
            passes=[each for each in passes if each.som == turn.som],
            swap=swaps.get(turn.som),
        )
        for turn in found
    ]


def _places(chair: Chair) -> dict[str, str]:
    """The troika by the meetings it is named by."""
    troika = {"outgoing": chair.outgoing, "in office": chair.term, "incoming": chair.incoming}
    return {term.som: place for place, term in troika.items() if term}

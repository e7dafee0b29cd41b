"""Acts on holdings: the ownership table decides, here it meets the store."""

from typing import Any

from schemas.acts import Accept, Advance, Decline, Offer, Return, Withdraw
from schemas.phase import Phase
from schemas.programme import Programme
from schemas.tables import Holding
from secretariat import ownership
from secretariat.commands.office import Desk, handles
from secretariat.readmodels import row


def open_all(desk: Desk, programme: Programme) -> None:
    """Give every duty of the programme at every receiver its first owner, the secretariat.

    Safe to repeat: a duty added to the file later gets its holdings then.
    """
    for function in programme.functions:
        for duty in function.duties:
            for receiver, body in programme.receivers(function):
                holding = f"{function.slug}/{duty.slug}@{receiver}"
                if desk.session.get(Holding, holding) is None:
                    desk.record(
                        "holding.opened",
                        holding,
                        function=function.slug,
                        duty=duty.slug,
                        receiver=receiver,
                        takes_over=body,
                        owner=programme.secretariat,
                        phase=Phase.UN_LED,
                    )


def _act(desk: Desk, act: Any) -> None:
    holding = row(desk.session, Holding, act.holding)
    held = ownership.Held(
        holding.id,
        holding.owner,
        Phase(holding.phase),
        holding.takes_over,
        Phase(holding.offered_phase) if holding.offered_phase else None,
    )
    wish = ownership.Wish(act.act, desk.by, getattr(act, "phase", None), getattr(act, "reason", ""))
    event = ownership.decide(held, wish, desk.programme.secretariat)
    desk.record(event.kind, event.subject, **event.data)


for _kind in (Offer, Accept, Decline, Withdraw, Advance, Return):
    handles(_kind)(_act)

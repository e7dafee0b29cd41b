"""Who does, answers for, is asked about and is told of a holding? A table by phase."""

from dataclasses import dataclass

from schemas.phase import Phase
from secretariat.ownership import Bodies, Held


@dataclass(frozen=True)
class Raci:
    """The bodies of one holding; ``accountable`` is always exactly one, its owner."""

    responsible: tuple[str, ...]
    accountable: str
    consulted: tuple[str, ...]
    informed: tuple[str, ...]


def raci(held: Held, bodies: Bodies, chair: str) -> Raci:
    """UN-led: the receiver is consulted. Shared: the steward still works along. Government-led: it
    is consulted while support lasts. Completed, and in every phase: the chair is informed."""
    owner, steward = held.owner, bodies.steward
    responsible, consulted = {
        Phase.UN_LED: ((owner,), (held.takes_over,)),
        Phase.SHARED: ((owner, steward), ()),
        Phase.GOVERNMENT_LED: ((owner,), (steward,)),
        Phase.COMPLETED: ((owner,), ()),
    }[held.phase]
    if held.custody_of:
        responsible, consulted = (owner,), (held.takes_over,)
    working = tuple(dict.fromkeys(body for body in responsible if body not in bodies.ended))
    asked = tuple(b for b in consulted if b not in working and b not in bodies.ended)
    told = tuple(b for b in (chair, steward) if b not in (*working, *asked))
    return Raci(working, owner, asked, tuple(dict.fromkeys(told)))

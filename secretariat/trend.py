"""What moved lately? Each holding by what it counted as then, and what it counts as now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from schemas.phase import Phase
from schemas.tables import Entry, Holding
from secretariat import board

LATELY = timedelta(days=90)


@dataclass(frozen=True)
class Trend:
    """How many holdings are further than they were, and how many less far."""

    up: int
    down: int


def steps(session: Session, now: datetime) -> dict[str, int]:
    """How many phases each holding that moved is further than it was, or less far if negative."""
    since = now - LATELY
    recent = select(Entry.subject).where(
        Entry.at > since, col(Entry.kind).startswith("holding."), Entry.kind != "holding.opened"
    )
    before: dict[str, Phase] = {}
    after: dict[str, Phase] = {}
    for change in board.phase_changes(session, set(session.exec(recent.distinct()))):
        if change.at <= since or change.before is None:
            before[change.holding] = change.after
        after[change.holding] = change.after
    order = list(Phase)
    moved = {key: order.index(after[key]) - order.index(before[key]) for key in after}
    return {key: by for key, by in moved.items() if by}


def of(holdings: Iterable[Holding], moved: dict[str, int]) -> Trend:
    by = [moved.get(holding.id, 0) for holding in holdings]
    return Trend(up=sum(n > 0 for n in by), down=sum(n < 0 for n in by))

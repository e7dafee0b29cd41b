"""What moved lately? Each holding by what it counted as then, and what it counts as now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import Select
from sqlmodel import Session, case, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from schemas.phase import Phase
from schemas.tables import Entry, Holding
from secretariat import ledger
from secretariat.commands.holdings import held
from secretariat.ownership import counts_as

LATELY = timedelta(days=90)
_ORDER = list(Phase)
_OUT_OF_CUSTODY = ("holding.accepted", "holding.released")
_SAYS_NOTHING = "holding.follow-up-due"  # of where the holding stands


@dataclass(frozen=True)
class Trend:
    """How many holdings are further than they were, and how many less far."""

    up: int
    down: int


def steps(
    session: Session, now: datetime, functions: Collection[str] | None = None
) -> dict[str, int]:
    """How many phases each holding that moved is further than it was, or less far if negative.

    Of all functions, or of those named. What moved has its phase or owner since then, so only the
    last entries before of such holdings are read, however long their histories are.
    """
    since = now - LATELY
    moved = select(Holding.id).where(Holding.since > since)
    if functions is not None:
        moved = moved.where(col(Holding.function).in_(functions))
    found = _last(since, moved).subquery()
    query = (
        select(Holding, Entry, found.c.taken, found.c.left)
        .join(Entry, col(Entry.subject) == Holding.id)
        .join(found, found.c.last == Entry.seq)
    )
    by: dict[str, int] = {}
    for holding, entry, taken, left in session.exec(query):
        in_custody = taken is not None and (left or 0) < taken
        before = Phase.UN_LED if in_custody else Phase(ledger.event(entry).data["phase"])
        by[holding.id] = _ORDER.index(counts_as(held(holding))) - _ORDER.index(before)
    return {key: steps for key, steps in by.items() if steps}


def _last(since: datetime, holdings: SelectOfScalar[str]) -> Select[tuple[Any, ...]]:
    """The last entry of each holding at ``since``, or its first after that; and its custody."""
    seq, kind, then = col(Entry.seq), col(Entry.kind), col(Entry.at) <= since
    taken, left = kind == "holding.custody-taken", kind.in_(_OUT_OF_CUSTODY)
    told = kind.startswith("holding.") & (kind != _SAYS_NOTHING)
    return (
        sqlalchemy.select(
            func.coalesce(func.max(case((then, seq))), func.min(seq)).label("last"),
            func.max(case((then & taken, seq))).label("taken"),
            func.max(case((then & left, seq))).label("left"),
        )
        .where(col(Entry.subject).in_(holdings), told)
        .group_by(col(Entry.subject))
    )


def by_receiver(moved: dict[str, int]) -> dict[tuple[str, str], list[int]]:
    """The steps of ``steps`` by function and receiver, as cells of the board ask for them."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for key, by in moved.items():
        found[key.partition("/")[0], key.rpartition("@")[2]].append(by)
    return found


def of(function: str, receivers: Iterable[str], moved: dict[tuple[str, str], list[int]]) -> Trend:
    """Of a function's holdings at some receivers."""
    by = [steps for receiver in receivers for steps in moved.get((function, receiver), ())]
    return Trend(up=sum(n > 0 for n in by), down=sum(n < 0 for n in by))

"""What does the chair need to know once a week? Where everything stands, and what comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from schemas.events import Event
from schemas.phase import Transferred
from schemas.programme import Programme
from schemas.tables import Entry, Obligation
from secretariat import board, ledger

PAST = timedelta(days=7)
AHEAD = timedelta(days=14)
MOVES = (
    "holding.accepted",
    "holding.advanced",
    "holding.completed",
    "holding.returned",
    "holding.custody-taken",
    "som.planned",
    "som.postponed",
    "som.closed",
    "chair.taken",
)


@dataclass(frozen=True)
class Week:
    """``counts`` of functions by how far they are transferred; ``late`` the longest first;
    ``coming`` due within two weeks; ``moved`` what happened in seven days, and who did it.
    """

    counts: dict[Transferred, int]
    rows: list[board.Row]
    chair: board.Chair
    meetings: list[board.Meeting]
    late: list[Obligation]
    coming: list[Obligation]
    moved: Sequence[tuple[Event, str]]


def week(session: Session, programme: Programme, now: datetime) -> Week:
    rows = board.rows(session, programme, now)
    asked = board.open_obligations(session)
    happened = select(Entry).where(Entry.at > now - PAST, col(Entry.kind).in_(MOVES))
    return Week(
        counts={t: sum(row.transferred == t for row in rows) for t in Transferred},
        rows=rows,
        chair=board.chair(session),
        meetings=board.meetings(session, board.today(programme, now)),
        late=[obligation for obligation in asked if obligation.do_by <= now],
        coming=[obligation for obligation in asked if now < obligation.do_by <= now + AHEAD],
        moved=[
            (ledger.event(entry), entry.by)
            for entry in session.exec(happened.order_by(col(Entry.seq)))
        ],
    )

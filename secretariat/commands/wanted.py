"""What does a cycle want, of whom and by when, as plan, agenda and minutes have it now?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, bindparam
from sqlmodel import col, select

from schemas.meeting_tables import AgendaItem, Decision
from schemas.phase import Standing
from schemas.programme import Function, Milestone
from schemas.tables import Cycle, Holding, PlannedMilestone, Som
from secretariat import cycles, rotation
from secretariat.commands.office import Desk
from secretariat.commands.turns import turn
from secretariat.readmodels import find

_DECISIONS: Table = Decision.__table__  # type: ignore[attr-defined]
_DECIDED = (
    select(*(_DECISIONS.c[n] for n in ("number", "text", "body", "do_by", "withdrawn_at")))
    .where(_DECISIONS.c.som == bindparam("som"))
    .order_by(_DECISIONS.c.number)
)
LONGEST = 120
"""Letters of what is asked that go into a subject line."""


@dataclass(frozen=True)
class Wanted:
    """One thing a milestone asks of one body; ``planned`` has the day it is asked for."""

    key: str
    milestone: Milestone
    planned: PlannedMilestone
    body: str
    title: str


def wanted(desk: Desk, function: Function, cycle: Cycle) -> Iterator[Wanted]:
    """Everything the dated milestones of a cycle ask for."""
    for milestone in function.milestones:
        planned = find(desk.session, PlannedMilestone, f"{cycle.id}/{milestone.slug}")
        if planned is None:
            continue
        if milestone.asks == "presenters":
            yield from _papers(desk, cycle, milestone, planned)
        elif milestone.asks == "decided":
            yield from _decisions(desk, cycle, milestone, planned)
        else:
            for body in _asked(desk, function, milestone, cycle):
                key = f"{cycle.id}/{milestone.slug}@{body}"
                yield Wanted(key, milestone, planned, body, milestone.title)


def dated(planned: PlannedMilestone, day: date, provisional: bool) -> PlannedMilestone:
    """The milestone as something with a day of its own is counted by it; not a row of the store."""
    return PlannedMilestone(**planned.model_dump() | {"due_on": day, "provisional": provisional})


def agenda_of(desk: Desk, som: str) -> list[AgendaItem]:
    """The items that stand on a meeting's agenda."""
    query = select(AgendaItem).where(AgendaItem.som == som, col(AgendaItem.withdrawn_at).is_(None))
    return list(desk.session.exec(query.order_by(col(AgendaItem.number))))


def _papers(
    desk: Desk, cycle: Cycle, milestone: Milestone, planned: PlannedMilestone
) -> Iterator[Wanted]:
    """A paper of each item's presenter; an item that moved on to the next meeting wants none."""
    for item in agenda_of(desk, cycle.name):
        if item.paper and item.presenter and not item.carried_to:
            key = f"{cycle.id}/{milestone.slug}-{item.number}@{item.presenter}"
            title = _titled(milestone, f"{item.number}. {item.title}")
            yield Wanted(key, milestone, planned, item.presenter, title)


def _decisions(
    desk: Desk, cycle: Cycle, milestone: Milestone, planned: PlannedMilestone
) -> Iterator[Wanted]:
    for decision in decisions_of(desk, cycle.name):
        if decision.withdrawn_at:
            continue
        key = f"{cycle.id}/{milestone.slug}-{decision.number}@{decision.body}"
        day = dated(planned, decision.do_by, False) if decision.do_by else planned
        yield Wanted(key, milestone, day, decision.body, _titled(milestone, decision.text))


def decisions_of(desk: Desk, som: str) -> Sequence[Any]:
    """What was decided at a meeting, as rows, also what was withdrawn since."""
    return desk.session.connection().execute(_DECIDED, {"som": som}).all()


def _titled(milestone: Milestone, about: str) -> str:
    """“Paper handed in: 3. Referral mechanisms”, in one line that is not too long."""
    line = " ".join(about.split())
    short = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    return f"{milestone.title}: {short}"


def _asked(desk: Desk, function: Function, milestone: Milestone, cycle: Cycle) -> list[str]:
    query = select(Holding.owner).where(Holding.function == function.slug)
    owners = desk.session.exec(query.where(Holding.standing != Standing.SUSPENDED)).all()
    som = find(desk.session, Som, cycle.name)
    host = som.host if som else None
    incoming = _incoming(desk, som) if som and milestone.asks == "incoming" else None
    steward = desk.bodies.steward
    return cycles.asked(milestone, desk.programme, steward, list(owners), host, incoming)


def _incoming(desk: Desk, som: Som) -> str | None:
    """Whose turn the meeting after is."""
    following = turn(desk.session, desk.programme, rotation.following(som.name))
    return following.member if following else None

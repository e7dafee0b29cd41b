"""Acts on cycles: open one, plan it, ask the bodies, move what was asked along, close it."""

from datetime import date
from typing import Any

from sqlalchemy import Table, bindparam
from sqlmodel import col, select, tuple_

from schemas.acts import AskBodies, CloseCycle, OpenCycle, PlanMilestones
from schemas.anchor import Anchor
from schemas.events import Event
from schemas.programme import Cadence, Contact, Function, Milestone
from schemas.return_tables import FigureReturn
from schemas.tables import Cycle, Obligation, PlannedMilestone, Som, Timer
from secretariat import cycles, ladder
from secretariat.catalogues import marked
from secretariat.commands import moves, reminders
from secretariat.commands.holdings import propose_support
from secretariat.commands.moves import Move
from secretariat.commands.office import Desk, fires, handles
from secretariat.commands.wanted import Wanted, wanted
from secretariat.errors import ConflictError
from secretariat.readmodels import find, row

STEERS = "secretariat chair engine"
_OPEN = (
    select(Cycle)
    .where(Cycle.name == bindparam("name"), col(Cycle.closed_at).is_(None))
    .order_by(Cycle.id)
)
_OBLIGATIONS: Table = Obligation.__table__  # type: ignore[attr-defined]
_ASKED = (
    select(*(_OBLIGATIONS.c[n] for n in ("id", "title", "planned_on", "provisional", "done_at")))
    .where(_OBLIGATIONS.c.cycle == bindparam("cycle"))
    .order_by(_OBLIGATIONS.c.id)
)
"""What a cycle asks already, as rows: there may be many, of which few change."""


@handles(OpenCycle, may=STEERS)
def open_cycle(desk: Desk, act: OpenCycle) -> None:
    function = desk.function(act.function)
    key = f"{act.function}/{act.cycle}"
    if find(desk.session, Cycle, key) is None:
        anchor = _anchor(desk, function, act.cycle)
        desk.record("cycle.opened", key, function=act.function, name=act.cycle, anchor=str(anchor))


def _anchor(desk: Desk, function: Function, cycle: str) -> Anchor:
    if function.cadence is Cadence.PER_SOM:
        return Anchor.model_validate(row(desk.session, Som, cycle).anchor)
    return cycles.last_day(cycle, function.cadence)


@handles(PlanMilestones, may=STEERS)
def plan_milestones(desk: Desk, act: PlanMilestones) -> None:
    _plan(desk, desk.function(act.function), _open(desk, act))


def _plan(desk: Desk, function: Function, cycle: Cycle) -> None:
    anchor = Anchor.model_validate(cycle.anchor)
    work = desk.calendar(desk.programme.secretariat)
    for milestone in function.milestones:
        key = f"{cycle.id}/{milestone.slug}"
        planned = find(desk.session, PlannedMilestone, key)
        rule = (str(anchor), milestone.offset)
        if planned is None or (planned.anchor, planned.offset) != rule:
            due_on = work.shift(anchor.day, milestone.offset)
            plan_for(desk, cycle.id, milestone, anchor, due_on)


def plan_for(desk: Desk, cycle: str, milestone: Milestone, anchor: Anchor, due_on: date) -> None:
    """Keep the day with what it was counted from: a newer calendar moves it only when approved."""
    desk.record(
        "milestone.planned",
        f"{cycle}/{milestone.slug}",
        cycle=cycle,
        slug=milestone.slug,
        title=milestone.title,
        due_on=due_on.isoformat(),
        provisional=anchor.tentative,
        anchor=str(anchor),
        offset=milestone.offset,
    )


@handles(AskBodies, may=STEERS)
def ask_bodies(desk: Desk, act: AskBodies) -> None:
    """Make, move and release obligations until they are what the plan asks for."""
    moved = _fit(desk, desk.function(act.function), _open(desk, act))
    moves.tell(desk, moved, None)


def follow(desk: Desk, open_cycles: list[Cycle], why: Event) -> None:
    """Move all that hangs on these cycles along with their anchor, and tell each person once."""
    moved: list[Move] = []
    for cycle in open_cycles:
        if function := desk.programme.function(cycle.function):
            _plan(desk, function, cycle)
            moved += _fit(desk, function, cycle)
    moves.tell(desk, moved, why)


def refit(desk: Desk, som: str) -> None:
    """After a change of agenda or minutes: ask, change and release in the meeting's open cycles."""
    moved: list[Move] = []
    for cycle in open_cycles(desk, som):
        function = desk.programme.function(cycle.function)
        if function and any(m.asks in cycles.NUMBERED for m in function.milestones):
            moved += _fit(desk, function, cycle)
    moves.tell(desk, moved, None)


def open_cycles(desk: Desk, name: str) -> list[Cycle]:
    """The cycles of that name that are not over, whatever their functions."""
    return list(desk.session.exec(_OPEN, params={"name": name}))


def _fit(desk: Desk, function: Function, cycle: Cycle) -> list[Move]:
    """Ask, move and release; what those who had been told must know."""
    kept: set[str] = set()
    moved: list[Move | None] = []
    rows = desk.session.connection().execute(_ASKED, {"cycle": cycle.id})
    known = {asked.id: asked for asked in rows}
    for want in wanted(desk, function, cycle):
        kept.add(want.key)
        present = known.get(want.key)
        if present is None:
            _ask(desk, function, want)
        elif present.done_at is None and not _is_as_wanted(present, want):
            obligation = row(desk.session, Obligation, want.key)
            _call_anew(desk, obligation, want)
            moved.append(_move(desk, obligation, want.milestone, want.planned))
    for key, asked in known.items():
        if asked.done_at is None and key not in kept:
            moved.append(_release(desk, row(desk.session, Obligation, key)))
    return [move for move in moved if move]


def _is_as_wanted(asked: Any, want: Wanted) -> bool:
    dated = (want.planned.due_on, want.planned.provisional)
    return (asked.planned_on, asked.provisional) == dated and asked.title == want.title


def _call_anew(desk: Desk, obligation: Obligation, want: Wanted) -> None:
    """What is asked goes by the words the agenda or the minutes have for it now."""
    if want.milestone.asks in cycles.NUMBERED and obligation.title != want.title:
        desk.record("obligation.retitled", obligation.id, body=want.body, title=want.title)


def _ask(desk: Desk, function: Function, want: Wanted) -> None:
    milestone, planned = want.milestone, want.planned
    rungs = desk.programme.ladder(function, milestone)
    work = desk.calendar(want.body)
    day = work.settled(planned.due_on, milestone.on_holiday)
    times = ladder.times(rungs, day, milestone.lead_time, work, desk.now)
    desk.record(
        "obligation.asked",
        want.key,
        cycle=planned.cycle,
        function=function.slug,
        milestone=milestone.slug,
        title=want.title,
        body=want.body,
        ladder=rungs.model_dump(mode="json"),
        **_dates(planned, times),
    )
    reminders.arm_first(desk, want.key, times)


def _move(
    desk: Desk, obligation: Obligation, milestone: Milestone, planned: PlannedMilestone
) -> Move | None:
    """Give an obligation the new day of its milestone.

    An extension is kept as so many working days beyond the milestone's day. A body that was told
    is not asked again for it, unless the new day lies so far ahead that it is asked anew.
    """
    if (obligation.planned_on, obligation.provisional) == (planned.due_on, planned.provisional):
        return None
    was_told = reminders.told(desk, obligation)
    rungs = reminders.rungs_of(obligation)
    work = desk.calendar(obligation.body)
    times = ladder.times(
        rungs,
        work.settled(planned.due_on, milestone.on_holiday),
        milestone.lead_time,
        work,
        desk.now,
        asked_at=obligation.asked_at if was_told else None,
        extended_by=obligation.extended_by,
    )
    return move_to(desk, obligation, planned, times, was_told)


def move_to(
    desk: Desk,
    obligation: Obligation,
    planned: PlannedMilestone,
    times: ladder.Times,
    was_told: list[Contact],
) -> Move:
    """Date an obligation anew; what those who had been told must know."""
    known = (obligation.due_on, obligation.provisional)
    rungs, work = reminders.rungs_of(obligation), desk.calendar(obligation.body)
    anew = times.asked_at != obligation.asked_at or not was_told
    lasts = ladder.lasts_until(rungs, times.due_on, work, desk.now)
    kept = lasts if obligation.acknowledged_at and not anew else None
    again = reminders.call_back(desk, obligation, "moved before it was sent")
    desk.record(
        "obligation.moved",
        obligation.id,
        body=obligation.body,
        anew=anew,
        acknowledged_until=kept.isoformat() if kept else None,
        **_dates(planned, times),
    )
    reminders.arm_anew(desk, obligation, times, again, anew=anew)
    return Move(obligation, *known, was_told)


@fires("missed")
def _missed(desk: Desk, timer: Timer) -> None:
    """Two missed in a row propose support; a longer row is no news."""
    obligation = desk.session.get(Obligation, timer.subject)
    if obligation is None or obligation.done_at:
        return
    desk.record("obligation.missed", obligation.id, body=obligation.body)
    earlier = desk.session.exec(
        select(Obligation)
        .where(Obligation.function == obligation.function, Obligation.body == obligation.body)
        .where(
            tuple_(col(Obligation.do_by), col(Obligation.id)) < (obligation.do_by, obligation.id)
        )
        .order_by(col(Obligation.do_by).desc(), col(Obligation.id).desc())
        .limit(2)
    ).all()
    late = [o.missed_at is not None for o in earlier]
    if late[:1] == [True] and late[1:] != [True]:
        missed = [earlier[0].title, obligation.title]
        why = f"two steps in a row were not done in time: {'; '.join(missed)}"
        propose_support(desk, obligation.function, obligation.body, why, missed=missed)


def _dates(planned: PlannedMilestone, times: ladder.Times) -> dict[str, Any]:
    return {
        "planned_on": planned.due_on.isoformat(),
        "provisional": planned.provisional,
        "asked_at": times.asked_at.isoformat(),
        "acknowledge_by": times.acknowledge_by.isoformat(),
        "due_on": times.due_on.isoformat(),
        "do_by": times.do_by.isoformat(),
        "by_rule": times.by_rule,
    }


def _release(desk: Desk, obligation: Obligation) -> Move:
    """The body no longer owns what it was asked for; the ledger keeps that it was."""
    was_told = reminders.told(desk, obligation)
    reminders.call_back(desk, obligation, "released before it was sent")
    desk.stop_timers(obligation.id, "step", "missed", "lapse", "extension")
    desk.record("obligation.released", obligation.id, body=obligation.body)
    return Move(obligation, obligation.due_on, obligation.provisional, was_told, released=True)


@handles(CloseCycle, may=STEERS)
def close_cycle(desk: Desk, act: CloseCycle) -> None:
    """Close a cycle nothing is open in; ConflictError names what is. Closing twice is closing."""
    cycle = row(desk.session, Cycle, f"{act.function}/{act.cycle}")
    if cycle.closed_at:
        return
    undone = _undone(desk, cycle)
    if undone:
        raise ConflictError(
            f"{cycle.id} is not over: {undone[0].id} is open"
            + (f", and {len(undone) - 1} more." if len(undone) > 1 else ".")
        )
    if unverified := _unverified(desk, cycle):
        raise ConflictError(
            marked("{id} is not over: the return {unverified} is not verified."),
            id=cycle.id,
            unverified=unverified[0],
        )
    desk.record("cycle.closed", cycle.id)


def _open(desk: Desk, act: PlanMilestones | AskBodies) -> Cycle:
    cycle = row(desk.session, Cycle, f"{act.function}/{act.cycle}")
    if cycle.closed_at:
        raise ConflictError(f"{cycle.id} was closed on {cycle.closed_at:%Y-%m-%d}.")
    return cycle


def _unverified(desk: Desk, cycle: Cycle) -> list[str]:
    """What was handed in and may still be sent back."""
    own = col(FigureReturn.id).startswith(f"{cycle.id}/", autoescape=True)
    waiting = col(FigureReturn.state).in_(("submitted", "correction"))
    return list(desk.session.exec(select(FigureReturn.id).where(own, waiting).order_by("id")))


def _undone(desk: Desk, cycle: Cycle) -> list[Obligation]:
    query = select(Obligation).where(
        Obligation.cycle == cycle.id, col(Obligation.done_at).is_(None)
    )
    return list(desk.session.exec(query.order_by(Obligation.id)))

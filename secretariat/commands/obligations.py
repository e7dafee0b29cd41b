"""Acts on cycles and obligations: open, plan, ask, acknowledge, do, close."""

from typing import Any

from sqlmodel import col, select, tuple_

from schemas.acts import Acknowledge, AskBodies, CloseCycle, Done, OpenCycle, PlanMilestones
from schemas.anchor import Anchor
from schemas.phase import Standing
from schemas.programme import Cadence, Function, LadderStep, Milestone
from schemas.tables import Cycle, Holding, Obligation, PlannedMilestone, Som, Timer
from secretariat import cycles, ladder
from secretariat.commands.holdings import propose_support
from secretariat.commands.office import Desk, fires, handles
from secretariat.errors import ConflictError, NotAllowedError
from secretariat.ownership import ENGINE
from secretariat.readmodels import row

STEERS = "secretariat chair engine"


@handles(OpenCycle, may=STEERS)
def open_cycle(desk: Desk, act: OpenCycle) -> None:
    function = desk.function(act.function)
    key = f"{act.function}/{act.cycle}"
    if desk.session.get(Cycle, key) is None:
        anchor = _anchor(desk, function, act.cycle)
        desk.record("cycle.opened", key, function=act.function, name=act.cycle, anchor=str(anchor))


def _anchor(desk: Desk, function: Function, cycle: str) -> Anchor:
    if function.cadence is Cadence.PER_SOM:
        return Anchor.model_validate(row(desk.session, Som, cycle).anchor)
    return cycles.last_day(cycle, function.cadence)


@handles(PlanMilestones, may=STEERS)
def plan_milestones(desk: Desk, act: PlanMilestones) -> None:
    function = desk.function(act.function)
    cycle = _open(desk, act)
    anchor = Anchor.model_validate(cycle.anchor)
    work = desk.calendar(desk.programme.secretariat)
    for milestone in function.milestones:
        key = f"{cycle.id}/{milestone.slug}"
        due_on = work.shift(anchor.day, milestone.offset)
        planned = desk.session.get(PlannedMilestone, key)
        if planned is None or (planned.due_on, planned.provisional) != (due_on, anchor.tentative):
            desk.record(
                "milestone.planned",
                key,
                cycle=cycle.id,
                slug=milestone.slug,
                title=milestone.title,
                due_on=due_on.isoformat(),
                provisional=anchor.tentative,
            )


@handles(AskBodies, may=STEERS)
def ask_bodies(desk: Desk, act: AskBodies) -> None:
    """Make, move and release obligations until they are what the plan asks for."""
    function = desk.function(act.function)
    cycle = _open(desk, act)
    wanted: set[str] = set()
    for milestone in function.milestones:
        planned = desk.session.get(PlannedMilestone, f"{cycle.id}/{milestone.slug}")
        for body in _asked(desk, function, milestone, cycle) if planned else []:
            key = f"{cycle.id}/{milestone.slug}@{body}"
            wanted.add(key)
            assert planned
            _ask(desk, key, milestone, planned, body)
    for obligation in _undone(desk, cycle):
        if obligation.id not in wanted:
            _release(desk, obligation)


def _asked(desk: Desk, function: Function, milestone: Milestone, cycle: Cycle) -> list[str]:
    query = select(Holding.owner).where(Holding.function == function.slug)
    owners = desk.session.exec(query.where(Holding.standing != Standing.SUSPENDED)).all()
    som = desk.session.get(Som, cycle.name)
    host = som.host if som else None
    return cycles.asked(milestone, desk.programme, desk.bodies.steward, list(owners), host)


def _ask(desk: Desk, key: str, milestone: Milestone, planned: PlannedMilestone, body: str) -> None:
    present = desk.session.get(Obligation, key)
    rungs = desk.programme.ladder(milestone.ladder)
    work = desk.calendar(body)
    if present is None:
        times = ladder.times(rungs, planned.due_on, milestone.lead_time, work, desk.now)
        desk.record(
            "obligation.asked",
            key,
            cycle=planned.cycle,
            function=planned.cycle.partition("/")[0],
            milestone=milestone.slug,
            title=milestone.title,
            body=body,
            ladder=[step.model_dump(mode="json") for step in rungs.steps],
            **_plan(planned, times),
        )
        _set_timers(desk, key, times)
        return
    unmoved = (planned.due_on, planned.provisional)
    if present.done_at is None and (present.planned_on, present.provisional) != unmoved:
        frozen = [LadderStep.model_validate(step) for step in present.ladder]
        rungs = rungs.model_copy(update={"steps": frozen})
        times = ladder.times(rungs, planned.due_on, milestone.lead_time, work, desk.now)
        desk.record("obligation.moved", key, **_plan(planned, times))
        _set_timers(desk, key, times)


def _set_timers(desk: Desk, key: str, times: ladder.Times) -> None:
    """The whole ladder, also what was climbed before a move: a new day is a new promise."""
    for step, due_at in enumerate(times.steps):
        desk.set_timer("step", key, due_at, step)
    desk.set_timer("missed", key, times.do_by)


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
    missed = [o.missed_at is not None for o in earlier]
    if missed[:1] == [True] and missed[1:] != [True]:
        why = f"two steps in a row were not done in time: {earlier[0].title}; {obligation.title}"
        propose_support(desk, obligation.function, obligation.body, why)


def _plan(planned: PlannedMilestone, times: ladder.Times) -> dict[str, Any]:
    return {
        "planned_on": planned.due_on.isoformat(),
        "provisional": planned.provisional,
        "asked_at": times.asked_at.isoformat(),
        "acknowledge_by": times.acknowledge_by.isoformat(),
        "due_on": times.due_on.isoformat(),
        "do_by": times.do_by.isoformat(),
    }


def _release(desk: Desk, obligation: Obligation) -> None:
    """The body no longer owns what it was asked for; the ledger keeps that it was."""
    desk.stop_timers(obligation.id, "step", "missed")
    desk.record("obligation.released", obligation.id, body=obligation.body)


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
    desk.record("cycle.closed", cycle.id)


@handles(Acknowledge)
def acknowledge(desk: Desk, act: Acknowledge) -> None:
    obligation = _obligation(desk, act.obligation)
    if obligation.acknowledged_at is None and obligation.done_at is None:
        desk.record("obligation.acknowledged", obligation.id, body=desk.by, contact=desk.contact)


@handles(Done)
def done(desk: Desk, act: Done) -> None:
    obligation = _obligation(desk, act.obligation)
    if obligation.done_at is None:
        desk.record(
            "obligation.done", obligation.id, body=desk.by, contact=desk.contact, note=act.note
        )


def _obligation(desk: Desk, key: str) -> Obligation:
    obligation = row(desk.session, Obligation, key)
    may = {obligation.body, desk.programme.chair, desk.programme.secretariat}
    if desk.by not in may or desk.by == ENGINE:
        raise NotAllowedError(
            f"{key} is asked of {obligation.body}; {desk.by} can neither acknowledge nor do it."
        )
    return obligation


def _open(desk: Desk, act: PlanMilestones | AskBodies) -> Cycle:
    cycle = row(desk.session, Cycle, f"{act.function}/{act.cycle}")
    if cycle.closed_at:
        raise ConflictError(f"{cycle.id} was closed on {cycle.closed_at:%Y-%m-%d}.")
    return cycle


def _undone(desk: Desk, cycle: Cycle) -> list[Obligation]:
    query = select(Obligation).where(
        Obligation.cycle == cycle.id, col(Obligation.done_at).is_(None)
    )
    return list(desk.session.exec(query.order_by(Obligation.id)))

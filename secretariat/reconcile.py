"""What does a function's present cycle need now? As a flow does it, but without Prefect."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from schemas.acts import AskBodies, CloseCycle, OpenCycle, PlanMilestones
from schemas.programme import Cadence, Function
from schemas.tables import Cycle, Som
from secretariat import cycles
from secretariat.commands.office import Office
from secretariat.errors import ConflictError
from secretariat.ownership import ENGINE


def to_look_after(session: Session, function: Function, today: date) -> list[str]:
    """The function's open cycles, and the one that should be open on ``today``, by name."""
    names = _open(session, Cycle.name, Cycle.closed_at, Cycle.function == function.slug)
    if function.cadence is Cadence.PER_SOM:
        return sorted(names | _open(session, Som.name, Som.closed_at))
    return sorted(names | {cycles.name_on(function.cadence, today)})


def today_of(office: Office) -> date:
    """The day it is where the programme is at home."""
    return office.clock.now().astimezone(ZoneInfo(office.programme.zone)).date()


def reconcile(office: Office, function: Function) -> None:
    """Open, plan, ask and close what the function's cycles need; safe to repeat."""
    with office.store.read() as session:
        names = to_look_after(session, function, today_of(office))
        closed = {
            name
            for name in names
            if (cycle := session.get(Cycle, f"{function.slug}/{name}")) and cycle.closed_at
        }
    for name in names:
        if name in closed:
            continue
        for act in (OpenCycle, PlanMilestones, AskBodies):
            office.do(act(function=function.slug, cycle=name), by=ENGINE)
        try:
            office.do(CloseCycle(function=function.slug, cycle=name), by=ENGINE)
        except ConflictError:
            continue  # something asked is still to be done


def _open(session: Session, name: Any, closed_at: Any, *where: Any) -> set[str]:
    return set(session.exec(select(name).where(col(closed_at).is_(None), *where)))

"""Collecting the indicators of the Sub-regional Plan of Action, one cycle a year."""

from prefect import flow

from flows.steps import (
    ask_bodies,
    close_cycle,
    cycles_to_look_after,
    is_closed,
    open_cycle,
    plan_milestones,
    reported,
    run_name,
    who_is_missing,
)

FUNCTION = "indicator-collection"


@flow(name="indicator-collection", flow_run_name=run_name)
def indicator_collection(cycle: str | None = None) -> None:
    """Open the year, send the template, ask six task forces, say who is missing, close it."""
    with reported(FUNCTION, cycle) as say:
        for year in cycles_to_look_after(FUNCTION, cycle):
            say(open_cycle(FUNCTION, year))
            if not is_closed(FUNCTION, year):
                say(plan_milestones(FUNCTION, year))
                say(ask_bodies(FUNCTION, year))
                say(who_is_missing(FUNCTION, year, "indicators-reported"))
                say(close_cycle(FUNCTION, year))

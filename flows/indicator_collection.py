"""Collecting the indicators of the Sub-regional Plan of Action, one cycle a year."""

from prefect import flow

from flows import steps

FUNCTION = "indicator-collection"


@flow(name="indicator-collection", flow_run_name=steps.run_name)
def indicator_collection(cycle: str | None = None) -> None:
    """Open the year, send the template, ask six task forces, say who is missing, close it."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.cycles_to_look_after(FUNCTION, cycle):
            say(steps.open_cycle(FUNCTION, year))
            if not steps.is_closed(FUNCTION, year):
                say(steps.plan_milestones(FUNCTION, year))
                say(steps.ask_bodies(FUNCTION, year))
                say(steps.who_is_missing(FUNCTION, year, "indicators-reported"))
                say(steps.close_cycle(FUNCTION, year))

"""Collecting the indicators of the Sub-regional Plan of Action, one cycle a year."""

from prefect import flow

from flows import steps

FUNCTION = "indicator-collection"


@flow(name="indicator-collection", flow_run_name=steps.run_name)
def indicator_collection(cycle: str | None = None) -> None:
    """Open the year, send the template, ask six task forces, say who is missing, close it."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "indicators-reported"))

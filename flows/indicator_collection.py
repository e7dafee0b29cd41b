"""Collecting the indicators of the Sub-regional Plan of Action, one cycle a year."""

from prefect import flow

from flows import collecting, findings, steps

FUNCTION = "indicator-collection"


@flow(name="indicator-collection", flow_run_name=steps.run_name)
def indicator_collection(cycle: str | None = None) -> None:
    """Ask six task forces; say who is missing or late, what to verify, how complete it is."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(collecting.came_in(FUNCTION, year))
            say(collecting.to_verify(FUNCTION, year))
            say(collecting.rates(FUNCTION, year))
            say(findings.contradicting(FUNCTION))

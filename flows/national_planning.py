"""Making the national plan of action, and reviewing it every year."""

from prefect import flow

from flows import findings, steps

FUNCTION = "national-planning"


@flow(name="national-planning", flow_run_name=steps.run_name)
def national_planning(cycle: str | None = None) -> None:
    """Ask for the review first and then for the plan; say how far each plan is."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "review-held"))
            say(steps.who_is_missing(FUNCTION, year, "plan-adopted"))
        say(findings.how_far(FUNCTION))
        say(findings.silent(FUNCTION))

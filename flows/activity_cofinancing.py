"""Paying for COMMIT activities from national budgets: asked for early, accounted for late."""

from prefect import flow

from flows import findings, steps

FUNCTION = "activity-cofinancing"


@flow(name="activity-cofinancing", flow_run_name=steps.run_name)
def activity_cofinancing(cycle: str | None = None) -> None:
    """Ask for the budget line while budgets are made, and for what was paid when the year ends."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "request-made"))
            say(steps.who_is_missing(FUNCTION, year, "share-reported"))
            say(findings.counted(FUNCTION, year))

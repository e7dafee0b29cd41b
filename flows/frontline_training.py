"""Training police, social workers and health staff, counted by women and men."""

from prefect import flow

from flows import findings, steps

FUNCTION = "frontline-training"


@flow(name="frontline-training", flow_run_name=steps.run_name)
def frontline_training(cycle: str | None = None) -> None:
    """Ask for the plan of the half-year, then for who was trained."""
    with steps.reported(FUNCTION, cycle) as say:
        for half in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, half, "trainings-planned"))
            say(steps.who_is_missing(FUNCTION, half, "counts-reported"))
            say(findings.counted(FUNCTION, half))

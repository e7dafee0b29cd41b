"""The annual workplan: agreed, reviewed at mid-year, accounted for at the end."""

from prefect import flow

from flows import findings, steps

FUNCTION = "workplan-coordination"


@flow(name="workplan-coordination", flow_run_name=steps.run_name)
def workplan_coordination(cycle: str | None = None) -> None:
    """Ask for the review, then for the share completed and why the rest was not."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "mid-year-review"))
            say(steps.who_is_missing(FUNCTION, year, "completion-reported"))
            say(findings.counted(FUNCTION, year))

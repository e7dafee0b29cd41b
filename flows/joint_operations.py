"""Joint investigations, led by one government with the police of the others."""

from prefect import flow

from flows import findings, steps

FUNCTION = "joint-operations"


@flow(name="joint-operations", flow_run_name=steps.run_name)
def joint_operations(cycle: str | None = None) -> None:
    """Ask who leads for results: cases, women and children, in figures only."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "results-reported"))
            say(findings.counted(FUNCTION, year))

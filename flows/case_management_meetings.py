"""Bilateral case management meetings, twice a year for each pair."""

from prefect import flow

from flows import findings, steps

FUNCTION = "case-management-meetings"


@flow(name="case-management-meetings", flow_run_name=steps.run_name)
def case_management_meetings(cycle: str | None = None) -> None:
    """Have the next meeting dated, and its record handed in; cases are counted, never named."""
    with steps.reported(FUNCTION, cycle) as say:
        for half in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, half, "date-agreed"))
            say(steps.who_is_missing(FUNCTION, half, "meeting-reported"))
            say(findings.counted(FUNCTION, half))

"""Convening the six national task forces, every quarter."""

from prefect import flow

from flows import findings, steps

FUNCTION = "task-force-convening"


@flow(name="task-force-convening", flow_run_name=steps.run_name)
def task_force_convening(cycle: str | None = None) -> None:
    """Ask each task force to meet and to share its record; say which have not."""
    with steps.reported(FUNCTION, cycle) as say:
        for quarter in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, quarter, "meeting-held"))
            say(steps.who_is_missing(FUNCTION, quarter, "record-shared"))
            say(findings.counted(FUNCTION, quarter))

"""Hosting the Senior Officials Meeting: from “who and when” to settled costs."""

from prefect import flow

from flows import steps

FUNCTION = "som-hosting"


@flow(name="som-hosting", flow_run_name=steps.run_name)
def som_hosting(cycle: str | None = None) -> None:
    """Open the meeting's cycle, date its milestones, ask host, chair and task forces, close it.

    After a postponement the same steps move the dates and what was asked.
    """
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, som, "delegations-named"))

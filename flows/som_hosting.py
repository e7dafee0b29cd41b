"""Hosting the Senior Officials Meeting: from “who and when” to settled costs."""

from prefect import flow

from flows.steps import (
    ask_bodies,
    close_cycle,
    cycles_to_look_after,
    is_closed,
    open_cycle,
    plan_milestones,
    reported,
    run_name,
    who_is_missing,
)

FUNCTION = "som-hosting"


@flow(name="som-hosting", flow_run_name=run_name)
def som_hosting(cycle: str | None = None) -> None:
    """Open the meeting's cycle, date its milestones, ask host, chair and task forces, close it.

    After a postponement the same steps move the dates and what was asked.
    """
    with reported(FUNCTION, cycle) as say:
        for som in cycles_to_look_after(FUNCTION, cycle):
            say(open_cycle(FUNCTION, som))
            if not is_closed(FUNCTION, som):
                say(plan_milestones(FUNCTION, som))
                say(ask_bodies(FUNCTION, som))
                say(who_is_missing(FUNCTION, som, "delegations-named"))
                say(close_cycle(FUNCTION, som))

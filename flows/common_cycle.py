"""The common cycle: what a function does that needs no steps of its own yet."""

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
)


@flow(name="common-cycle", flow_run_name=run_name)
def common_cycle(function: str, cycle: str | None = None) -> None:
    """Keep a function's cycles going: open, plan, ask, close."""
    with reported(function, cycle) as say:
        for name in cycles_to_look_after(function, cycle):
            say(open_cycle(function, name))
            if not is_closed(function, name):
                say(plan_milestones(function, name))
                say(ask_bodies(function, name))
                say(close_cycle(function, name))

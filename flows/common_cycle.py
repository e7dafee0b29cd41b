"""The common cycle: what a function does that needs no steps of its own yet."""

from prefect import flow

from flows import steps


@flow(name="common-cycle", flow_run_name=steps.run_name)
def common_cycle(function: str, cycle: str | None = None) -> None:
    """Keep a function's cycles going: open, plan, ask, close."""
    with steps.reported(function, cycle) as say:
        for _ in steps.under_way(function, cycle, say):
            pass

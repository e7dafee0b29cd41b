"""ASEAN bodies, and the countries of destination beyond the region."""

from prefect import flow

from flows import findings, steps

FUNCTION = "regional-liaison"


@flow(name="regional-liaison", flow_run_name=steps.run_name)
def regional_liaison(cycle: str | None = None) -> None:
    """Ask twice a year who was met and what follows; say how far each engagement is."""
    with steps.reported(FUNCTION, cycle) as say:
        for half in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, half, "contacts-reported"))
        say(findings.how_far(FUNCTION))
        say(findings.expected_by_now(FUNCTION))

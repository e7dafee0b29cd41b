"""Civil society and youth in COMMIT: their platform is part of the meeting and moves with it."""

from prefect import flow

from flows import findings, steps

FUNCTION = "civil-society-platform"


@flow(name="civil-society-platform", flow_run_name=steps.run_name)
def civil_society_platform(cycle: str | None = None) -> None:
    """Have the form of participation agreed with the host, then the organisations invited."""
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, som, "design-agreed"))
            say(steps.who_is_missing(FUNCTION, som, "organisations-invited"))
        say(findings.how_far(FUNCTION))
        say(findings.expected_by_now(FUNCTION))

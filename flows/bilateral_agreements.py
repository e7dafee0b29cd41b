"""Memoranda, plans of action and operating procedures, pair by pair."""

from prefect import flow

from flows import findings, steps

FUNCTION = "bilateral-agreements"


@flow(name="bilateral-agreements", flow_run_name=steps.run_name)
def bilateral_agreements(cycle: str | None = None) -> None:
    """Ask each pair where its agreements stand; say what was to be signed by now and is not."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "state-reported"))
            say(findings.counted(FUNCTION, year))
        say(findings.how_far(FUNCTION))
        say(findings.expected_by_now(FUNCTION))
        say(findings.silent(FUNCTION))

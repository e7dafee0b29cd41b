"""Budget briefs, so that referral mechanisms are paid for every year."""

from prefect import flow

from flows import findings, steps

FUNCTION = "budget-advocacy"


@flow(name="budget-advocacy", flow_run_name=steps.run_name)
def budget_advocacy(cycle: str | None = None) -> None:
    """Ask for the brief while budgets are made, and for the answer of the finance ministry."""
    with steps.reported(FUNCTION, cycle) as say:
        for year in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, year, "brief-written"))
            say(steps.who_is_missing(FUNCTION, year, "answer-reported"))
        say(findings.how_far(FUNCTION))
        say(findings.silent(FUNCTION))

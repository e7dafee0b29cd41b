"""National referral mechanisms, in steps: mapping, budget, consultation, framework, training."""

from prefect import flow

from flows import findings, steps

FUNCTION = "referral-mechanisms"


@flow(name="referral-mechanisms", flow_run_name=steps.run_name)
def referral_mechanisms(cycle: str | None = None) -> None:
    """Ask every quarter how far it is; say what is planned, late, or contradicts itself."""
    with steps.reported(FUNCTION, cycle) as say:
        for quarter in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, quarter, "progress-reported"))
            say(findings.counted(FUNCTION, quarter))
        say(findings.how_far(FUNCTION))
        say(findings.outlook(FUNCTION))
        say(findings.expected_by_now(FUNCTION))
        say(findings.contradicting(FUNCTION))

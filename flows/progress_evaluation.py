"""Evaluations before each meeting: challenges, lessons, recommendations, no list of activities."""

from prefect import flow

from flows import findings, steps

FUNCTION = "progress-evaluation"


@flow(name="progress-evaluation", flow_run_name=steps.run_name)
def progress_evaluation(cycle: str | None = None) -> None:
    """Ask six governments for their evaluation, then for what they have in common."""
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.under_way(FUNCTION, cycle, say):
            say(steps.who_is_missing(FUNCTION, som, "evaluation-handed-in"))
            say(steps.who_is_missing(FUNCTION, som, "synthesis-circulated"))
        say(findings.how_far(FUNCTION))
        say(findings.silent(FUNCTION))

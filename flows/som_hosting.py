"""Hosting the Senior Officials Meeting: from “who and when” to settled costs."""

from prefect import flow

from flows import steps
from secretariat import meeting_words

FUNCTION = "som-hosting"


@flow(name="som-hosting", flow_run_name=steps.run_name)
def som_hosting(cycle: str | None = None) -> None:
    """Open the meeting's cycle, date its milestones, ask host, chair and task forces, close it.

    After a postponement the same steps move the dates and what was asked.
    """
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.under_way(FUNCTION, cycle, say):
            say(host_date_and_venue(som))
            say(what_a_postponement_set_off(som))
            say(who_comes(som))


@steps.step("say who hosts, when and where", "read")
def host_date_and_venue(som: str) -> str:
    """Host, date, firm or not, and venue, as they are known now."""
    return steps.told_of(som, meeting_words.host_date_and_venue)


@steps.step("say what a postponement set off", "read")
def what_a_postponement_set_off(som: str) -> str:
    """When it was first planned, and what has moved along."""
    return steps.told_of(som, meeting_words.set_off)


@steps.step("say which delegations are named", "read")
def who_comes(som: str) -> str:
    """How many delegations are named, and whose are missing."""
    return steps.told_of(som, meeting_words.who_comes)

"""Preparing the Senior Officials Meeting: from the concept note to decisions carried out."""

from prefect import flow

from flows import steps
from schemas.meeting_acts import CarryOver
from secretariat import meeting_words
from secretariat.ownership import ENGINE

FUNCTION = "som-preparation"


@flow(name="som-preparation", flow_run_name=steps.run_name)
def som_preparation(cycle: str | None = None) -> None:
    """Date the steps, chase a paper for each agenda item, watch silence and minutes, close it.

    After a postponement, or when the agenda changes, the same steps move and ask anew.
    """
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.under_way(FUNCTION, cycle, say):
            say(carry_over(som))
            say(chase_the_papers(som))
            say(see_to_the_statement(som))
            say(follow_the_minutes(som))


@steps.step("carry over what was not reached", "agenda")
def carry_over(som: str) -> str:
    """Items that closed meetings before this one did not reach come onto its agenda."""
    events = steps.the_office().do(CarryOver(som=som), by=ENGINE)
    count = sum(event.kind == "agenda.item-added" for event in events)
    return f"{som}: {count or 'nothing'} carried over from earlier meetings"


@steps.step("say which papers are missing", "read")
def chase_the_papers(som: str) -> str:
    """How many papers are there, and whose are missing; their ladders remind by themselves."""
    return steps.told_of(som, meeting_words.papers)


@steps.step("see to the joint statement", "read")
def see_to_the_statement(som: str) -> str:
    """Filed, under silence, adopted or objected to; its deadline fires with Prefect down too."""
    return steps.told_of(som, meeting_words.statement_state)


@steps.step("follow the minutes", "read")
def follow_the_minutes(som: str) -> str:
    """Which items were reached, and how far its decisions are."""
    return steps.told_of(som, meeting_words.minutes)

"""The steps that say how the returns of a cycle are: missing, late, to verify, how complete."""

from flows import steps
from schemas.returns import Collected, ReturnSeen
from secretariat import collection
from secretariat.returns import year_of


@steps.step("say which returns came in", "read")
def came_in(function: str, cycle: str) -> str:
    """“2018: 5 of 6 returns came in; missing: China task force, late since 17 December 2018”."""
    found = _returns(function, cycle)
    missing = [
        f"{each.body_name}, {'late since' if each.late else 'due on'} {each.due_on:%-d %B %Y}"
        for each in found
        if not each.arrived
    ]
    late = [each.body_name for each in found if each.arrived and each.late]
    said = f"{cycle}: {len(found) - len(missing)} of {len(found)} returns came in"
    said += f"; came late: {', '.join(late)}" if late else ""
    return said + (f"; missing: {'; '.join(missing)}" if missing else "")


@steps.step("say what is to be verified", "read")
def to_verify(function: str, cycle: str) -> str:
    """Which returns wait for whoever steers, and which for their body once more."""
    found = _returns(function, cycle)
    waiting = [each.body_name for each in found if each.state == "submitted"]
    back = [f"{each.body_name} ({each.correction})" for each in found if each.state == "correction"]
    said = f"{cycle}: please verify: {', '.join(waiting)}" if waiting else ""
    said += f"{'; ' if said else f'{cycle}: '}sent back: {'; '.join(back)}" if back else ""
    return said or f"{cycle}: nothing waits to be verified"


@steps.step("say how complete it is", "read")
def rates(function: str, cycle: str) -> str:
    """“2018: 10% complete, 83% in time; Cambodia 20% and 100%, …”."""
    found = _collected(function, cycle)
    if found.overall is None:
        return f"{cycle}: nobody is asked for figures yet"
    each = [
        f"{one.who} {_percent(one.completeness)} and {_percent(one.timeliness)}"
        for one in found.rates
    ]
    whole = found.overall
    return (
        f"{cycle}: {_percent(whole.completeness)} complete, {_percent(whole.timeliness)} in time; "
        + ", ".join(each)
    )


def _percent(value: int | None) -> str:
    return "not due" if value is None else f"{value}%"


def _collected(function: str, cycle: str) -> Collected:
    office = steps.the_office()
    with office.store.read() as session:
        now = office.clock.now()
        return collection.collected(
            session, office.programme, now, year_of(cycle), function=function
        )


def _returns(function: str, cycle: str) -> list[ReturnSeen]:
    return [each for each in _collected(function, cycle).returns if each.period == cycle]

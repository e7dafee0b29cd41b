"""Rotating the chair: who is next, is it agreed, and has the chair passed on?"""

from prefect import flow

from flows import steps
from schemas.acts import TakeChair
from schemas.tables import Som, Term
from secretariat import rotation, words
from secretariat.commands.turns import turn

FUNCTION = "chair-rotation"


@flow(name="chair-rotation", flow_run_name=steps.run_name)
def chair_rotation(cycle: str | None = None) -> None:
    """Have the next chair agreed, the brief written and received; pass the chair on in time."""
    with steps.reported(FUNCTION, cycle) as say:
        for som in steps.cycles_to_look_after(FUNCTION, cycle):
            say(steps.open_cycle(FUNCTION, som))
            say(name_the_next_chair(som))
            say(pass_the_chair_on(som))
            if not steps.is_closed(FUNCTION, som):
                say(steps.plan_milestones(FUNCTION, som))
                say(steps.ask_bodies(FUNCTION, som))
                say(steps.close_cycle(FUNCTION, som))


@steps.step("name the next chair", "read", "chair")
def name_the_next_chair(som: str) -> str:
    """Who is agreed to follow, how firmly; else whose turn it is, and who passed it."""
    office = steps.the_office()
    following = rotation.following(som)
    with office.store.read() as session:
        found = turn(session, office.programme, following)
    if found is None or found.member is None:
        return f"{following}: nobody is left to chair it"
    name = words.member_name(office.programme, found.member)
    if found.agreed:
        return f"{following}: {name} is {found.agreed}ly agreed"
    passed = ", ".join(words.member_name(office.programme, code) for code in found.passed)
    after = f", {passed} having passed" if passed else ""
    return f"{following}: not agreed yet; it is {name}’s turn{after}"


@steps.step("pass the chair on", "chair")
def pass_the_chair_on(som: str) -> str:
    """Once the meeting is held and its successor agreed, the successor takes office."""
    office = steps.the_office()
    following = rotation.following(som)
    with office.store.read() as session:
        held = session.get_one(Som, som).closed_at is not None
        agreed = session.get(Term, following)
    if not held:
        return f"{som}: not held yet, the chair stays"
    if agreed is None:
        return f"{som}: held, but nobody is agreed for {following}"
    office.do(TakeChair(som=following), by=office.steward)
    return f"{following}: {agreed.member} holds the chair"

"""Who may do what to a holding: every combination, against a model of its own."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Event
from schemas.phase import Phase, Transferred
from secretariat.errors import ConflictError, NotAllowedError
from secretariat.ownership import Held, Wish, decide, hours_late, transferred
from tests.conftest import at

SECRETARIAT, OWNER, RECEIVER, STRANGER = "un-act", "tf-th", "tf-kh", "tf-vn"
EVERYBODY = (OWNER, RECEIVER, STRANGER, SECRETARIAT)
ACTS = ("offer", "accept", "decline", "withdraw", "advance", "return")
OFFERS = (None, Phase.SHARED, Phase.GOVERNMENT_LED)
NEXT = {Phase.SHARED: Phase.GOVERNMENT_LED, Phase.GOVERNMENT_LED: Phase.COMPLETED}


def a_holding(phase: Phase, offered: Phase | None = None, owner: str = OWNER) -> Held:
    return Held("frontline-training/curriculum@KH", owner, phase, RECEIVER, offered)


def a_wish(act: str, by: str, offered: Phase = Phase.GOVERNMENT_LED) -> Wish:
    return Wish(act, by, offered if act == "offer" else None, reason="no staff yet")


def after(held: Held, event: Event) -> Held:
    """The holding once the event is recorded: an owner comes with a phase and ends the offer."""
    if event.kind == "holding.offered":
        return replace(held, offered_phase=Phase(event.data["phase"]))
    owner, phase = event.data.get("owner", held.owner), event.data.get("phase", held.phase)
    return replace(held, owner=owner, phase=Phase(phase), offered_phase=None)


def is_possible(act: str, held: Held) -> bool:
    if act == "offer":
        return held.phase is Phase.UN_LED and held.offered_phase is None
    if act in ("accept", "decline", "withdraw"):
        return held.phase is Phase.UN_LED and held.offered_phase is not None
    return held.phase in NEXT and held.offered_phase is None


def who_may(act: str, held: Held) -> str:
    return RECEIVER if act in ("accept", "decline") else held.owner


def becomes(act: str, held: Held) -> Held:
    match act:
        case "offer":
            return replace(held, offered_phase=Phase.GOVERNMENT_LED)
        case "accept":
            assert held.offered_phase
            return a_holding(held.offered_phase, owner=RECEIVER)
        case "advance":
            return replace(held, phase=NEXT[held.phase])
        case "return":
            return a_holding(Phase.UN_LED, owner=SECRETARIAT)
        case _:
            return replace(held, offered_phase=None)


@pytest.mark.parametrize("by", EVERYBODY)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("offered", OFFERS)
@pytest.mark.parametrize("phase", Phase)
def test_every_act_in_every_state_by_everybody_does_what_the_model_says(
    phase: Phase, offered: Phase | None, act: str, by: str
) -> None:
    held = a_holding(phase, offered)
    if not is_possible(act, held):
        with pytest.raises(ConflictError):
            decide(held, a_wish(act, by), SECRETARIAT)
    elif by != who_may(act, held):
        with pytest.raises(NotAllowedError):
            decide(held, a_wish(act, by), SECRETARIAT)
    else:
        event = decide(held, a_wish(act, by), SECRETARIAT)
        assert event.subject == held.id
        assert after(held, event) == becomes(act, held)


WISHES = st.lists(
    st.builds(
        a_wish,
        st.sampled_from(ACTS),
        st.sampled_from(EVERYBODY),
        st.sampled_from([Phase.SHARED, Phase.GOVERNMENT_LED]),
    ),
    max_size=40,
)


@given(WISHES)
def test_whatever_is_wished_a_holding_has_one_owner_the_secretariat_or_the_receiver(
    wishes: list[Wish],
) -> None:
    held = a_holding(Phase.UN_LED, owner=SECRETARIAT)
    for wish in wishes:
        try:
            held = after(held, decide(held, wish, SECRETARIAT))
        except (ConflictError, NotAllowedError):
            continue
        assert held.owner == (SECRETARIAT if held.phase is Phase.UN_LED else RECEIVER)
        assert held.offered_phase is None or held.phase is Phase.UN_LED


def can(held: Held, act: str) -> bool:
    try:
        decide(held, a_wish(act, held.owner), SECRETARIAT)
    except (ConflictError, NotAllowedError):
        return False
    return True


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("offered", [None, Phase.SHARED])
def test_until_all_is_completed_an_owner_need_not_wait_for_anybody(
    phase: Phase, offered: Phase | None
) -> None:
    held = a_holding(phase, offered if phase is Phase.UN_LED else None)
    assert any(can(held, act) for act in ACTS) == (phase is not Phase.COMPLETED)


@pytest.mark.parametrize("act", ["decline", "return"])
def test_the_reason_is_kept_with_the_fact(act: str) -> None:
    held = a_holding(Phase.UN_LED, Phase.SHARED) if act == "decline" else a_holding(Phase.SHARED)
    event = decide(held, a_wish(act, who_may(act, held)), SECRETARIAT)
    assert event.data["reason"] == "no staff yet"


def test_an_offer_says_whom_it_is_made_to() -> None:
    event = decide(a_holding(Phase.UN_LED), a_wish("offer", OWNER), SECRETARIAT)
    assert event.data == {"to": RECEIVER, "phase": "government_led"}


@pytest.mark.parametrize("act", ACTS)
def test_whoever_may_not_is_told_who_may(act: str) -> None:
    every = [a_holding(phase, offered) for phase, offered in product(Phase, OFFERS)]
    held = next(held for held in every if is_possible(act, held))
    with pytest.raises(NotAllowedError) as refused:
        decide(held, a_wish(act, STRANGER), SECRETARIAT)
    sentence = str(refused.value)
    assert f"{who_may(act, held)}; not for {STRANGER}" in sentence
    assert sentence.startswith(f"To {act} {held.id}")


@pytest.mark.parametrize(
    ("act", "needed"),
    [
        ("offer", "UN-led without an open offer"),
        ("accept", "UN-led with an open offer"),
        ("decline", "UN-led with an open offer"),
        ("withdraw", "UN-led with an open offer"),
        ("advance", "shared or government-led without an open offer"),
        ("return", "shared or government-led without an open offer"),
    ],
)
def test_what_does_not_fit_is_told_what_would_and_who_owns_it(act: str, needed: str) -> None:
    with pytest.raises(ConflictError) as refused:
        decide(a_holding(Phase.COMPLETED), a_wish(act, OWNER), SECRETARIAT)
    assert f"must be {needed}" in str(refused.value)
    assert f"is completed without an open offer, owned by {OWNER}" in str(refused.value)


PHASES = st.lists(st.sampled_from(Phase))
BEYOND_SHARED = {Phase.GOVERNMENT_LED, Phase.COMPLETED}


@given(PHASES)
def test_a_function_is_fully_partly_or_not_transferred(phases: list[Phase]) -> None:
    found = set(phases)
    if found and found <= BEYOND_SHARED:
        assert transferred(phases) is Transferred.FULLY
    elif found - {Phase.UN_LED}:
        assert transferred(phases) is Transferred.PARTLY
    else:
        assert transferred(phases) is Transferred.NOT


@given(PHASES.filter(bool), st.data())
def test_one_holding_a_phase_further_never_sets_a_function_back(
    phases: list[Phase], data: st.DataObject
) -> None:
    one = data.draw(st.integers(0, len(phases) - 1))
    order = list(Phase)
    further = order[min(order.index(phases[one]) + 1, 3)]
    ranks = [Transferred.NOT, Transferred.PARTLY, Transferred.FULLY]
    before, now = transferred(phases), transferred([*phases[:one], further, *phases[one + 1 :]])
    assert ranks.index(now) >= ranks.index(before)


@given(st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_lateness_is_counted_in_whole_hours_and_never_below_zero(past_due: timedelta) -> None:
    due_at = at("2018-12-20T17:30Z")
    hours = hours_late(due_at, due_at + past_due)
    assert hours >= 0
    if past_due >= timedelta():
        assert timedelta(hours=hours) <= past_due < timedelta(hours=hours + 1)
    else:
        assert hours == 0

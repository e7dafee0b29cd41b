"""Who may do what to a holding: every combination, against a model of its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.phase import Phase, Standing, Transferred
from secretariat.errors import ConflictError, NotAllowedError
from secretariat.ownership import (
    ACTS,
    ENGINE,
    RULES,
    Bodies,
    Held,
    Wish,
    counts_as,
    decide,
    hours_late,
    possible,
    transferred,
)
from tests.conftest import at
from tests.life_cycle import after, model

STEWARD, OWNER, RECEIVER, STRANGER, ENDED = "un-act", "tf-th", "tf-kh", "tf-vn", "tf-mm"
GOVERNMENTS = frozenset({OWNER, RECEIVER, STRANGER, ENDED, "chair"})
BODIES = Bodies(STEWARD, GOVERNMENTS, frozenset({ENDED}))
EVERYBODY = (OWNER, RECEIVER, STRANGER, STEWARD, ENDED, ENGINE)
UN_LED, SHARED, GOVERNMENT_LED, COMPLETED = Phase
EVENTS = {
    "offer": "holding.offered",
    "accept": "holding.accepted",
    "decline": "holding.declined",
    "withdraw": "holding.withdrawn",
    "expire": "holding.expired",
    "advance": "holding.advanced",
    "complete": "holding.completed",
    "reopen": "holding.reopened",
    "return": "holding.returned",
    "suspend": "holding.suspended",
    "resume": "holding.resumed",
    "take-custody": "holding.custody-taken",
    "release": "holding.released",
}
FACTS = {
    "offer": {"phase": "government_led", "answer_by": "2019-02-01T17:00:00+00:00"},
    "decline": {"reason": "no staff yet"},
    "return": {"reason": "no staff yet"},
    "reopen": {"reason": "no staff yet"},
    "suspend": {"reason": "flood", "follow_up": "2019-02-01T02:00:00+00:00"},
}


def a_holding(
    phase: Phase,
    standing: Standing = Standing.STEADY,
    owner: str = OWNER,
    custody_of: str | None = None,
) -> Held:
    offer = (RECEIVER, max(phase, SHARED, key=list(Phase).index))
    to, offered = offer if standing == "offered" else (None, None)
    return Held("training/curriculum@KH", owner, phase, RECEIVER, standing, to, offered, custody_of)


def a_wish(act: str, by: str) -> Wish:
    return Wish(act, by, FACTS.get(act, {}))


# -- every state, every act, everybody ------------------------------------------------------------


def every_state() -> Iterator[Held]:
    for phase, standing, owner in product(Phase, Standing, (OWNER, RECEIVER, STEWARD, ENDED)):
        if phase is COMPLETED and standing != "steady":
            continue
        yield a_holding(phase, standing, owner)
    for phase, standing, gone in product(Phase, Standing, (ENDED, OWNER)):
        if not (phase is COMPLETED and standing != "steady"):
            yield a_holding(phase, standing, STEWARD, gone)


TABLE = list(product(every_state(), ACTS, EVERYBODY))


def named(held: Held) -> str:
    custody = f"-for-{held.custody_of}" if held.custody_of else ""
    return f"{held.phase}-{held.standing}-{held.owner}{custody}"


@pytest.mark.parametrize("held", list(every_state()), ids=named)
def test_every_act_by_everybody_does_what_the_model_says(held: Held) -> None:
    for act, by in product(ACTS, EVERYBODY):
        expected = model(held, act, by, BODIES)
        if isinstance(expected, Held):
            event = decide(held, a_wish(act, by), BODIES)
            assert after(held, event) == expected, (act, by)
            assert (event.kind, event.subject) == (EVENTS[act], held.id)
        else:
            with pytest.raises(expected):
                decide(held, a_wish(act, by), BODIES)


def test_no_line_of_the_table_is_untested() -> None:
    """Each rule is met by some state, allowed and refused, so the table above leaves none out."""
    allowed, refused = set(), set()
    for held, act, by in TABLE:
        try:
            decide(held, a_wish(act, by), BODIES)
            allowed.add(act)
        except NotAllowedError:
            refused.add(act)
        except ConflictError:
            continue
    assert allowed == {rule.act for rule in RULES} == set(ACTS)
    assert refused == set(ACTS)
    assert len(TABLE) == len(list(every_state())) * len(ACTS) * len(EVERYBODY)


def test_each_act_has_one_line_and_one_event() -> None:
    assert len({rule.act for rule in RULES}) == len(RULES)
    assert len({rule.event for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("held", list(every_state()), ids=named)
def test_a_page_offers_exactly_what_can_be_done(held: Held) -> None:
    for by in EVERYBODY:
        can = {act for act in ACTS if isinstance(model(held, act, by, BODIES), Held)}
        offered = set(possible(held, by, BODIES))
        assert can <= offered
        assert offered - can <= {"offer"}  # to the owner itself: another body can be chosen


WISHES = st.lists(st.builds(a_wish, st.sampled_from(ACTS), st.sampled_from(EVERYBODY)), max_size=60)


@given(WISHES)
def test_whatever_is_wished_a_holding_has_one_owner_who_may_own(wishes: list[Wish]) -> None:
    held = a_holding(UN_LED, owner=STEWARD)
    for wish in wishes:
        try:
            held = after(held, decide(held, wish, BODIES))
        except (ConflictError, NotAllowedError):
            continue
        assert held.owner in GOVERNMENTS | {STEWARD}
        assert (held.standing == "offered") == (held.offered_to is not None)
        assert held.owner == STEWARD or held.phase is not UN_LED


@given(st.sampled_from(list(every_state())))
def test_an_owner_that_ends_never_strands_a_holding(held: Held) -> None:
    """Whatever state it was left in, the steward has it at once and can hand it on."""
    left = replace(held, owner=ENDED, custody_of=None)
    kept = after(left, decide(left, Wish("take-custody", ENGINE), BODIES))
    assert (kept.owner, kept.custody_of, kept.phase) == (STEWARD, ENDED, left.phase)
    if kept.phase is COMPLETED:
        kept = after(kept, decide(kept, a_wish("reopen", STEWARD), BODIES))
    offered = after(kept, decide(kept, a_wish("offer", STEWARD), BODIES))
    taken = after(offered, decide(offered, Wish("accept", RECEIVER), BODIES))
    assert (taken.owner, taken.custody_of) == (RECEIVER, None)


def test_a_custodian_may_take_over_what_it_looks_after() -> None:
    """The chair becomes the steward when the secretariat ends, and receives in its own right."""
    bodies = Bodies("chair", GOVERNMENTS, frozenset({STEWARD}))
    held = replace(a_holding(UN_LED, owner="chair", custody_of=STEWARD), takes_over="chair")
    offered = after(held, decide(held, a_wish("offer", "chair"), bodies))
    taken = after(offered, decide(offered, Wish("accept", "chair"), bodies))
    assert (taken.owner, taken.custody_of, counts_as(taken)) == ("chair", None, GOVERNMENT_LED)


def test_release_gives_back_what_a_restored_body_had() -> None:
    held = a_holding(GOVERNMENT_LED, owner=STEWARD, custody_of=OWNER)
    released = after(held, decide(held, Wish("release", STEWARD), BODIES))
    assert (released.owner, released.phase, released.custody_of) == (OWNER, GOVERNMENT_LED, None)


@pytest.mark.parametrize("act", ["decline", "return", "reopen"])
def test_the_reason_is_kept_with_the_fact(act: str) -> None:
    held = {
        "decline": a_holding(SHARED, Standing.OFFERED),
        "return": a_holding(SHARED),
        "reopen": a_holding(COMPLETED),
    }[act]
    by = RECEIVER if act == "decline" else OWNER
    assert decide(held, a_wish(act, by), BODIES).data["reason"] == "no staff yet"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (ENDED, "tf-mm has ended; say to whom"),
        (OWNER, "tf-th owns training/curriculum@KH already"),
        (STEWARD, "un-act cannot own a holding; choose a task force or the chair"),
        ("nobody", "nobody cannot own a holding"),
    ],
)
def test_an_offer_goes_to_another_body_that_can_own(to: str, words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        decide(a_holding(SHARED), Wish("offer", OWNER, {"to": to}), BODIES)


@pytest.mark.parametrize("phase", [UN_LED, SHARED, GOVERNMENT_LED])
def test_an_offer_never_sets_a_holding_back(phase: Phase) -> None:
    event = decide(a_holding(phase), Wish("offer", OWNER, {"phase": "shared"}), BODIES)
    assert event.data["offered_phase"] == max(phase, SHARED, key=list(Phase).index)


def test_an_offer_that_names_no_phase_and_nobody_is_to_share_with_the_receiver() -> None:
    event = decide(a_holding(UN_LED), Wish("offer", OWNER), BODIES)
    assert (event.data["offered_to"], event.data["offered_phase"]) == (RECEIVER, SHARED)


def test_whoever_accepts_what_was_meant_for_another_is_its_receiver_from_then_on() -> None:
    held = a_holding(UN_LED)
    offered = after(held, decide(held, Wish("offer", OWNER, {"to": STRANGER}), BODIES))
    accepted = decide(offered, Wish("accept", STRANGER), BODIES)
    assert (accepted.data["owner"], accepted.data["takes_over"]) == (STRANGER, STRANGER)


def test_whoever_may_not_is_told_who_may() -> None:
    with pytest.raises(NotAllowedError) as refused:
        decide(a_holding(COMPLETED), a_wish("reopen", STRANGER), BODIES)
    assert str(refused.value) == (
        "To reopen training/curriculum@KH is for its owner, tf-th or the steward, un-act; "
        "not for tf-vn."
    )


@pytest.mark.parametrize(
    ("act", "needed"),
    [
        ("offer", "UN-led or shared or government-led and steady"),
        ("accept", "UN-led or shared or government-led and offered"),
        ("advance", "shared and steady and not in custody"),
        ("complete", "government-led and steady and not in custody"),
        ("return", "shared or government-led and steady or suspended and not in custody"),
        ("release", "steady in custody"),
    ],
)
def test_what_does_not_fit_is_told_what_would_and_who_owns_it(act: str, needed: str) -> None:
    with pytest.raises(ConflictError) as refused:
        decide(a_holding(COMPLETED), a_wish(act, OWNER), BODIES)
    assert f"must be {needed}; " in str(refused.value)
    assert f"is completed, steady, owned by {OWNER}" in str(refused.value)


def test_what_is_in_custody_is_said_to_be() -> None:
    held = a_holding(SHARED, owner=STEWARD, custody_of=ENDED)
    with pytest.raises(ConflictError, match="is shared, steady, in custody, owned by un-act"):
        decide(held, a_wish("advance", STEWARD), BODIES)


@pytest.mark.parametrize(
    ("act", "held", "words"),
    [
        ("return", a_holding(SHARED, owner=STEWARD), "has nobody to return to; offer it."),
        ("take-custody", a_holding(SHARED), "tf-th, the owner of .*, has not ended."),
        ("release", a_holding(SHARED, owner=STEWARD, custody_of=ENDED), "tf-mm has ended, so"),
    ],
    ids=["return", "take-custody", "release"],
)
def test_what_makes_no_sense_with_these_bodies_is_told_why(
    act: str, held: Held, words: str
) -> None:
    with pytest.raises(ConflictError, match=words):
        decide(held, a_wish(act, STEWARD), BODIES)


# -- what holdings add up to -----------------------------------------------------------------------

PHASES = st.lists(st.sampled_from(Phase))


@given(PHASES)
def test_a_function_is_fully_partly_or_not_transferred(phases: list[Phase]) -> None:
    found = set(phases)
    if found and found <= {GOVERNMENT_LED, COMPLETED}:
        assert transferred(phases) is Transferred.FULLY
    elif found - {UN_LED}:
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


def test_in_custody_no_government_has_taken_a_holding_over() -> None:
    held = a_holding(GOVERNMENT_LED, owner=STEWARD, custody_of=ENDED)
    assert transferred([counts_as(held)]) is Transferred.NOT


@given(st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_lateness_is_counted_in_whole_hours_and_never_below_zero(past_due: timedelta) -> None:
    due_at = at("2018-12-20T17:30Z")
    hours = hours_late(due_at, due_at + past_due)
    assert hours >= 0
    if past_due >= timedelta():
        assert timedelta(hours=hours) <= past_due < timedelta(hours=hours + 1)
    else:
        assert hours == 0

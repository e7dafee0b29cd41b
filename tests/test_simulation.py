"""Thousands of small worlds, ninety days each, with faults, deaths and jumps: promises hold."""

import logging
import os
from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlmodel import col

from schemas.tables import Mail
from tests.world import World, broken_promises

SEEDS = int(os.environ.get("SEEDS", "50"))  # `make simulation` lives 2,000 of them
TOGETHER = 25


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the program logs of faults that were made up is no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_ninety_days_of_faults_deaths_and_jumps_break_no_promise(first: int) -> None:
    for seed in range(first, first + TOGETHER):
        world = World(seed)
        world.live()
        broken = list(broken_promises(world))
        assert not broken, f"seed {seed} (python -m tests.world {seed}): {broken}"


def test_the_worlds_are_worth_living_in() -> None:
    """Faults do happen, and mail does arrive: else the promises were kept by nobody."""
    copies, deaths, twice = 0, 0, 0
    for seed in range(16):
        world = World(seed)
        world.live()
        copies += sum(map(len, world.relay.taken.values()))
        deaths += world.deaths
        twice += any(len(found) > 1 for found in world.relay.taken.values())
    assert (copies > 50, deaths > 2, twice > 0) == (True, True, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"possible_duplicate": False}, "nobody is told"),
        ({"sha256": "0" * 64}, "other bytes"),
        ({"state": "waiting", "ended_at": None}, "still waiting"),
    ],
)
def test_a_broken_promise_is_noticed(change: dict[str, object], words: str) -> None:
    world = next(world for world in map(World, range(200)) if any(len(c) > 1 for c in lived(world)))
    with world.store.write() as session:
        twice = [key for key, copies in world.relay.taken.items() if len(copies) > 1]
        session.connection().execute(update(Mail).where(col(Mail.id).in_(twice)).values(**change))
    assert any(words in broken for broken in broken_promises(world))


def lived(world: World) -> list[list[object]]:
    """The copies of each mail that arrived in a world's ninety days."""
    world.live()
    return [list(copies) for copies in world.relay.taken.values()]


def test_the_same_seed_is_the_same_world() -> None:
    stories = []
    for _ in range(2):
        world = World(7)
        world.live()
        stories.append(story(world))
    assert stories[0] == stories[1]


def story(world: World) -> list[object]:
    """What arrived when; the links in it are never the same."""
    return [(key, [copy.at for copy in copies]) for key, copies in world.relay.taken.items()]

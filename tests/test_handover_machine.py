"""Any acts in any order, with time passing and bodies ending, against a small pure model."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic import TypeAdapter
from sqlalchemy import Engine, create_engine, func
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, select

from schemas.acts import AnyAct, EndBody, RestoreBody
from schemas.phase import Phase
from schemas.programme import Programme
from schemas.read_models import READ_MODELS
from schemas.tables import Entry, Holding
from secretariat import ledger, readmodels
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.commands.holdings import held
from secretariat.errors import ConflictError, NotAllowedError, SecretariatError
from secretariat.history import adopt
from secretariat.ledger import BEGINNING
from secretariat.ownership import ACTS, ENGINE, Bodies, Held
from secretariat.programme import SHIPPED, load_programme
from secretariat.replaying import as_of
from secretariat.store import Store, open_store
from secretariat.timers import tick
from tests.conftest import at, seal
from tests.life_cycle import model

ACT: TypeAdapter[Any] = TypeAdapter(AnyAct)
PROGRAMME: Programme = load_programme(SHIPPED / "starter.yaml").model_copy(update={"readiness": []})
STEWARD, CHAIR = PROGRAMME.secretariat, PROGRAMME.chair
FORCES = PROGRAMME.task_forces()
EVERYBODY = [STEWARD, CHAIR, *FORCES, ENGINE]
FACTS = {
    "offer": {"phase": "government_led"},
    "decline": {"reason": "no staff"},
    "return": {"reason": "no staff"},
    "reopen": {"reason": "no staff"},
    "suspend": {"reason": "flood", "follow_up": "2031-01-01"},
}


def emptied(engine: Engine) -> Store:
    store = Store(engine)
    if store.is_empty():
        store.migrate()
    with store.write() as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            session.connection().execute(table.delete())
    return store


@dataclass
class World:
    """The model's side: every holding, who has ended, when each open offer runs out."""

    holdings: dict[str, Held]
    bodies: Bodies

    def act(self, key: str, act: str, by: str) -> Held | type[SecretariatError]:
        if by in self.bodies.ended:
            return NotAllowedError
        found = model(self.holdings[key], act, by, self.bodies)
        if isinstance(found, Held):
            self.holdings[key] = found
        return found

    def end(self, body: str) -> None:
        ended = self.bodies.ended | {body}
        steward = CHAIR if STEWARD in ended else STEWARD
        self.bodies = replace(self.bodies, ended=ended, steward=steward)
        for key, found in self.holdings.items():
            if found.offered_to == body:
                assert isinstance(self.act(key, "expire", ENGINE), Held)
            if found.owner == body:
                assert isinstance(self.act(key, "take-custody", ENGINE), Held)

    def restore(self, body: str) -> None:
        ended = self.bodies.ended - {body}
        steward = CHAIR if STEWARD in ended else STEWARD
        self.bodies = replace(self.bodies, ended=ended, steward=steward)


class Handover(RuleBasedStateMachine):
    """Each step is done to the office and to the model; they must never differ."""

    engine: ClassVar[Engine]

    @initialize()
    def open(self) -> None:
        self.store = emptied(self.engine)
        self.clock = VirtualClock(at("2018-03-01T03:00"))
        self.office = Office(self.store, PROGRAMME, self.clock)
        adopt(self.office)
        with self.store.read() as session:
            found = {h.id: held(h) for h in session.exec(select(Holding))}
        self.world = World(found, Bodies(STEWARD, frozenset({*FORCES, CHAIR})))
        self.keys = sorted(found)
        self.entries = len(found)

    @rule(which=st.integers(0, 99), act=st.sampled_from(ACTS), by=st.sampled_from(EVERYBODY))
    def do(self, which: int, act: str, by: str) -> None:
        key = self.keys[which % len(self.keys)]
        expected = self.world.act(key, act, by)
        asked = ACT.validate_python({"act": act, "holding": key, **FACTS.get(act, {})})
        if isinstance(expected, Held):
            self.office.do(asked, by=by, key=f"act {self.count()}")
        else:
            with pytest.raises((ConflictError, NotAllowedError)):
                self.office.do(asked, by=by)
            assert self.count() == self.entries, "a refused act left something behind"
        self.entries = self.count()

    @rule(which=st.integers(0, 99), data=st.data())
    def do_what_can_be_done(self, which: int, data: st.DataObject) -> None:
        """Most random acts are refused; this walks on."""
        key = self.keys[which % len(self.keys)]
        found = self.world.holdings[key]
        open_to = [
            (act, by)
            for act in ACTS
            for by in EVERYBODY
            if by not in self.world.bodies.ended
            and isinstance(model(found, act, by, self.world.bodies), Held)
        ]
        act, by = data.draw(st.sampled_from(open_to)) if open_to else ("offer", ENGINE)
        self.do(self.keys.index(key), act, by)

    @rule(which=st.integers(0, 99))
    def the_same_again(self, which: int) -> None:
        """The last act that had a key, handed in once more, changes nothing."""
        with self.store.read() as session:
            query = select(Entry.key).where(Entry.key.like("act %"))  # type: ignore[union-attr]
            keys = session.exec(query.order_by(Entry.seq)).all()  # type: ignore[arg-type]
        if keys:
            offer = ACT.validate_python({"act": "offer", "holding": self.keys[0]})
            assert self.office.do(offer, by=STEWARD, key=keys[which % len(keys)]) == []
            assert self.count() == self.entries

    @rule(body=st.sampled_from([STEWARD, *FORCES]))
    def a_body_ends(self, body: str) -> None:
        if body not in self.world.bodies.ended:
            self.world.end(body)
            self.office.do(EndBody(body=body, reason="dissolved"), by=CHAIR)
        self.entries = self.count()

    @rule(body=st.sampled_from([STEWARD, *FORCES]))
    def a_body_goes_on(self, body: str) -> None:
        if body in self.world.bodies.ended:
            self.world.restore(body)
            self.office.do(RestoreBody(body=body, reason="not dissolved"), by=CHAIR)
        self.entries = self.count()

    @rule(days=st.integers(1, 60))
    def time_passes(self, days: int) -> None:
        """Offers run out by themselves, exactly when their term is over."""
        end = self.clock.now() + timedelta(days=days)
        with self.store.read() as session:
            out = [
                h.id for h in session.exec(select(Holding)) if h.answer_by and h.answer_by <= end
            ]
        for key in out:
            assert isinstance(self.world.act(key, "expire", ENGINE), Held)
        self.clock.advance_to(end)
        tick(self.office)
        self.entries = self.count()

    @invariant()
    def every_holding_is_what_the_model_says(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.store.read() as session:
            found = {h.id: held(h) for h in session.exec(select(Holding))}
        assert found == self.world.holdings

    @invariant()
    def every_holding_has_exactly_one_owner_who_exists(self) -> None:
        if not hasattr(self, "world"):
            return
        alive = {STEWARD, CHAIR, *FORCES} - self.world.bodies.ended
        assert all(found.owner in alive for found in self.world.holdings.values())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        assert self.tables(self.store) == self.tables(as_of(self.store, self.clock.now()))
        self.replayed_twice_is_replayed_once()
        self.sealed()

    def replayed_twice_is_replayed_once(self) -> None:
        """A second reading of the ledger into fresh tables gives the very same rows."""
        again = emptied(create_engine("sqlite://", poolclass=StaticPool))
        with self.store.read() as source, again.write() as session:
            for entry in ledger.until(source, self.clock.now()):
                readmodels.project(session, ledger.event(entry), entry.at)
        assert self.tables(again) == self.tables(self.store)

    def sealed(self) -> None:
        prev = BEGINNING
        with self.store.read() as session:
            for entry in ledger.until(session, self.clock.now()):
                assert (entry.prev, entry.hash) == (prev, seal(entry))
                prev = entry.hash

    def tables(self, store: Store) -> list[list[dict[str, Any]]]:
        with store.read() as session:
            return [
                [
                    found.model_dump(mode="json")
                    for found in session.exec(
                        select(table).order_by(*table.__table__.primary_key.columns.values())  # type: ignore[attr-defined]
                    )
                ]
                for table in READ_MODELS
            ]

    def count(self) -> int:
        with self.store.read() as session:
            return session.exec(select(func.count()).select_from(Entry)).one()


@pytest.fixture
def engines(postgresql: str) -> Iterator[dict[str, Engine]]:
    found = {
        "sqlite": create_engine("sqlite://", poolclass=StaticPool),
        "postgresql": open_store(postgresql).engine,
    }
    yield found
    found["postgresql"].dispose()


@pytest.mark.parametrize(("database", "examples"), [("sqlite", 30), ("postgresql", 8)])
def test_no_order_of_acts_leaves_a_holding_without_exactly_one_owner(
    engines: dict[str, Engine], database: str, examples: int
) -> None:
    machine = type(f"On_{database}", (Handover,), {"engine": engines[database]})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_machine_reaches_every_phase() -> None:
    """A machine that never gets anywhere proves nothing."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Handover.engine = engine
    machine = Handover()
    machine.open()
    reached = set()
    receiver = machine.world.holdings[machine.keys[0]].takes_over
    for act, by in [("offer", STEWARD), ("accept", receiver), ("complete", receiver)]:
        machine.do(0, act, by)
        reached.add(machine.world.holdings[machine.keys[0]].phase)
    assert reached == {Phase.UN_LED, Phase.GOVERNMENT_LED, Phase.COMPLETED}
    machine.teardown()

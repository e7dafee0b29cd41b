"""Whatever bodies say and however meetings move: no step twice, none lost, none after done."""

from collections import Counter
from datetime import timedelta
from typing import Any

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
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, col, select

from schemas.act import Act
from schemas.acts import (
    Acknowledge,
    AgreeChair,
    AskExtension,
    Done,
    GrantExtension,
    PlanSom,
    PostponeSom,
    RefuseExtension,
    Snooze,
    TakeChair,
)
from schemas.anchor import Anchor
from schemas.read_models import READ_MODELS
from schemas.tables import Entry, Mail, Obligation
from secretariat.clock import VirtualClock
from secretariat.commands import Office, auditing
from secretariat.errors import SecretariatError
from secretariat.history import adopt, live_until
from secretariat.programme import SHIPPED, load_programme
from secretariat.replaying import as_of
from secretariat.store import Store
from tests.conftest import at
from tests.test_obligations import a_cycle
from tests.test_promises import leave

PROGRAMME = load_programme(SHIPPED / "starter.yaml")
NEW_PROMISE = ("obligation.asked", "obligation.moved", "obligation.extended")
WHICH, DAYS = st.integers(0, 9), st.integers(1, 40)


class Promises(RuleBasedStateMachine):
    """One meeting of the starter programme: three obligations, and every act on them."""

    @initialize(days=st.integers(40, 130))
    def open(self, days: int) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        SQLModel.metadata.create_all(engine)
        self.clock = VirtualClock(at("2019-06-03T03:00"))
        self.office = Office(Store(engine), PROGRAMME, self.clock)
        adopt(self.office)
        self.office.do(AgreeChair(som="SOM1", member="LA"), by="project-office")
        self.office.do(TakeChair(som="SOM1"), by="project-office")
        self.meets = self.clock.now().date() + timedelta(days=days)
        self.office.do(
            PlanSom(som="SOM2", host="TH", on=Anchor(day=self.meets)), by="project-office"
        )
        a_cycle(self.office, "som-hosting", "SOM2")

    def obligations(self) -> list[Obligation]:
        with self.office.store.read() as session:
            return list(session.exec(select(Obligation).order_by(Obligation.id)))

    def one(self, which: int) -> Obligation:
        found = self.obligations()
        return found[which % len(found)]

    def try_to(self, act: Act, by: str) -> None:
        """An act that does not fit gets a sentence; only a mistake of ours is another error."""
        try:
            self.office.do(act, by=by)
        except SecretariatError as refused:
            assert str(refused)

    @rule(which=WHICH)
    def acknowledge(self, which: int) -> None:
        one = self.one(which)
        self.try_to(Acknowledge(obligation=one.id), one.body)

    @rule(which=WHICH, days=DAYS)
    def snooze(self, which: int, days: int) -> None:
        one = self.one(which)
        until = self.clock.now().date() + timedelta(days=days)
        self.try_to(Snooze(obligation=one.id, until=until), one.body)

    @rule(which=WHICH, days=DAYS)
    def ask_for_time(self, which: int, days: int) -> None:
        one = self.one(which)
        to = one.due_on + timedelta(days=days)
        self.try_to(AskExtension(obligation=one.id, to=to, reason="Flood."), one.body)

    @rule(which=WHICH, granted=st.booleans())
    def answer(self, which: int, granted: bool) -> None:
        one = self.one(which)
        act: Act = (
            GrantExtension(obligation=one.id)
            if granted
            else RefuseExtension(obligation=one.id, reason="No.")
        )
        self.try_to(act, "project-office")

    @rule(which=WHICH)
    def do(self, which: int) -> None:
        one = self.one(which)
        self.try_to(Done(obligation=one.id), one.body)

    @rule(days=st.integers(-40, 120), tentative=st.booleans())
    def move(self, days: int, tentative: bool) -> None:
        to = max(self.clock.now().date(), self.meets) + timedelta(days=days)
        words = f"{to.year}-Q{(to.month + 2) // 3}" if tentative else to.isoformat()
        anchor = Anchor.model_validate(words)
        self.try_to(PostponeSom(som="SOM2", to=anchor, reason="Rain."), "project-office")

    @rule(hours=st.integers(1, 24 * 25))
    def live(self, hours: int) -> None:
        end = self.clock.now() + timedelta(hours=hours)
        live_until(self.office, self.clock, end, lambda: leave(self.office))

    @rule(days=st.integers(1, 12))
    def outage(self, days: int) -> None:
        """Nothing ticks for a while; then all that was missed is made good at once."""
        self.clock.advance_to(self.clock.now() + timedelta(days=days))
        live_until(self.office, self.clock, self.clock.now(), lambda: leave(self.office))

    @invariant()
    def each_step_is_mailed_once_for_each_promise(self) -> None:
        if not hasattr(self, "office"):
            return
        for one in self.obligations():
            times = Counter((m.context["step"], m.contact) for m in self.sent(one.id))
            promises = self.count(one.id, *NEW_PROMISE, "obligation.asked-anew")
            for step in one.ladder["steps"]:
                if step["repeat_every"] is None:
                    for (name, _), n in times.items():
                        assert name != step["name"] or n <= promises

    @invariant()
    def nothing_is_mailed_of_what_is_done(self) -> None:
        if not hasattr(self, "office"):
            return
        for one in self.obligations():
            if one.done_at:
                assert all(m.asked_at <= one.done_at for m in self.sent(one.id))

    @invariant()
    def no_step_is_lost(self) -> None:
        if not hasattr(self, "office"):
            return
        with self.office.store.read() as session:
            assert auditing.audit(session, PROGRAMME, self.clock.now()) == []

    @invariant()
    def the_days_fit_together(self) -> None:
        if not hasattr(self, "office"):
            return
        for one in self.obligations():
            assert one.asked_at < one.do_by
            assert one.snoozed_until is None or one.snoozed_until <= one.due_on
            assert one.wanted_on is None or one.wanted_on > one.due_on
            assert one.sequence == self.count(one.id, "obligation.moved", "obligation.extended")

    def sent(self, obligation: str) -> list[Mail]:
        with self.office.store.read() as session:
            query = select(Mail).where(Mail.obligation == obligation, Mail.state != "suppressed")
            return [m for m in session.exec(query) if m.template == "obligation"]

    def count(self, obligation: str, *kinds: str) -> int:
        with self.office.store.read() as session:
            query = select(Entry.seq).where(Entry.subject == obligation, col(Entry.kind).in_(kinds))
            return len(session.exec(query).all())

    def teardown(self) -> None:
        if hasattr(self, "office"):
            past = as_of(self.office.store, self.clock.now())
            assert self.tables(self.office.store) == self.tables(past)

    def tables(self, store: Store) -> list[list[dict[str, Any]]]:
        with store.read() as session:
            return [
                sorted(
                    (row.model_dump(mode="json") for row in session.exec(select(table))), key=str
                )
                for table in READ_MODELS
            ]


@pytest.mark.parametrize("examples", [8])
def test_no_order_of_acts_loses_a_step_or_takes_it_twice(examples: int) -> None:
    run_state_machine_as_test(
        Promises,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            suppress_health_check=list(HealthCheck),
        ),
    )

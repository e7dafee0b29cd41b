"""A small world to try the program in: virtual time, a relay with faults, a process that dies.

Everything in it is drawn from one seed, so that what went wrong once goes wrong again.
"""

import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from json import loads
from random import Random  # a world must come out the same again

from sqlalchemy import bindparam, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col, func, select

from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.transport import Attempt, Frozen, RelayError
from schemas.act import Act
from schemas.acts import (
    Accept,
    Acknowledge,
    AgreeChair,
    Done,
    HoldMail,
    Offer,
    PlanSom,
    PostponeSom,
    ReleaseMail,
    RetryMail,
    TakeChair,
)
from schemas.anchor import Anchor
from schemas.programme import Programme
from schemas.tables import Entry, Holding, Mail, Obligation, Timer
from secretariat import audit, points
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.commands.mails import NOT_ARRIVED
from secretariat.errors import SecretariatError
from secretariat.history import adopt
from secretariat.programme import SHIPPED, load_programme
from secretariat.reconcile import reconcile
from secretariat.store import Store
from secretariat.timers import next_due, tick

DAYS = 90
BEGINS = datetime(2019, 10, 14, 3, tzinfo=UTC)
# Asked at every step of every world, so made once.
NEXT_HOUR = select(func.min(Mail.not_before)).where(
    col(Mail.state).in_(("waiting", "unknown")), col(Mail.not_before) > bindparam("now")
)
MAY_LEAVE = (
    select(Mail.id)
    .where(col(Mail.state) == "waiting", col(Mail.not_before) <= bindparam("now"))
    .limit(1)
)


class Died(KeyboardInterrupt):
    """The process is gone: what was not committed never happened, and nothing tidies up."""


class Mortal(Store):
    """A store that a dead process can no longer reach."""

    alive = True

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        if not self.alive:
            raise Died
        with super()._reachable():
            yield


@dataclass
class Delivery:
    """One copy that reached the relay's side for good."""

    at: datetime
    digest: str


@dataclass
class Relay:
    """A relay that mostly works; ``down`` says whether it cannot be reached at the moment."""

    rng: Random
    clock: VirtualClock
    faults: float
    down: bool = False
    taken: dict[int, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    uncertain: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    async def connect(self) -> "Line":
        if self.down or self.rng.random() < self.faults:
            raise RelayError("The mail relay cannot be used (made up). Mail waits.")
        return Line(self)


@dataclass
class Line:
    """One connection to it."""

    relay: Relay
    usable: bool = True

    async def offer(self, _mail: Frozen) -> Attempt | None:
        for phase, point in (("mail", "mail"), ("rcpt", "rcpt"), ("data", "data.354")):
            if self._fails():
                return self._refusal(phase)
            points.reached(point)
        return None

    async def deliver(self, mail: Frozen) -> Attempt:
        if self._fails():
            self.usable = False
            return Attempt("data", 0, "it closed the connection")
        self.relay.uncertain[mail.id] += 1
        points.reached("dot.sent")
        if self._fails():
            return self._refusal("dot")
        copy = Delivery(self.relay.clock.now(), sha256(mail.content).hexdigest())
        self.relay.taken[mail.id].append(copy)
        if self._fails():
            self.usable = False
            return Attempt("dot", 0, "it closed the connection")
        points.reached("dot.replied")
        return Attempt("dot", 250, "taken")

    async def close(self) -> None:
        self.usable = False

    def _fails(self) -> bool:
        return self.relay.rng.random() < self.relay.faults

    def _refusal(self, phase: str) -> Attempt:
        code, words = self.relay.rng.choice(
            [(451, "4.7.1 later"), (452, "4.2.2 full"), (421, "closing"), (0, "it went away")]
            + [(550, "5.1.1 nobody")] * (phase == "rcpt")
        )
        self.usable = code not in (0, 421)
        return Attempt(phase, code, words)


@cache
def _blank() -> tuple[Mortal, sqlite3.Connection]:
    """One store for all worlds, as a new one learns every statement anew; and it when empty."""
    store, empty = (
        Mortal(create_engine("sqlite://", poolclass=StaticPool)),
        sqlite3.connect(":memory:"),
    )
    SQLModel.metadata.create_all(store.engine)
    _connection(store).backup(empty)
    return store, empty


def emptied() -> Mortal:
    """The one store, as it was before anything happened: there is one world at a time."""
    store, empty = _blank()
    empty.backup(_connection(store))
    return store


def _connection(store: Store) -> sqlite3.Connection:
    found = store.engine.raw_connection().driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


@cache
def programme(large: bool) -> Programme:
    """A meeting prepared by two members, or one report by one: little enough to live it often."""
    whole = load_programme(SHIPPED / "starter.yaml")
    meeting, report = whole.functions
    if not large:
        meeting = report.model_copy(
            update={
                "receiver": "LA",
                "milestones": [report.milestones[0].model_copy(update={"asks": "owners"})],
            }
        )
    silent = whole.digest.model_copy(update={"weekly": None})
    return whole.changed(functions=[meeting], digest=silent)


class World:
    """Ninety days of one office, as the seed has it."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.clock = VirtualClock(BEGINS + timedelta(hours=self.rng.randrange(24 * 30)))
        self.programme = programme(seed % 8 == 0)
        self.store = emptied()
        self.office = Office(self.store, self.programme, self.clock)
        self.relay = Relay(self.rng, self.clock, self.rng.choice([0, 0, 0.02, 0.1]))
        self.dies = self.rng.choice([0, 0.005, 0.02])
        self.deaths = 0
        self._outbox = self._new_outbox()
        self._until = self.clock.now() + timedelta(days=DAYS)
        adopt(self.office)

    def live(self) -> None:
        """Ninety days of acts, faults and deaths; then calm, until nothing waits any more."""
        script = self._script()
        with self._mortal():
            while self.clock.now() < self._until:
                moment = min(self._next_moment(), script[0][0] if script else self._until)
                self.clock.advance_to(min(moment, self._until) + self._jump())
                while script and script[0][0] <= self.clock.now():
                    self._survive(script.pop(0)[1])
                self._survive(lambda: tick(self.office))
                self._survive(self._drain)
        self.relay.down, self.relay.faults = False, 0
        self._settle()

    def _drain(self) -> None:
        self._outbox.drain()

    def _settle(self) -> None:
        for _ in range(200):
            with self.store.read() as session:
                waits = col(Mail.state).in_(("waiting", "sending", "unknown"))
                if session.exec(select(Mail.id).where(waits).limit(1)).first() is None:
                    return
            self.clock.advance_to(self.clock.now() + timedelta(minutes=45))
            self._outbox.drain()

    # -- what people do ----------------------------------------------------------------------------

    def _script(self) -> list[tuple[datetime, Callable[[], object]]]:
        """When somebody does something, or something happens to the relay, in order."""
        begin, rng = self.clock.now(), self.rng
        meeting = (begin + timedelta(days=rng.randrange(40, 150))).date()
        script: list[tuple[datetime, Callable[[], object]]] = [
            (begin, lambda: self._do(AgreeChair(som="SOM1", member="LA"))),
            (begin, lambda: self._do(TakeChair(som="SOM1"))),
            (begin, lambda: self._do(PlanSom(som="SOM1", host="LA", on=Anchor(day=meeting)))),
            (begin, self._flows),
        ]
        happenings = [
            self._answer, self._answer, self._answer, self._flows, self._postpone,
            self._hand_over, self._take_over, self._meddle,
        ]  # fmt: skip
        for _ in range(rng.randrange(4, 14)):
            at = begin + timedelta(minutes=rng.randrange(DAYS * 24 * 60))
            script.append((at, rng.choice(happenings)))
        away = begin + timedelta(hours=rng.randrange(DAYS * 24))
        script.append((away, self._outage))
        script.append((away + timedelta(hours=rng.randrange(5 * 24)), self._outage))
        return sorted(script, key=lambda line: line[0])

    def _do(self, act: Act, by: str = "project-office", key: str | None = None) -> None:
        try:
            self.office.do(act, by=by, key=key)
        except SecretariatError:
            return  # a refusal is an answer too

    def _flows(self) -> None:
        for function in self.programme.functions:
            reconcile(self.office, function)

    def _answer(self) -> None:
        with self.store.read() as session:
            asked = session.exec(select(Obligation).order_by(Obligation.id)).all()
        if asked:
            one = self.rng.choice(asked)
            act: Act = Acknowledge(obligation=one.id)
            if self.rng.random() < 0.5:
                act = Done(obligation=one.id)
            key = f"key {one.id} {act.__class__.__name__}"
            self._do(act, one.body, key)
            self._do(act, one.body, key)  # pressed twice

    def _postpone(self) -> None:
        day = (self.clock.now() + timedelta(days=self.rng.randrange(1, 120))).date()
        self._do(PostponeSom(som="SOM1", to=Anchor(day=day), reason="the hall burnt down"))
        self._flows()

    def _hand_over(self) -> None:
        self._do(Offer(holding=self._a_holding().id))

    def _take_over(self) -> None:
        holding = self._a_holding()
        self._do(Accept(holding=holding.id), holding.offered_to or "tf-la")

    def _a_holding(self) -> Holding:
        with self.store.read() as session:
            return self.rng.choice(session.exec(select(Holding).order_by(Holding.id)).all())

    def _meddle(self) -> None:
        with self.store.read() as session:
            last = session.exec(select(func.max(Mail.id))).one()
        if last:
            number = self.rng.randrange(last) + 1
            self._do(HoldMail(mail=number, reason="a closer look"))
            self._do(RetryMail(mail=number))
            self._do(ReleaseMail(mail=number))

    def _outage(self) -> None:
        self.relay.down = not self.relay.down

    # -- what happens to the process ---------------------------------------------------------------

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        def at(_point: str) -> None:
            if self.dies and self.rng.random() < self.dies:
                self.store.alive = False
                raise Died

        points.on_reaching, sys.unraisablehook = at, lambda _: None  # the dead leave loose ends
        try:
            yield
        finally:
            points.on_reaching, sys.unraisablehook = None, sys.__unraisablehook__

    def _survive(self, work: Callable[[], object]) -> None:
        """Do it; should the process die of it, the next one takes over and does it again."""
        while True:
            try:
                work()
                return
            except Died:
                self.deaths += 1
                self.store.alive = True
                self._outbox = self._new_outbox()
                work = self._wake_then(work)

    def _wake_then(self, work: Callable[[], object]) -> Callable[[], object]:
        def again() -> None:
            self._outbox.recover()
            work()

        return again

    def _new_outbox(self) -> Outbox:
        composer = Composer(
            self.programme, Links(lambda: ["k" * 32], "https://board.example"), "us@we.example"
        )
        return Outbox(self.store, self.clock, composer, self.relay, rng=self.rng)

    def _jump(self) -> timedelta:
        """Now and then the machine was asleep for a while."""
        if self.rng.random() < 0.02:
            return timedelta(minutes=self.rng.randrange(4 * 24 * 60))
        return timedelta(0)

    def _next_moment(self) -> datetime:
        now = self.clock.now()
        with self.store.read() as session:
            timer = next_due(session)
            hour = session.exec(NEXT_HOUR, params={"now": now}).one()
        late = [now + timedelta(days=1)] if self._waits_on(now) else []
        return min(at for at in (timer and timer.due_at, hour, self._until, *late) if at)

    def _waits_on(self, now: datetime) -> bool:
        """Whether mail that may leave could not: the relay is away, so we come back later."""
        with self.store.read() as session:
            return session.exec(MAY_LEAVE, params={"now": now}).first() is not None


def main() -> None:
    """Live one seed once more, and say what is not as promised: python -m tests.world 4711."""
    for seed in sys.argv[1:]:
        world = World(int(seed))
        world.live()
        for broken in broken_promises(world):
            print(f"seed {seed}: {broken}")


# -- what must be so, whatever happened ------------------------------------------------------------


def broken_promises(world: World) -> Iterator[str]:
    """Everything that is not as promised, in words; nothing if all is well."""
    with world.store.read() as session:
        mails = {mail.id: mail for mail in session.exec(select(Mail))}
        yield from _of_the_clock(session, world.clock.now())
        yield from _of_what_is_told(session)
        yield from _of_the_ledger(session)
    for mail in mails.values():
        yield from (f"mail {mail.id}: {words}" for words in _of_one_mail(world, mail))
    with world.store.read() as session:
        yield from _of_what_is_done(session, world.relay, mails)


def _of_the_clock(session: Session, now: datetime) -> Iterator[str]:
    """Every deadline fired."""
    missed = select(Timer).where(col(Timer.claimed_at).is_(None), col(Timer.due_at) <= now)
    late = [timer for timer in session.exec(missed) if timer.due_at < now - timedelta(days=7)]
    yield from (f"timer {t.kind} of {t.subject} for {t.due_at} never fired" for t in late)


def _of_what_is_told(session: Session) -> Iterator[str]:
    """Each reminder the ledger tells of has its one mail; any other stands for one that is lost."""
    reminded = col(Entry.kind).in_(("obligation.reminded", "obligation.escalated"))
    entries = session.exec(select(Entry.subject, Entry.data).where(reminded)).all()
    told = Counter((subject, loads(data)["contact"]) for subject, data in entries)
    mails = session.exec(select(Mail).where(Mail.template == "obligation")).all()
    asked = [mail for mail in mails if "!" not in mail.idem_key]
    lost = {promised(mail) for mail in mails if mail.state in NOT_ARRIVED}
    mailed = Counter((mail.obligation or "", mail.contact) for mail in asked)
    if missing := told - mailed:
        yield f"the ledger tells of reminders nobody was mailed: {dict(missing)}"
    heirs = Counter((m.obligation or "", m.contact) for m in asked if promised(m) in lost)
    if unasked := mailed - told - heirs:
        yield f"mails went out the ledger does not tell of: {dict(unasked)}"


def promised(mail: Mail) -> str:
    """What a reminder is of, whoever it goes to: the key up to its contact."""
    return mail.idem_key.split(">")[0]


def _of_the_ledger(session: Session) -> Iterator[str]:
    verdict = audit.verify(session.exec(select(Entry).order_by(col(Entry.seq))))
    if verdict.fault:
        yield f"entry {verdict.fault.seq} of the ledger {verdict.fault.why}"


def _of_one_mail(world: World, mail: Mail) -> Iterator[str]:
    """It ended, was sent as it was frozen, and a second copy only ever after a doubt, said so."""
    copies = world.relay.taken.get(mail.id or 0, [])
    if mail.state in ("waiting", "sending", "unknown"):
        yield f"is still {mail.state} ({mail.reply})"
    for_a_reason = ("a closer look", f"mail to {mail.contact} comes back")
    if mail.state == "held" and not (mail.reply or "").startswith(for_a_reason):
        yield f"is held: {mail.reply}"
    if mail.state == "accepted" and not copies:
        yield "is said to be accepted, but nobody has it"
    if copies and mail.state not in ("accepted", "suppressed", "expired", "held", "refused"):
        yield f"arrived, but is {mail.state}"
    if {copy.digest for copy in copies} - {mail.sha256}:
        yield "arrived with other bytes than were frozen"
    if len(copies) > 1 and not mail.possible_duplicate:
        yield f"arrived {len(copies)} times, and nobody is told"
    if copies and mail.state != "accepted" and not mail.possible_duplicate:
        yield f"arrived, is {mail.state}, and nobody is told"
    if len(copies) > world.relay.uncertain[mail.id or 0]:
        yield "arrived more often than it was sent"


def _of_what_is_done(
    session: Session, relay: Relay, mails: dict[int | None, Mail]
) -> Iterator[str]:
    """Nobody is reminded of what is done."""
    for obligation in session.exec(select(Obligation)):
        for mail in mails.values():
            if mail.obligation == obligation.id and mail.template == "obligation":
                late = [
                    copy
                    for copy in relay.taken.get(mail.id or 0, [])
                    if obligation.done_at and copy.at > obligation.done_at
                ]
                if late:
                    yield f"mail {mail.id} reminded of {obligation.id} after it was done"


if __name__ == "__main__":
    main()

"""The steps every cycle is made of, as Prefect tasks, and the record of a run's progress.

Each step hands an act to the office and says in a sentence what is so now. Running it again says
the same and changes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Event, Thread
from typing import ParamSpec, TypeVar

from prefect import Task, get_run_logger, task
from prefect.runtime import flow_run
from sqlmodel import col, select

from flows import artifacts
from schemas.acts import AskBodies, CloseCycle, OpenCycle, PlanMilestones
from schemas.programme import Function, Programme
from schemas.tables import Cycle, Obligation, PlannedMilestone
from secretariat import meeting, reconcile, runs
from secretariat.commands.office import Office
from secretariat.errors import ConflictError, UnknownError
from secretariat.installation import open_office
from secretariat.meeting import MeetingSeen
from secretariat.ownership import ENGINE
from secretariat.settings import load_settings

BEAT = 2.0  # seconds

P = ParamSpec("P")
R = TypeVar("R")


def step(name: str, *tags: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A named task, tried again after 1, 5 and 15 seconds: every step is safe to repeat.

    What it says is not kept by Prefect; were it, it would be as JSON.
    """
    return task(
        name=name,
        tags=list(tags),
        retries=3,
        retry_delay_seconds=[1, 5, 15],
        persist_result=False,
        result_serializer="json",
    )


@cache
def the_office() -> Office:
    """The office of this process's installation."""
    return open_office(load_settings())


def the_function(slug: str) -> Function:
    function = the_office().programme.function(slug)
    if function is None:
        raise UnknownError(f"There is no function “{slug}” in the programme.")
    return function


def run_name() -> str:
    """What Prefect calls a run: its function and the cycles it looks after."""
    given: dict[str, str | None] = flow_run.parameters or {}
    function = given.get("function") or flow_run.flow_name
    cycle = given.get("cycle")
    names = [cycle] if cycle else looked_after(function)
    return f"{function}: {', '.join(names) or 'no cycle is open'}"


def looked_after(function: str) -> list[str]:
    """The cycles that are open, and the one that should be now."""
    office = the_office()
    with office.store.read() as session:
        return reconcile.to_look_after(session, the_function(function), reconcile.today_of(office))


@contextmanager
def reported(function: str, cycle: str | None) -> Iterator["Progress"]:
    """Keep a run's progress in the store, where board and CLI read it, and show it in Prefect.

    The work is done and known to be before Prefect is shown it.
    """
    office, begun = the_office(), the_office().clock.now()
    key = next((tag[4:] for tag in flow_run.tags or [] if tag.startswith("run:")), None)
    prefect_id = str(flow_run.id or "by-hand")
    with office.store.write() as session:
        run = runs.begin(session, key, function, cycle, prefect_id, begun)
    progress = Progress(office, run.key, prefect_id)
    try:
        with progress.beating():
            yield progress
    except Exception as error:
        progress.end("failed", str(error))
        raise
    progress.end("done", "")
    artifacts.show(office, function, cycle, begun)


class Progress:
    """Says each step to the store and to Prefect's log."""

    def __init__(self, office: Office, key: str, prefect_id: str) -> None:
        self._office = office
        self._key = key
        self._prefect_id = prefect_id

    def __call__(self, words: str) -> None:
        get_run_logger().info(words)
        with self._office.store.write() as session:
            runs.note(session, self._key, self._prefect_id, words)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Tell the store that this process lives, so that a run whose process died is noticed."""
        over = Event()
        teller = Thread(target=self._beat_until, args=[over], name="beat", daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()

    def _beat_until(self, over: Event) -> None:
        while not over.wait(BEAT):
            # A store that is away is told later; a run given to another is ended by its next step.
            with suppress(Exception), self._office.store.queue() as session:
                runs.beat(session, self._key, self._prefect_id)

    def end(self, state: str, words: str) -> None:
        now = self._office.clock.now()
        with self._office.store.write() as session:
            runs.end(session, self._key, self._prefect_id, state, words, now)


def under_way(function: str, cycle: str | None, say: Progress) -> Iterator[str]:
    """Each cycle to look after, once it is opened, planned and asked for.

    It is closed, if it is over, when the caller has said what there is to say of it.
    """
    for name in cycles_to_look_after(function, cycle):
        say(open_cycle(function, name))
        if not is_closed(function, name):
            say(plan_milestones(function, name))
            say(ask_bodies(function, name))
            yield name
            say(close_cycle(function, name))


@step("find the cycles to look after", "read")
def cycles_to_look_after(function: str, cycle: str | None) -> list[str]:
    """The cycle asked for; else every open one, and the one that should be open now."""
    return [cycle] if cycle else looked_after(function)


@step("open the cycle", "cycle")
def open_cycle(function: str, cycle: str) -> str:
    events = the_office().do(OpenCycle(function=function, cycle=cycle), by=ENGINE)
    return f"{cycle}: the cycle {'is opened' if events else 'was open'}"


@step("plan the milestones", "cycle")
def plan_milestones(function: str, cycle: str) -> str:
    events = the_office().do(PlanMilestones(function=function, cycle=cycle), by=ENGINE)
    with the_office().store.read() as session:
        query = select(PlannedMilestone).where(PlannedMilestone.cycle == f"{function}/{cycle}")
        planned = session.exec(query.order_by(col(PlannedMilestone.due_on))).all()
    span = f", {planned[0].due_on} to {planned[-1].due_on}" if planned else ""
    return f"{cycle}: {len(planned)} milestones{span}; {len(events)} newly dated"


@step("ask the bodies", "cycle", "mail")
def ask_bodies(function: str, cycle: str) -> str:
    events = the_office().do(AskBodies(function=function, cycle=cycle), by=ENGINE)
    counts = {
        word: sum(event.kind == f"obligation.{word}" for event in events)
        for word in ("asked", "moved", "released")
    }
    did = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{cycle}: {did or 'everybody is asked already'}"


@step("say who is missing", "read")
def who_is_missing(function: str, cycle: str, milestone: str) -> str:
    """How complete a milestone is, by body."""
    office = the_office()
    with office.store.read() as session:
        found = session.exec(
            select(Obligation).where(
                Obligation.cycle == f"{function}/{cycle}", Obligation.milestone == milestone
            )
        ).all()
    missing = [office.programme.body(o.body) for o in found if o.done_at is None]
    names = ", ".join(body.name for body in missing if body)
    title = found[0].title if found else milestone
    return f"{cycle}: {title}: {len(found) - len(missing)} of {len(found)}" + (
        f"; missing: {names}" if names else ""
    )


def told_of(som: str, say: Callable[[Programme, MeetingSeen], str]) -> str:
    """A sentence about a meeting as it is now."""
    office = the_office()
    with office.store.read() as session:
        seen = meeting.meeting(session, office.programme, som, office.clock.now())
    return f"{som}: {say(office.programme, seen)}"


@step("close the cycle if it is over", "cycle")
def close_cycle(function: str, cycle: str) -> str:
    try:
        events = the_office().do(CloseCycle(function=function, cycle=cycle), by=ENGINE)
    except ConflictError:
        return f"{cycle}: stays open, not everything asked is done"
    return f"{cycle}: the cycle {'is closed' if events else 'was closed'}"


def is_closed(function: str, cycle: str) -> bool:
    with the_office().store.read() as session:
        row = session.get(Cycle, f"{function}/{cycle}")
        return row is not None and row.closed_at is not None

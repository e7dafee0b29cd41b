"""What has happened here reaches Prefect: the ledger's events, at least once, in order.

Needs Prefect's server, not its library: with the server down, nothing is lost and nothing waits
but what only Prefect can do.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from sqlmodel import Session, col, func, select

from flows.deployments import read_deployments, set_off
from schemas.events import Event
from schemas.programme import Cadence, Programme
from schemas.tables import Entry, Run, Setting
from secretariat import ledger, runs
from secretariat.commands.office import Office

CURSOR = "relay.cursor"
BATCH = 100
SILENT = 20.0  # seconds without a beat: the process of a run is gone
AT_WORK = ("PENDING", "RUNNING", "CANCELLING")
NOT_BEGUN = timedelta(minutes=2)  # a worker that took a run has begun it by then

Sign = tuple[str | None, str, int]  # of a run's life: Prefect's run, its state, its beat

log = logging.getLogger(__name__)


@dataclass
class Relay:
    """Carries events to one Prefect server, starts the runs asked for, hears how they ended."""

    office: Office
    api: str
    client: httpx.Client
    up: bool = field(default=False, init=False)
    _heard: dict[str, tuple[Sign, float]] = field(default_factory=dict, init=False)

    @cached_property
    def _written(self) -> dict[str, Any]:
        """The deployments; who has nothing to tell yet, as at the start, need not read them."""
        return read_deployments(self.office.programme)

    def carry(self) -> None:
        """One round; does nothing while the server is away or does not know the deployments yet."""
        under_way = self._listen()
        try:
            self.up = knows_deployments(self.client, self.api, self.office.programme)
            if self.up:
                self._start_runs()
                self._send_events()
                self._follow(under_way)
                self._tidy()
        except httpx.HTTPError as error:
            if self.up:
                log.warning("Prefect does not answer (%s); its work waits.", error)
            self.up = False

    def _listen(self) -> list[Run]:
        """The runs under way, each with its latest beat noted; no clock but our own counts."""
        with self.office.store.read() as session:
            under_way = runs.under_way(session)
        now, before = time.monotonic(), self._heard
        self._heard = {}
        for run in under_way:
            sign = (run.prefect_id, run.state, run.beat)
            known = before.get(run.key)
            self._heard[run.key] = known if known and known[0] == sign else (sign, now)
        return under_way

    def _send_events(self) -> None:
        """Send what lies past the cursor; the cursor moves once the server has taken it."""
        while True:
            with self.office.store.read() as session:
                query = select(Entry).where(col(Entry.seq) > cursor(session))
                batch = session.exec(query.order_by(col(Entry.seq)).limit(BATCH)).all()
            if not batch:
                return
            events = [prefect_event(self.office.programme, entry) for entry in batch]
            self._post("/events", events)
            with self.office.store.write() as session:
                session.merge(Setting(name=CURSOR, value=str(batch[-1].seq)))
                names = chain.from_iterable(set_off(self._written, each) for each in events)
                for name in dict.fromkeys(names):
                    runs.expect(session, name, self.office.clock.now())

    def _start_runs(self) -> None:
        """Have Prefect start each run asked for; its idempotency key makes twice once."""
        with self.office.store.read() as session:
            waiting = runs.waiting(session, self.office.clock.now())
        for run in waiting:
            deployment = self._deployment(run.deployment)
            if deployment is None:
                continue
            created = self._post(
                f"/deployments/{deployment['id']}/create_flow_run",
                {
                    "name": f"{run.deployment}: {run.parameters.get('cycle', 'all open cycles')}",
                    "parameters": deployment["parameters"] | run.parameters,
                    "idempotency_key": f"{run.key}~{run.lost}" if run.lost else run.key,
                    "tags": [f"run:{run.key}"],
                    "state": {"type": "SCHEDULED"},
                },
            )
            self._note(run.key, created["id"])

    def _note(self, key: str, prefect_id: str) -> None:
        """It is Prefect's now; a quick worker may have begun it before we say so."""
        with self.office.store.write() as session:
            run = session.get_one(Run, key)
            if run.state == "waiting":
                run.state, run.prefect_id, run.words = "started", prefect_id, ""
                run.not_before = None

    def _follow(self, under_way: list[Run]) -> None:
        """A run whose worker died cannot say so itself; it waits anew once nobody speaks for it."""
        for run in under_way:
            answer = self.client.get(f"{self.api}/flow_runs/{run.prefect_id}")
            gone = answer.status_code == httpx.codes.NOT_FOUND
            state = {} if gone else answer.raise_for_status().json()["state"] or {}
            kind = state.get("type", "")
            said = f"{state.get('name', '')}: {state.get('message') or ''}"
            now = self.office.clock.now()
            if kind in ("FAILED", "CANCELLED"):
                with self.office.store.write() as session:
                    runs.end(session, run.key, run.prefect_id, "failed", said, now)
            elif gone or kind == "CRASHED" or _is_overdue(run, state):
                if run.state == "running" and not self._is_silent(run):
                    continue
                if not gone and kind != "CRASHED":
                    self._set_state(run.prefect_id, "CRASHED", "Crashed", "Its worker had ended.")
                words = "Prefect no longer knows it." if gone else "Its worker had ended."
                with self.office.store.write() as session:
                    runs.take_back(session, run, words, now)

    def _is_silent(self, run: Run) -> bool:
        return time.monotonic() - self._heard[run.key][1] > SILENT

    def _tidy(self) -> None:
        """What Prefect long takes to be at work and is not: it missed the end, or nobody began."""
        busy = {"state": {"type": {"any_": list(AT_WORK)}}}
        for found in self._post("/flow_runs/filter", {"flow_runs": busy}):
            if _age(found["state"]) <= NOT_BEGUN:
                continue
            with self.office.store.read() as session:
                run = session.exec(select(Run).where(Run.prefect_id == found["id"])).first()
            if run is None:
                self._set_state(found["id"], "SCHEDULED", "AwaitingRetry", "Its worker had ended.")
            elif run.ended_at:
                kind = "COMPLETED" if run.state == "done" else "FAILED"
                self._set_state(found["id"], kind, kind.capitalize(), run.words)

    def _set_state(self, prefect_id: str | None, kind: str, name: str, words: str) -> None:
        """Prefect then also frees the place it kept for the run."""
        said = {"state": {"type": kind, "name": name, "message": words}, "force": True}
        self._post(f"/flow_runs/{prefect_id}/set_state", said)

    def _deployment(self, name: str) -> dict[str, Any] | None:
        found = self._post("/deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        return found[0] if found else None

    def _post(self, path: str, body: object) -> Any:
        answer = self.client.post(f"{self.api}{path}", json=body).raise_for_status()
        return answer.json() if answer.content else None


def knows_deployments(client: httpx.Client, api: str, programme: Programme) -> bool:
    """Whether Prefect has every function's deployment; one with a new database has none yet."""
    wanted = {"name": {"any_": [function.slug for function in programme.functions]}}
    answer = client.post(f"{api}/deployments/count", json={"deployments": wanted})
    count: int = answer.raise_for_status().json()
    return count >= len(programme.functions)


def _is_overdue(run: Run, state: dict[str, Any]) -> bool:
    """Prefect takes it to be at work; has it begun in time?"""
    if state.get("type") not in AT_WORK:
        return False
    return run.state == "running" or _age(state) > NOT_BEGUN


def _age(state: dict[str, Any]) -> timedelta:
    """Prefect's server is on our machine, so its clock is ours."""
    return datetime.now(UTC) - datetime.fromisoformat(state["timestamp"])


def cursor(session: Session) -> int:
    """The last entry Prefect has been told of."""
    setting = session.get(Setting, CURSOR)
    return int(setting.value) if setting else 0


def begin_here(office: Office) -> None:
    """Leave out what lies before: a replayed past must not set flows off today."""
    with office.store.write() as session:
        last = session.exec(select(func.max(Entry.seq))).one() or 0
        session.merge(Setting(name=CURSOR, value=str(last)))


def prefect_event(programme: Programme, entry: Entry) -> dict[str, Any]:
    """A ledger entry as Prefect takes it: ``secretariat.holding.accepted`` with its relations.

    Prefect drops what is older than a week by its ``occurred``, so that is when it was relayed;
    the entry's own time travels as ``at``.
    """
    event = ledger.event(entry)
    kind = event.kind.partition(".")[0]
    return {
        "id": str(uuid5(NAMESPACE_URL, entry.hash)),
        "occurred": datetime.now(UTC).isoformat(),
        "event": f"secretariat.{event.kind}",
        "resource": {
            "prefect.resource.id": f"secretariat.{kind}.{event.subject}",
            "prefect.resource.name": event.subject,
        },
        "related": [
            {"prefect.resource.id": f"secretariat.{role}.{name}", "prefect.resource.role": role}
            for role, name in _related(programme, event, entry.by)
        ],
        "payload": event.data | {"at": entry.at.isoformat(), "by": entry.by, "seq": entry.seq},
    }


def _related(programme: Programme, event: Event, by: str) -> list[tuple[str, str]]:
    """The functions it touches (a SOM touches all that are held per SOM) and the bodies in it."""
    slug = event.data.get("function") or event.subject.partition("/")[0]
    functions = [slug] if programme.function(slug) else []
    if event.kind.startswith("som."):
        functions = [f.slug for f in programme.functions if f.cadence is Cadence.PER_SOM]
    named = [event.data.get(key) for key in ("owner", "offered_to", "custody_of", "body")]
    bodies = {name for name in [by, *named] if isinstance(name, str) and programme.body(name)}
    return [("function", name) for name in functions] + [("body", name) for name in sorted(bodies)]

"""What has happened here reaches Prefect: the ledger's events, at least once, in order.

Needs Prefect's server, not its library: with the server down, nothing is lost and nothing waits
but what only Prefect can do.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from sqlmodel import Session, col, func, select

from schemas.events import Event
from schemas.programme import Cadence, Programme
from schemas.tables import Entry, Run, Setting
from secretariat import ledger, runs
from secretariat.commands.office import Office

CURSOR = "relay.cursor"
BATCH = 100
ENDED_BADLY = {"FAILED", "CRASHED", "CANCELLED"}

log = logging.getLogger(__name__)


@dataclass
class Relay:
    """Carries events to one Prefect server, starts the runs asked for, hears how they ended."""

    office: Office
    api: str
    client: httpx.Client
    up: bool = field(default=False, init=False)

    def carry(self) -> None:
        """One round; does nothing while the server is away."""
        try:
            self._start_runs()
            self._send_events()
            self._follow_runs()
            self.up = True
        except httpx.HTTPError as error:
            if self.up:
                log.warning("Prefect does not answer (%s); its work waits.", error)
            self.up = False

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

    def _start_runs(self) -> None:
        """Have Prefect start each run asked for; its idempotency key makes twice once."""
        with self.office.store.read() as session:
            waiting = runs.waiting(session)
        for run in waiting:
            deployment = self._deployment(run.deployment)
            if deployment is None:
                continue
            parameters = deployment["parameters"] | run.parameters
            created = self._post(
                f"/deployments/{deployment['id']}/create_flow_run",
                {
                    "parameters": parameters,
                    "idempotency_key": run.key,
                    "tags": [f"run:{run.key}"],
                    "state": {"type": "SCHEDULED"},
                },
            )
            self._note(run.key, created["id"])

    def _note(self, key: str, prefect_id: str) -> None:
        with self.office.store.write() as session:
            run = session.get_one(Run, key)
            run.prefect_id = prefect_id
            if run.state == "waiting":
                run.state = "started"

    def _follow_runs(self) -> None:
        """A run that died cannot say so itself."""
        with self.office.store.read() as session:
            under_way = runs.under_way(session)
        for run in under_way:
            answer = self.client.get(f"{self.api}/flow_runs/{run.prefect_id}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                ended, words = True, "Prefect no longer knows this run."
            else:
                state = answer.raise_for_status().json()["state"] or {}
                ended = state.get("type") in ENDED_BADLY
                words = f"{state.get('name', '')}: {state.get('message') or ''}"
            if ended:
                with self.office.store.write() as session:
                    runs.end(session, run.key, "failed", words, self.office.clock.now())

    def _deployment(self, name: str) -> dict[str, Any] | None:
        found = self._post("/deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        return found[0] if found else None

    def _post(self, path: str, body: object) -> Any:
        answer = self.client.post(f"{self.api}{path}", json=body).raise_for_status()
        return answer.json() if answer.content else None


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

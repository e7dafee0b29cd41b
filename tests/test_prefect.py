"""Prefect as its users know it: deployed from a clean clone, worked by two machines; one dies.

What an operator types, with nothing of ``secretariat up`` but its relay: a server, a PostgreSQL for
our store, and two workers that share nothing else.
"""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
import yaml
from sqlmodel import col, select

from flows import relay
from flows.deployments import deployments
from flows.relay import Relay, begin_here
from schemas.acts import Accept, AgreeChair, Offer, PlanSom, RunFlow, TakeChair, Waive
from schemas.anchor import Anchor
from schemas.figure_acts import ReportStage, StateFigure
from schemas.programme import Programme
from schemas.tables import Entry, Run
from secretariat import history
from secretariat.children import prefect_environment
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.installation import open_office, set_clock
from secretariat.programme import load_programme
from secretariat.runs import LEFT_TO_PREFECT, alike
from secretariat.settings import Settings
from secretariat.store import open_store
from tests.conftest import BARE, REPO, at, free_port

PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


@dataclass
class Site:
    """A Prefect server with our deployments, a store on PostgreSQL, and workers to come."""

    settings: Settings
    environment: dict[str, str]
    clone: Path
    office: Office
    relay: Relay

    def ask(self, path: str, **body: Any) -> Any:
        """Asked again where Prefect's SQLite was locked, as its own clients do."""
        answer = self.relay.client.post(f"{self.relay.api}{path}", json=body, timeout=120)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            time.sleep(1)
            return self.ask(path, **body)
        return answer.raise_for_status().json()

    def prefect(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """What an operator types in the clone."""
        return subprocess.run(
            [*PREFECT, *arguments],
            env=self.environment,
            cwd=self.clone,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def run(self, key: str) -> Run:
        with self.office.store.read() as session:
            return session.get_one(Run, key)

    def carry_until(self, happened: Callable[[], bool], seconds: float, what: str) -> None:
        """The relay's rounds, as the program makes them."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
            self.relay.carry()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("create database site")
    url = postgresql.replace("/postgres?", "/site?")
    settings = Settings(
        data_dir=home / "data", database_url=url, prefect_port=free_port(), _env_file=None
    )
    environment = BARE | settings.as_environment() | prefect_environment(settings)
    clone = home / "clone"
    subprocess.run(["git", "clone", "-q", str(REPO), str(clone)], check=True)
    store = open_store(url)
    store.migrate()
    set_clock(store, at("2019-01-07T02:00"))
    history.adopt(Office(store, load_programme(settings.programme), VirtualClock(at("2019-01-07"))))
    office = open_office(settings)
    begin_here(office)
    with ExitStack() as stack:
        port = str(settings.prefect_port)
        server = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", port]
        stack.enter_context(child(server, environment, clone, home / "server.log"))
        client = stack.enter_context(httpx.Client(auth=settings.prefect_auth, timeout=10))
        found = Site(
            settings, environment, clone, office, Relay(office, settings.prefect_api, client)
        )
        wait_for(lambda: answers(f"{settings.prefect_api}/health"), 240, "Prefect's server")
        yield found
    store.engine.dispose()


@contextmanager
def child(
    command: list[str], environment: dict[str, str], cwd: Path, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process with all it starts, until the end of the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process.pid)
        process.wait()


def kill(pid: int) -> None:
    """Power fails: the process and all it started, without a word."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def wait_for(happened: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.2)


# -- deployed --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deployed(site: Site) -> Site:
    """From a clean clone, as README tells."""
    for command in (
        ["work-pool", "create", "secretariat", "--type", "process"],
        ["deploy", "--all"],
    ):
        told = site.prefect(*command)
        assert told.returncode == 0, told.stdout + told.stderr
    return site


def test_from_a_clean_clone_all_deployments_are_made_with_their_triggers_tags_and_limits(
    deployed: Site, commit: Programme
) -> None:
    site = deployed
    made = {each["name"]: each for each in site.ask("/deployments/filter")}
    assert made.keys() == {function.slug for function in commit.functions}
    triggers = {each["name"]: each for each in site.ask("/automations/filter")}
    for function in commit.functions:
        deployment = made[function.slug]
        assert deployment["tags"] == [function.slug, function.cadence.value]
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
        assert [each["schedule"]["cron"] for each in deployment["schedules"]] == ["15 1 * * *"]
        (trigger,) = [t for name, t in triggers.items() if name.startswith(function.slug)]
        assert "secretariat.holding.accepted" in trigger["trigger"]["expect"]
        assert trigger["actions"][0]["deployment_id"] == deployment["id"]


def test_what_is_deployed_is_what_the_programme_has(commit: Programme) -> None:
    """Also a function that ``prefect.yaml`` does not know is tagged, and runs one at a time."""
    written = yaml.safe_load((REPO / "prefect.yaml").read_text())
    for known in (written, written | {"deployments": []}):
        for each, function in zip(
            deployments(known, commit)["deployments"], commit.functions, strict=True
        ):
            assert each["name"] == function.slug
            assert each["tags"] == [function.slug, function.cadence.value]
            assert each["concurrency_limit"]["limit"] == 1


# -- worked ----------------------------------------------------------------------------------------

# What README has set on a second machine.
TOLD = [
    *("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_RESULTS_DEFAULT_SERIALIZER"),
    *("SECRETARIAT_DATABASE_URL", "SECRETARIAT_PROGRAMME", "SECRETARIAT_HOME", "DO_NOT_TRACK"),
]


@pytest.fixture(scope="module")
def workers(
    deployed: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Two of them, the second as on another machine: what README tells to set there."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    second = BARE | {name: deployed.environment[name] for name in TOLD}
    second |= {"PREFECT_HOME": str(elsewhere / "prefect"), "PREFECT_WORKER_QUERY_SECONDS": "2"}
    second |= {"SECRETARIAT_DATA_DIR": str(elsewhere / "data")}
    command = [*PREFECT, "worker", "start", "--pool", "secretariat", "--type", "process"]
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                child([*command, "--name", name], environment, elsewhere, elsewhere / f"{name}.log")
            )
            for name, environment in (("first", deployed.environment), ("second", second))
        ]


def events(site: Site, about: str) -> Counter[tuple[str, str]]:
    with site.office.store.read() as session:
        found = session.exec(select(Entry).where(col(Entry.subject).startswith(about))).all()
    return Counter((entry.kind, entry.subject) for entry in found)


def the_worker_of(workers: list["subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes] | None":
    """The worker that has a flow run at work, if one has."""
    return next((w for w in workers if psutil.Process(w.pid).children()), None)


@pytest.mark.long
def test_a_worker_killed_in_the_middle_leaves_work_that_the_other_finishes_once(
    site: Site, workers: list["subprocess.Popen[bytes]"]
) -> None:
    site.office.do(RunFlow(function="national-planning", cycle="2019"), by="un-act")
    key = "national-planning/2019#1"
    with psycopg.connect(site.settings.database_url) as blocker:
        blocker.execute("lock table milestone in exclusive mode")  # no step gets beyond this one
        site.carry_until(lambda: site.run(key).prefect_id is not None, 240, "the handing over")
        wait_for(lambda: bool(site.run(key).steps), 240, "the first step")
        assert site.run(key).steps == ["2019: the cycle is opened"]
        first = site.run(key).prefect_id
        dead = the_worker_of(workers)
        assert dead
        kill(dead.pid)
    site.carry_until(lambda: site.run(key).ended_at is not None, 300, "the run's end")
    run = site.run(key)
    assert (run.state, run.lost) == ("done", 1)
    assert "2019: 12 asked" in " ".join(run.steps)
    found = events(site, "national-planning/2019")
    assert {kind for kind, _ in found} >= {"cycle.opened", "milestone.planned", "obligation.asked"}
    assert set(found.values()) == {1}
    tagged = {"tags": {"all_": [f"run:{key}"]}}
    states = lambda: {  # noqa: E731
        each["id"]: each["state"]["type"]
        for each in site.ask("/flow_runs/filter", flow_runs=tagged)
    }
    ended = {first: "CRASHED", run.prefect_id: "COMPLETED"}
    wait_for(lambda: states() == ended, 240, "Prefect's knowing so")


@pytest.mark.long
def test_how_far_a_cycle_is_stands_in_prefect_as_a_share_and_a_table(
    site: Site, workers: list["subprocess.Popen[bytes]"]
) -> None:
    wanted = {"key": {"any_": ["national-planning-2019", "national-planning-2019-obligations"]}}
    find = lambda: site.ask("/artifacts/latest/filter", artifacts=wanted)  # noqa: E731
    wait_for(lambda: len(find()) == 2, 240, "the artifacts")
    found = {each["type"]: each for each in find()}
    assert found["progress"]["data"] == 0
    assert found["progress"]["description"] == "national-planning 2019: 0 of 12 done"
    assert '"state": "asked"' in found["table"]["data"]


@pytest.mark.long
def test_a_run_is_named_by_its_cycles_and_keeps_no_result(site: Site) -> None:
    (run,) = site.ask("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}})
    assert run["name"] == "national-planning: 2019"
    assert set(run["tags"]) >= {"national-planning", "annual"}
    assert not list((site.settings.directory / "prefect").glob("storage/*"))


@pytest.mark.long
def test_two_runs_of_one_function_are_never_at_work_at_once(
    site: Site, workers: list["subprocess.Popen[bytes]"]
) -> None:
    keys = [f"national-planning/{year}#1" for year in (2020, 2021)]
    with psycopg.connect(site.settings.database_url) as blocker:
        blocker.execute("lock table milestone in exclusive mode")
        for year in ("2020", "2021"):
            site.office.do(RunFlow(function="national-planning", cycle=year), by="un-act")
        states = lambda: sorted(site.run(key).state for key in keys)  # noqa: E731
        site.carry_until(lambda: "waiting" not in states(), 240, "the handing over")
        wait_for(lambda: "running" in states(), 240, "a run's beginning")
        queued = {"state": {"name": {"any_": ["AwaitingConcurrencySlot"]}}}
        find = lambda: site.ask("/flow_runs/filter", flow_runs=queued)  # noqa: E731
        wait_for(lambda: len(find()) == 1, 240, "the other's waiting")
        assert states() == ["running", "started"]
    site.carry_until(lambda: states() == ["done", "done"], 300, "both runs' end")


@pytest.mark.long
def test_what_prefect_wrongly_takes_to_be_at_work_is_put_right(
    site: Site, workers: list["subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did not hear of one run's end, and of another its worker died before it began."""
    (deployment,) = site.ask(
        "/deployments/filter", deployments={"name": {"any_": ["joint-operations"]}}
    )
    made = f"/deployments/{deployment['id']}/create_flow_run"
    not_begun = site.ask(made, state={"type": "PENDING"})["id"]
    not_heard = site.run("national-planning/2019#1").prefect_id
    state = {"type": "RUNNING", "name": "Running"}
    site.ask(f"/flow_runs/{not_heard}/set_state", state=state, force=True)
    ids = {"id": {"any_": [not_heard, not_begun]}}
    states = lambda: {f["state"]["type"] for f in site.ask("/flow_runs/filter", flow_runs=ids)}  # noqa: E731
    monkeypatch.setattr(relay, "NOT_BEGUN", timedelta(0))
    site.relay.carry()
    monkeypatch.undo()
    site.carry_until(lambda: states() == {"COMPLETED"}, 180, "the end of both")


# -- slow ------------------------------------------------------------------------------------------


@contextmanager
def losing(answers_to: bytes, port: int) -> Iterator[int]:
    """A way to ``port`` on which requests with these bytes arrive and their answers never do."""

    def carry(source: socket.socket, sink: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if answers_to in data:
                    lost.set()
                if source in callers or not lost.is_set():
                    sink.sendall(data)

    def serve() -> None:
        with suppress(OSError):
            while True:
                caller = listening.accept()[0]
                server, lost = socket.create_connection(("127.0.0.1", port)), threading.Event()
                callers.append(caller)
                for pair in ((caller, server), (server, caller)):
                    threading.Thread(target=carry, args=[*pair, lost], daemon=True).start()

    callers: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("lost", "made"), [(b"/deployments/count", 0), (b"create_flow_run", 1)])
def test_a_prefect_that_does_not_answer_holds_nobody_up_and_starts_nothing_twice(
    site: Site, lost: bytes, made: int
) -> None:
    cycle = f"{2019 + made}"
    key = f"budget-advocacy/{cycle}#1"
    site.office.do(RunFlow(function="budget-advocacy", cycle=cycle), by="un-act")
    auth, begun = site.settings.prefect_auth, time.monotonic()
    flow_runs = {"tags": {"all_": [f"run:{key}"]}}
    find = lambda: site.ask("/flow_runs/filter", flow_runs=flow_runs)  # noqa: E731
    with losing(lost, site.settings.prefect_port) as port, httpx.Client(auth=auth, timeout=2) as c:
        Relay(site.office, f"http://127.0.0.1:{port}/api", c).carry()
    assert time.monotonic() - begun < 20
    assert site.run(key).state == "waiting"
    wait_for(lambda: len(find()) == made, 10, "what the server made of it")
    site.carry_until(lambda: site.run(key).prefect_id is not None, 240, "its starting")
    assert [each["id"] for each in find()] == [site.run(key).prefect_id]


# -- every function --------------------------------------------------------------------------------

EVERY_FLOW = """
import sys, yaml
from importlib import import_module
for deployment in yaml.safe_load(open("prefect.yaml"))["deployments"]:
    path, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
    flow(**deployment.get("parameters", {}))
"""
SAYS = {
    "chair-rotation": "SOM14: not agreed yet; it is Viet Nam’s turn",
    "task-force-convening": "Task force has met: 0 of 6",
    "national-planning": "National plan of action: Progress reviewed 0 of 6",
    "bilateral-agreements": "Memorandum of understanding: Being drafted 1 of 10",
    "referral-mechanisms": "expected by now and not reported: Cambodia: Framework agreed",
    "frontline-training": "Front-line practitioners and officials trained, Viet Nam: 205 persons "
    "(51 women, 154 men)",
    "joint-operations": "Results of joint operations reported: 0 of 1",
    "som-hosting": "China hosts, second quarter of 2019, date not fixed; no venue is named yet",
    "som-preparation": "0 of 0 papers handed in",
    "civil-society-platform": "Form of participation agreed: 0 of 1; missing: Chair's office",
}


def test_each_of_the_17_flows_does_its_work_and_says_how_far_it_is(
    site: Site, commit: Programme
) -> None:
    for act in (
        AgreeChair(som="SOM13", member="CN"),
        TakeChair(som="SOM13"),
        PlanSom(som="SOM13", host="CN", on=Anchor.model_validate("2019-Q2")),
        StateFigure(indicator="persons-trained", period="2019", about="VN", value=205,
                    parts={"women": 51, "men": 154}, source="a letter"),
        ReportStage(function="bilateral-agreements", strand="memorandum", receiver="KH-CN",
                    stage="drafting", evidence="the draft"),
        ReportStage(function="referral-mechanisms", strand="nrm", receiver="KH", evidence="a draft",
                    stage="framework", state="under-way", when=Anchor.model_validate("2018-Q4")),
    ):  # fmt: skip
        site.office.do(act, by="un-act")
    every = [sys.executable, "-c", EVERY_FLOW]
    done = subprocess.run(
        every, env=site.environment, cwd=site.clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with site.office.store.read() as session:
        by_hand = session.exec(select(Run).where(Run.asked_by == "prefect")).all()
    latest = {run.deployment: run for run in sorted(by_hand, key=lambda run: run.asked_at)}
    assert {slug for slug, run in latest.items() if run.state == "done"} == {
        function.slug for function in commit.functions
    }
    for slug, words in SAYS.items():
        assert words in " ".join(latest[slug].steps)


def test_what_an_event_sets_off_is_done_even_if_prefect_forgets_it(deployed: Site) -> None:
    site, slug = deployed, "regional-liaison"
    (deployment,) = site.ask("/deployments/filter", deployments={"name": {"any_": [slug]}})
    url = f"{site.relay.api}/automations"
    owned = site.relay.client.get(f"{url}/related-to/prefect.deployment.{deployment['id']}").json()
    assert owned
    for automation in owned:
        site.relay.client.delete(f"{url}/{automation['id']}").raise_for_status()

    holding = f"{slug}/destinations@chair"
    waiver = Waive(holding=holding, items=["contacts"], reason="The chair is known.")
    site.office.do(waiver, by="un-act", contact="un-act-head")
    site.office.do(Offer(holding=holding), by="un-act")
    site.office.do(Accept(holding=holding), by="chair")

    def expected() -> list[Run]:
        with site.office.store.read() as session:
            return [
                run for run in alike(session, slug, None) if run.state in ("waiting", "started")
            ]

    site.carry_until(lambda: bool(expected()), 240, "the telling")
    (run,) = expected()
    assert (run.state, run.prefect_id) == ("waiting", None)
    set_clock(site.office.store, site.office.clock.now() + LEFT_TO_PREFECT)
    site.carry_until(lambda: site.run(run.key).state == "started", 240, "its starting")
    assert site.run(run.key).not_before is None, "it is no longer left to Prefect's trigger"
    started = {"id": {"any_": [site.run(run.key).prefect_id]}}
    (found,) = site.ask("/flow_runs/filter", flow_runs=started)
    assert (found["deployment_id"], found["state"]["type"]) == (deployment["id"], "SCHEDULED")

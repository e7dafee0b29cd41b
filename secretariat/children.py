"""Prefect beside us: its server and its worker as child processes, kept up and stopped with us."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx
import psutil

from flows.deployments import write_deployments
from flows.relay import knows_deployments
from schemas.programme import Programme
from secretariat.settings import Settings

POOL = "secretariat"
HOME = Path(__file__).resolve().parent.parent  # where flows/ are
GRACE = 5.0  # seconds between asking and killing
PATIENCE = 10.0  # seconds for an answer
LEASES = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
NOWHERE = "http://127.0.0.1:9"  # the discard port, where nobody listens
_SET_PARENT_DEATH_SIGNAL = 1

log = logging.getLogger(__name__)


@dataclass
class Prefect:
    """Starts Prefect without holding anybody up; ``words`` says how far it is."""

    settings: Settings
    programme: Programme
    words: str = field(default="starting", init=False)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep_up, name="prefect", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask every child to end, then make it and what it began; nothing is left behind."""
        self._stopping.set()
        begun = [each for child in self._running.values() for each in _begun_by(child)]
        for child in self._running.values():
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            _signal(child, signal.SIGKILL)
            child.wait()
        for each in begun:  # a flow at work has a session of its own, and would wait for its server
            with suppress(psutil.NoSuchProcess):
                each.kill()
        if self._thread:
            self._thread.join(GRACE)

    def _keep_up(self) -> None:
        """Server first, then deployments, then the worker; whatever dies is started again.

        The thread lives as long as the children: Linux ties a child to the thread that made it.
        """
        port = str(self.settings.prefect_port)
        server = ["flows.server", "server", "start", "--host", "127.0.0.1", "--port", port]
        worker = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--limit", "2"]
        api, client, deployed = self.settings.prefect_api, client_of(self.settings), False
        while not self._stopping.is_set():
            if not self.settings.prefect_url:
                self._ensure("server", server)
            try:
                # Its database may be a new one, that knows none.
                if deployed and knows_deployments(client, api, self.programme):
                    self._ensure("worker", worker)
                    self.words = "up"
                elif client.get(f"{api}/health").raise_for_status().is_success:
                    self.words = "taking in the deployments"
                    deployed = self._deploy()
            except httpx.HTTPError:
                self.words = "does not answer; what needs it waits" if deployed else "starting"
            self._stopping.wait(1)

    def _is_up(self, name: str) -> bool:
        child = self._running.get(name)
        return child is not None and child.poll() is None

    def _ensure(self, name: str, arguments: list[str]) -> None:
        if self._is_up(name):
            return
        child = self._running.get(name)
        if child:
            log.warning(
                "The Prefect %s ended with %s; it is started again.", name, child.returncode
            )
            self._stopping.wait(3)
        if not self._stopping.is_set():
            with self._log(name) as log_file:
                self._running[name] = self._spawn(arguments, log_file)

    def _deploy(self) -> bool:
        file = write_deployments(self.programme, self.settings.directory)
        with self._log("deploy") as log_file:
            for arguments in (
                ["work-pool", "create", POOL, "--type", "process", "--overwrite"],
                ["deploy", "--all", "--prefect-file", str(file)],
            ):
                if self._stopping.is_set():
                    return False
                self._running["deploy"] = self._spawn(
                    ["prefect", "--no-prompt", *arguments], log_file
                )
                if self._running["deploy"].wait() != 0:
                    if not self._stopping.is_set():
                        log.warning("Prefect did not take the deployments; see %s.", log_file.name)
                        self._stopping.wait(5)
                    return False
        return True

    def _spawn(self, arguments: list[str], log_file: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=HOME,
            env=environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on
            preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call, no Python state touched
        )

    def _log(self, name: str) -> IO[bytes]:
        directory = self.settings.directory / "logs"
        directory.mkdir(exist_ok=True)
        return (directory / f"prefect-{name}.log").open("ab")


def client_of(settings: Settings) -> httpx.Client:
    """For who asks Prefect; the authorities' certificates are only read if there is TLS."""
    encrypted = settings.prefect_api.startswith("https:")
    return httpx.Client(auth=settings.prefect_auth, timeout=PATIENCE, verify=encrypted)


def environment(settings: Settings) -> dict[str, str]:
    """What a process of Prefect is to know, with what the operator set of Prefect's own."""
    mine = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return mine | settings.as_environment() | prefect_environment(settings)


def become(settings: Settings, arguments: list[str]) -> None:
    """Go on as a command of Prefect, in this very process, with what it needs to work for us."""
    os.chdir(HOME)
    command = [sys.executable, "-m", "prefect", *arguments]
    os.execve(sys.executable, command, environment(settings))  # noqa: S606  no shell is wanted


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Prefect's own settings: its files with ours, no telemetry, quick to notice work.

    Only who knows its password uses it, and no page from elsewhere does so in their name.
    """
    auth = ":".join(settings.prefect_auth)
    return {
        "PREFECT_HOME": str(settings.directory / "prefect"),
        "PREFECT_API_URL": settings.prefect_api,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{settings.prefect_port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Prefect asks GitHub for a list it has itself, too; nothing is asked of other machines.
        "https_proxy": NOWHERE,
        "no_proxy": str(urlsplit(settings.prefect_api).hostname),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        # Who holds a function's one place must outlive the server, or the place is lost with it.
        LEASES: os.environ.get(LEASES, "prefect.server.concurrency.lease_storage.filesystem"),
        # Longer than workers look ahead (10 s), or they ask for a taken place without a pause.
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "15",
        "SECRETARIAT_HOME": str(HOME),
        "PYTHONUNBUFFERED": "1",
    }


def _begun_by(child: subprocess.Popen[bytes]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        found += psutil.Process(child.pid).children(recursive=True)
    return found


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)

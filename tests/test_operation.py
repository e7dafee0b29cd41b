"""What an operator relies on: the log, the doctor, a stop that is one, and no word to elsewhere."""

import io
import json
import logging
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from schemas.programme import Programme
from schemas.tables import Entry
from secretariat import doctor, logs, shelf, store
from secretariat.doctor import Finding, examine
from secretariat.errors import ConflictError
from secretariat.logs import Form, keep_log
from secretariat.place import check_place
from secretariat.settings import Settings, load_settings
from secretariat.store import open_store
from tests.conftest import REPO, Running, cli, free_port, start
from tests.test_end_to_end import family
from tests.test_relay_faults import Certified, certified

_ = certified  # a fixture

# -- the log ---------------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Form], io.StringIO]]:
    """Keeps the log as the program does, where a test can read it."""
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    before = root.handlers[:], root.level

    def kept(form: Form) -> io.StringIO:
        text = io.StringIO()
        monkeypatch.setattr(sys, "stderr", text)
        keep_log(form)
        return text

    yield kept
    logging.captureWarnings(False)
    logging.setLogRecordFactory(factory)
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in before[0]:
        root.addHandler(handler)
    root.setLevel(before[1])
    for name in (*logs.OURS, "apscheduler"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_line_of_the_log_has_its_time_in_utc_and_stays_one_line(
    log: Callable[[Form], io.StringIO],
) -> None:
    text = log("words")
    before = datetime.now(UTC) - timedelta(seconds=1)
    logging.getLogger("secretariat.web").info("hello\r\n2026-01-01T00:00:00.000Z INFO \x1b[2J")
    (line,) = text.getvalue().splitlines()
    said = re.fullmatch(r"(\S+Z) INFO secretariat\.web: hello  2026\S+ INFO \ufffd\[2J", line)
    assert said
    assert before <= datetime.fromisoformat(said[1]) <= datetime.now(UTC)


def test_a_collector_gets_one_object_a_line_with_where_it_happened(
    log: Callable[[Form], io.StringIO],
) -> None:
    text = log("json")
    try:
        raise ValueError("no /link/0123abcd.notaword-notaword-notaword.alsonot may stay")
    except ValueError:
        logging.getLogger("secretariat.web").exception("it broke")
    line = json.loads(text.getvalue())
    assert line.keys() == {"at", "level", "from", "says", "trace"}
    assert "ValueError" in line["trace"]
    assert "notaword" not in line["trace"]


# -- the doctor ------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, blank: Path) -> Settings:
    """A sound installation, all mail caught."""
    found = Settings(data_dir=tmp_path / "data", _env_file=None)
    target = found.directory / "secretariat.db"
    target.write_bytes(blank.read_bytes())
    target.chmod(0o600)
    return found


def found(settings: Settings, about: str) -> list[Finding]:
    return [each for each in examine(settings) if each.about == about and each.mend]


def the(settings: Settings, about: str) -> Finding:
    (only,) = found(settings, about)
    return only


def test_a_sound_installation_is_found_sound(settings: Settings) -> None:
    assert not [each for each in examine(settings) if each.grave]


def test_at_a_terminal_each_finding_comes_with_what_mends_it(settings: Settings) -> None:
    environment = {"SECRETARIAT_DATA_DIR": str(settings.directory)}
    well = cli("doctor", environment=environment)
    assert well.returncode == 0
    assert "→ SECRETARIAT_SMTP_URL=…" in well.stdout
    (settings.directory / "secretariat.db").chmod(0o644)
    ill = cli("doctor", environment=environment)
    assert ill.returncode == 1
    assert f"→ chmod 600 {settings.directory}/secretariat.db" in ill.stdout


def test_a_clock_behind_the_ledger_is_found(settings: Settings) -> None:
    with open_store(settings.store_url).write() as session:
        ahead = datetime.now(UTC) + timedelta(days=3, minutes=1)
        session.add(Entry(at=ahead, kind="x", subject="x", by="x", data="{}", prev="", hash="x"))
    clock = the(settings, "clock")
    assert clock.grave
    assert clock.words == "it is 3 days behind what is already written"


@pytest.mark.parametrize(
    ("history", "backup", "words"),
    [
        (20, None, []),
        (40, None, ["none is proved, of 40 days of history"]),
        (40, 1, []),
        (40, 3, ["the last one proved is 3 days old"]),
    ],
)
def test_a_history_without_a_young_backup_is_found(
    settings: Settings, history: int, backup: int | None, words: list[str]
) -> None:
    now = datetime.now(UTC)
    with open_store(settings.store_url).write() as session:
        long_ago = now - timedelta(days=history)
        session.add(Entry(at=long_ago, kind="x", subject="x", by="x", data="{}", prev="", hash="x"))
    if backup:
        settings.backups.mkdir(parents=True)
        (settings.backups / shelf.name_at(now - timedelta(days=backup))).touch()
    assert [each.words for each in found(settings, "backups")] == words


def test_a_zone_that_the_machine_does_not_know_is_found(commit: Programme) -> None:
    (missing,) = doctor._zones(commit.model_copy(update={"zone": "Asia/Nowhere"}))
    assert missing.grave
    assert "tzdata" in missing.mend


def test_a_store_that_may_lose_what_is_committed_is_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(connection: Any, record: object) -> None:
        prepared(connection, record)
        connection.execute("pragma synchronous=normal")

    prepared = store._prepare_sqlite
    monkeypatch.setattr(store, "_prepare_sqlite", hasty)
    assert "synchronous=1" in the(settings, "store").words


def test_a_damaged_store_is_found(settings: Settings) -> None:
    path = settings.directory / "secretariat.db"
    octets = bytearray(path.read_bytes())
    octets[8192:16384] = b"\xff" * 8192
    path.write_bytes(octets)
    assert the(settings, "store").grave


def test_a_relay_that_does_not_answer_is_found(settings: Settings) -> None:
    settings.smtp_url = f"smtp://127.0.0.1:{free_port()}"
    assert the(settings, "mail").grave


def test_secrets_others_may_read_are_found(settings: Settings) -> None:
    _ = settings.factor_key, settings.prefect_auth
    assert not found(settings, "secrets")
    settings.prefect_auth_file.chmod(0o640)
    assert the(settings, "secrets").mend == f"chmod 600 {settings.prefect_auth_file}"


def test_another_prefect_than_was_tested_is_found(settings: Settings) -> None:
    class Older(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"2.20.1"')

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Older)
    settings.prefect_port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with closing(server.socket):
        assert "the Prefect server is 2.20.1" in the(settings, "packages").words
        server.shutdown()


def test_a_python_whose_mail_headers_can_be_broken_out_of_is_found(settings: Settings) -> None:
    safe = sys.version_info >= (3, 13) or sys.version_info[:3] in {(3, 11, 10), (3, 12, 6)}
    known = found(settings, "python")
    assert all("CVE-2024-6923" in each.words for each in known)
    assert bool(known) != (
        safe or hasattr(doctor.email.policy.EmailPolicy, "verify_generated_headers")
    )


@pytest.mark.parametrize(
    ("days", "trusted", "words"),
    [
        (9, True, "the certificate of localhost ends on"),
        (90, True, None),
        (-1, True, "refused: certificate has expired"),
        (90, False, "refused: unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_ends_or_is_not_trusted_is_found(
    settings: Settings,
    certified: Certified,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    trusted: bool,
    words: str | None,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certified.authority))
    ends = datetime.now(UTC) + timedelta(days=days)
    with listening(certified.server("localhost", ends)) as port:
        settings.base_url = f"https://localhost:{port}"
        board = found(settings, "board")
    assert len(board) == bool(words)
    assert all(str(words) in each.words for each in board)


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    """A server that shakes hands."""

    def serve() -> None:
        while True:
            try:
                taken, _ = server.accept()
                with closing(context.wrap_socket(taken, server_side=True)) as shaken:
                    shaken.recv(1)
            except ssl.SSLError:
                continue
            except OSError:
                return

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def test_an_open_address_without_a_certificate_is_found(settings: Settings) -> None:
    settings.base_url = "http://board.example"
    assert "not encrypted" in the(settings, "board").words


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_store_on_a_network_file_system_is_refused_with_the_way_out(kind: str) -> None:
    mounts = f"/dev/sda1 / ext4 rw 0 0\nserver:/x /srv/my\\040share {kind} rw 0 0\n"
    check_place(Path("/srv/own/secretariat.db"), mounts)
    with pytest.raises(ConflictError, match="SECRETARIAT_DATABASE_URL=postgresql://"):
        check_place(Path("/srv/my share/secretariat.db"), mounts)


def test_a_secret_can_come_from_a_file_of_the_service_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secretariat_smtp_url").write_text("smtp://me:canary@relay.example:587\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("SECRETARIAT_SMTP_URL", raising=False)
    assert load_settings().smtp_url == "smtp://me:canary@relay.example:587"


def test_the_unit_for_systemd_leaves_little_open() -> None:
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("there is no systemd-analyze here")
    unit = str(REPO / "docs/secretariat.service")
    asked = [analyze, "security", "--offline=yes", "--threshold=20", unit]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-300:]


# -- the whole program -----------------------------------------------------------------------------

CANARY = "canary-of-the-relay"


@dataclass
class Slow:
    """A relay that asks for a password, and on demand never answers the end of a mail."""

    texts: list[bytes] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.hangs.is_set():
            self.begun.set()
            import asyncio

            await asyncio.sleep(60)
        self.texts.append(envelope.content)
        return "250 taken"


@contextmanager
def slow_relay() -> Iterator[tuple[Slow, str]]:
    handler, port = Slow(), free_port()
    controller = Controller(
        handler, hostname="127.0.0.1", port=port, auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )  # fmt: skip
    controller.start()
    yield handler, f"smtp://me:{CANARY}@127.0.0.1:{port}"
    controller.stop(no_assert=True)


def signed_in(running: Running, relay: Slow, address: str) -> tuple[httpx.Client, str]:
    """A browser that came in by the mailed link, and the link."""
    browser = httpx.Client(base_url=running.url, timeout=20, follow_redirects=True)
    browser.post("/sign-in", data={"address": address})
    running.wait_for(lambda: bool(relay.texts), 40, "the mail")
    parts = message_from_bytes(relay.texts[-1]).walk()
    text = "".join(str(p.get_payload(decode=True)) for p in parts if not p.is_multipart())
    link = re.search(r"/link/[\w.-]+", text)
    assert link
    page = browser.get(link[0]).text
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)
    assert nonce
    browser.post(link[0], data={"nonce": nonce[1]})
    assert "donors-focal-point" in browser.get("/").text
    return browser, link[0]


def test_no_log_holds_a_secret_and_who_asks_twice_to_stop_waits_no_longer(tmp_path: Path) -> None:
    with slow_relay() as (relay, url):
        running = start(tmp_path / "data", "up", SECRETARIAT_SMTP_URL=url, SECRETARIAT_LOG="json")
        running.wait_for(running.answers, 60, "the board")
        browser, link = signed_in(running, relay, "focal-point@donors.example")
        token = cli(
            "token", "donors-focal-point", "--scope", "read", environment=running.environment
        ).stdout.strip()
        httpx.get(f"{running.url}/api/holdings", headers={"Authorization": f"Bearer {token}"})
        httpx.get(f"{running.url}/api/holdings", headers={"Authorization": f"Bearer {token}x"})
        httpx.get(f"{running.url}{link}x")
        cookies = list(browser.cookies.jar)
        relay.hangs.set()
        browser.post("/sign-in", data={"address": "head.task-force@la.example"})
        assert relay.begun.wait(20)

        running.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        assert running.process.poll() is None, "a mail under way is waited for"
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(5) == 1

    kept = (tmp_path / "data.log").read_text()
    kept += "".join(path.read_text() for path in (tmp_path / "data" / "logs").glob("*"))
    lines = [json.loads(line) for line in kept.splitlines() if line.startswith('{"at"')]
    said = [line["says"] for line in lines]
    assert "donors-focal-point signed in" in said
    assert any("a link was refused" in words for words in said)
    canaries = [CANARY, token, link.split(".", 1)[1], running.settings.factor_key]
    canaries += [str(cookie.value) for cookie in cookies if cookie.name != "theme"]
    canaries += [path.read_text().split()[-1] for path in running.settings.keys.glob("*.key")]
    canaries.append(running.settings.prefect_auth[1])
    assert len(canaries) > 6
    assert [canary for canary in canaries if canary in kept] == []


@pytest.mark.long
def test_one_wheel_holds_everything_and_runs_where_there_is_no_clone(tmp_path: Path) -> None:
    clone, away = tmp_path / "clone", tmp_path / "away"
    subprocess.run(["git", "clone", "-q", str(REPO), str(clone)], check=True)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *alone, "-w", str(tmp_path), str(clone)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", *alone, "--target", str(away), str(wheel)], check=True)
    shutil.rmtree(clone)
    running = start(tmp_path / "data", "up", PYTHONPATH=str(away))
    try:
        running.wait_for(running.answers, 60, "the board")
        running.wait_for(lambda: running.health()["Prefect"] == "up", 200, "Prefect")
        used = {
            path
            for child in family(running)
            for path in child.environ().get("SECRETARIAT_HOME", "").split()
        }
        assert used == {str(away)}
        assert "17 functions" in running.cli("check").stdout
        page = httpx.get(running.url).text
        assert "/static/style" in page
    finally:
        running.stop()
    assert (tmp_path / "data" / "prefect.yaml").exists()


@pytest.mark.long
def test_no_packet_leaves_where_there_is_nobody_to_be_reached(tmp_path: Path) -> None:
    alone = ["unshare", "-rn"]
    if subprocess.run([*alone, "ip", "link"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no network namespaces, or has no iproute2")
    told = subprocess.run(
        [*alone, sys.executable, "-m", "tests.no_network", str(tmp_path)],
        cwd=REPO, capture_output=True, text=True, timeout=290, check=True,
    )  # fmt: skip
    seen = json.loads(told.stdout)
    assert seen["board"] == 200
    assert "som-hosting/SOM14#1: done" in seen["asked"]
    assert seen["sent"] == []
    assert seen["proof"] == ["192.0.2.1 would be seen"]

"""Other programs are told what happens: signed, in order, at least once, and nowhere private."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlmodel import select, update

from notifications.compose import Composer
from notifications.webhooks import Courier, signed
from schemas.programme import Programme
from schemas.tables import Entry
from schemas.webhook_tables import Webhook
from secretariat import webhooks
from secretariat.clock import VirtualClock, WallClock
from secretariat.commands.office import Office
from secretariat.engine import Engine
from secretariat.errors import BadInputError, SecretariatError
from secretariat.factors import Seal
from secretariat.settings import Settings
from secretariat.vitals import vitals
from secretariat.web import sessions
from tests.conftest import REPO, Bench, cli
from tests.served import opened_site
from tests.test_links import dump
from tests.test_obligations import a_meeting
from tests.test_relay_faults import Certified, certified  # noqa: F401
from tests.test_web import LINKS, Site

OPERATOR = "operations-focal-point"
OWN = "127.0.0.1"


@dataclass
class Receiver:
    """A real HTTP server that keeps what it is sent, and answers as it is told."""

    url: str
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What to answer next; 204 when nothing is left."""
    silent: threading.Event = field(default_factory=threading.Event)
    """Set: it answers."""

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]

    @property
    def numbers(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]


@contextmanager
def receiving(tls: SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            found.silent.wait(20)
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            self.send_header("Location", f"{found.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((OWN, 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://{OWN}:{server.server_port}")
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        found.url = f"https://localhost:{server.server_port}"
    found.silent.set()
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield found
    found.silent.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@dataclass
class World:
    """An office with a hook, and the courier that serves it by a clock that is moved."""

    office: Office
    courier: Courier
    clock: VirtualClock

    def add(self, url: str, *kinds: str) -> str:
        """The secret of a new hook."""
        settings = self.courier.settings
        with self.office.store.write() as session:
            _, secret = webhooks.add(
                session, Seal(settings.factor_key), url, kinds,
                own_hosts=settings.own_hosts, by=OPERATOR, now=self.clock.now(),
            )  # fmt: skip
        return secret

    def hook(self) -> Webhook:
        with self.office.store.read() as session:
            return session.exec(select(Webhook)).one()

    def entries(self, after: int = 0) -> list[Entry]:
        with self.office.store.read() as session:
            found = session.exec(select(Entry).where(Entry.seq > after).order_by(Entry.seq))  # type: ignore[operator,arg-type]
            return list(found)

    def wait(self, **time: float) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(**time))
        self.courier.deliver()


@pytest.fixture
def world(open_office: Callable[[str], Bench], tmp_path: Path) -> World:
    office = open_office("2019-01-03T03:00").office
    clock = VirtualClock(WallClock().now())
    settings = Settings(data_dir=tmp_path, webhook_hosts=OWN, _env_file=None)
    return World(office, Courier(office, settings, clock), clock)


def something_happens(world: World) -> list[Entry]:
    """A meeting is planned: events of several kinds."""
    before = len(world.entries())
    a_meeting(Bench(world.office, world.office.clock))  # type: ignore[arg-type]
    return world.entries(before)


# -- what arrives ----------------------------------------------------------------------------------


def test_each_entry_arrives_once_in_order_without_what_may_not_be_told(
    world: World, receiver: Receiver
) -> None:
    world.add(receiver.url)
    happened = something_happens(world)
    world.courier.deliver()
    world.courier.deliver()
    said = [json.loads(body) for _, body in receiver.came]
    assert [one["data"]["seq"] for one in said] == [entry.seq for entry in happened]
    assert receiver.kinds == [entry.kind for entry in happened]
    assert receiver.numbers == [entry.hash for entry in happened]
    for one in said:
        assert set(one["data"]) == {
            "seq", "at", "kind", "subject", "by", "version", "prev", "hash", "words",
        }  # fmt: skip
    assert world.hook().last_words == "It answered 204."


def test_the_documented_check_knows_our_signatures_from_others(
    world: World, receiver: Receiver
) -> None:
    doc = (REPO / "docs/webhooks.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", doc, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 10
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102
    secret = world.add(receiver.url)
    something_happens(world)
    world.courier.deliver()
    headers, body = receiver.came[0]
    verify = known["verify"]
    assert verify(secret, headers, body)
    assert not verify(secret, headers, body + b" ")
    assert not verify(secret, {**headers, "webhook-id": "another"}, body)
    assert not verify(world.add(receiver.url), headers, body)
    long_ago = signed(secret, headers["webhook-id"], 1_546_484_400, body)
    assert not verify(secret, long_ago, body)


def test_signatures_are_those_of_the_specification() -> None:
    """The example its own libraries are tested with."""
    secret, number = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    headers = signed(secret, number, 1_614_265_330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_what_begins_as_was_asked_arrives(world: World, receiver: Receiver) -> None:
    world.add(receiver.url, "som", "obligation.asked")
    kinds = [entry.kind for entry in something_happens(world)]
    world.courier.deliver()
    wanted = [k for k in kinds if k.startswith("som.") or k == "obligation.asked"]
    assert receiver.kinds == wanted
    assert 1 < len(wanted) < len(kinds)


def test_what_was_before_is_not_told(world: World, receiver: Receiver) -> None:
    something_happens(world)
    world.add(receiver.url)
    world.courier.deliver()
    assert receiver.came == []


# -- what goes wrong -------------------------------------------------------------------------------


def test_what_does_not_arrive_is_sent_again_with_the_same_id_before_anything_later(
    world: World, receiver: Receiver
) -> None:
    world.add(receiver.url)
    happened = something_happens(world)
    receiver.answers = [500, 302]
    world.courier.deliver()
    assert (world.hook().tries, world.hook().last_words) == (1, "It answered 500.")
    world.courier.deliver()
    assert len(receiver.came) == 1, "it is let rest"
    world.wait(seconds=6)
    assert world.hook().last_words == "It answered 302."
    world.wait(seconds=31)
    assert receiver.numbers == [happened[0].hash] * 3 + [entry.hash for entry in happened[1:]]
    assert (world.hook().tries, world.hook().failing_since) == (0, None)


def test_one_cut_off_after_it_arrived_is_sent_again(world: World, receiver: Receiver) -> None:
    """As when we are killed between the answer and noting it."""
    world.add(receiver.url, "som")
    something_happens(world)
    world.courier.deliver()
    with world.office.store.write() as session:
        session.exec(update(Webhook).values(cursor=0))
    world.courier.deliver()
    first = receiver.numbers[: len(receiver.numbers) // 2]
    assert receiver.numbers == first * 2


def test_after_days_it_is_given_up_on_and_switched_on_again_goes_on_where_it_was(
    world: World, receiver: Receiver
) -> None:
    world.add(receiver.url)
    happened = something_happens(world)
    receiver.answers = [503] * 200
    world.courier.deliver()
    for _ in range(80):
        world.wait(hours=1)
    assert world.hook().state == "given up"
    tries = len(receiver.came)
    assert 60 < tries < 80
    receiver.answers = []
    world.wait(days=1)
    assert len(receiver.came) == tries
    with world.office.store.write() as session:
        webhooks.switch_on(session.exec(select(Webhook)).one())
    world.courier.deliver()
    assert receiver.numbers[tries:] == [entry.hash for entry in happened]


def test_who_says_gone_is_asked_no_more(world: World, receiver: Receiver) -> None:
    world.add(receiver.url)
    something_happens(world)
    receiver.answers = [410]
    world.courier.deliver()
    assert world.hook().state == "given up"


def test_one_given_up_on_is_said_to_who_watches_over_the_program(
    world: World, receiver: Receiver
) -> None:
    composer = Composer(world.office.programme, LINKS, "secretariat@board.example")
    relay = urlsplit("smtp://localhost:25")
    engine = Engine(world.courier.settings, world.office, composer, relay)
    assert engine.turn.look()

    def figures() -> bytes:
        with world.office.store.read() as session:
            return vitals(session, world.clock.now(), engine.health(), None)

    world.add(receiver.url)
    assert b"webhooks_given_up 0.0" in figures()
    assert "Webhooks" not in engine.health()
    something_happens(world)
    receiver.answers = [410]
    world.courier.deliver()
    assert b"webhooks_given_up 1.0" in figures()
    assert engine.health()["Webhooks"] == "1 given up on: see /webhooks"


def test_one_that_does_not_answer_holds_up_no_other_and_not_for_long(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.webhooks.TIMEOUT", 0.5)
    receiver.silent.clear()
    with receiving() as other:
        world.add(receiver.url)
        world.add(other.url)
        happened = something_happens(world)
        world.courier.deliver()
        assert other.numbers == [entry.hash for entry in happened]
    with world.office.store.read() as session:
        slow = session.exec(select(Webhook).where(Webhook.url == receiver.url)).one()
    assert slow.last_words == "It did not answer within 0 seconds."


def test_one_that_is_not_there_is_said_so(world: World) -> None:
    with receiving() as gone:
        world.add(gone.url)
    something_happens(world)
    world.courier.deliver()
    assert world.hook().last_words.startswith("It is not reached")


def test_what_is_encrypted_is_sent_to_who_has_the_certificate_of_the_name_and_nobody_else(
    world: World,
    certified: Certified,  # noqa: F811
) -> None:
    courier = replace(world.courier, tls=certified.client)
    courier.settings.webhook_hosts = "localhost"
    with receiving(certified.server("localhost")) as right:
        world.add(right.url, "som")
        something_happens(world)
        courier.deliver()
        assert right.came[0][0]["host"] == right.url.removeprefix("https://")
    with receiving(certified.server("elsewhere.example")) as wrong:
        with world.office.store.write() as session:
            session.exec(update(Webhook).values(url=wrong.url, cursor=0))
        courier.deliver()
        assert wrong.came == []
    assert "certificate" in world.hook().last_words


def test_a_secret_that_can_no_longer_be_read_is_said_so(
    world: World, receiver: Receiver, tmp_path: Path
) -> None:
    world.add(receiver.url)
    something_happens(world)
    (tmp_path / "factors.key").unlink()
    world.courier.deliver()
    assert "add it anew" in world.hook().last_words
    assert receiver.came == []


# -- where it may lead -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://10.0.0.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://localhost/",
        "http://8.8.8.8/",
        "ftp://8.8.8.8/",
        "https://user:password@8.8.8.8/",
        "https:///path",
        "https://8.8.8.8:99999/",
        "not an address",
        "",
    ],
)
def test_no_hook_leads_to_what_only_we_can_reach(url: str) -> None:
    with pytest.raises(SecretariatError):
        webhooks.resolved(url, frozenset())


def test_public_hosts_by_https_and_own_ones_that_are_named_are_let_through() -> None:
    assert webhooks.resolved("https://8.8.8.8/x", frozenset()) == "8.8.8.8"
    assert webhooks.resolved("https://[2001:4860:4860::8888]/", frozenset()).startswith("2001:")
    assert webhooks.resolved("https://10.0.0.1/", {"10.0.0.1"}) == "10.0.0.1"
    assert webhooks.resolved("http://localhost:9/", {"localhost"}) == "127.0.0.1"
    with pytest.raises(BadInputError, match="https"):
        webhooks.resolved("http://10.0.0.1/", {"10.0.0.1"})
    with pytest.raises(BadInputError, match="host of its own"):
        webhooks.resolved("https://169.254.169.254/", {"169.254.169.254"})


def test_a_host_that_was_allowed_and_is_no_more_is_not_asked(
    world: World, receiver: Receiver
) -> None:
    """As when a name is made to lead elsewhere after it was added: it is looked up at each try."""
    world.add(receiver.url)
    something_happens(world)
    world.courier.settings.webhook_hosts = ""
    world.courier.deliver()
    assert receiver.came == []
    assert "is not a public host" in world.hook().last_words


def test_with_no_hook_nobody_is_asked_anything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    something_happens(world)
    monkeypatch.setattr("socket.socket.connect", None)
    monkeypatch.setattr("socket.getaddrinfo", None)
    world.courier.deliver()


# -- the operator ----------------------------------------------------------------------------------


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        found.app.state.parts.settings.webhook_hosts = OWN
        found.sign_in(OPERATOR)
        yield found


def on_page(site: Site, path: str = "/webhooks", **form: str) -> Any:
    return site.browser.post(path, data=form)


def kept(site: Site) -> list[Webhook]:
    with site.bench.office.store.read() as session:
        return webhooks.everyone(session)


def test_the_operator_adds_one_tests_it_and_removes_it(site: Site, receiver: Receiver) -> None:
    page = on_page(site, url=receiver.url, kinds="obligation, som").text
    [secret] = re.findall(r"<code>(whsec_.+?)</code>", page)
    [hook] = kept(site)
    assert hook.kinds == ["obligation", "som"]
    assert secret not in json.dumps(hook.model_dump(), default=str)
    assert secret not in site.browser.get("/webhooks").text
    tested = on_page(site, f"/webhooks/{hook.id}", act="test").text
    assert "was sent a test" in tested
    assert "It answered 204." in tested
    assert receiver.kinds == ["test"]
    assert on_page(site, f"/webhooks/{hook.id}", act="remove").status_code == 303
    assert kept(site) == []
    assert on_page(site, f"/webhooks/{hook.id}", act="remove").status_code == 404


def test_one_that_was_given_up_on_is_seen_and_switched_on(site: Site, receiver: Receiver) -> None:
    on_page(site, url=receiver.url)
    [hook] = kept(site)
    assert on_page(site, f"/webhooks/{hook.id}", act="switch-on").status_code == 409
    with site.bench.office.store.write() as session:
        hook = session.exec(select(Webhook)).one()
        webhooks.failed(hook, "It answered 410.", sessions.now(), for_good=True)
    page = site.browser.get("/webhooks").text
    assert "given up" in page
    assert "It answered 410." in page
    assert on_page(site, f"/webhooks/{hook.id}", act="switch-on").status_code == 303
    assert kept(site)[0].state == "on"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "https://10.0.0.1/"}, "not a public host"),
        ({"url": "https://nowhere.invalid/"}, "is not found"),
        ({"url": "https://8.8.8.8/", "kinds": "tea"}, "of a kind “tea”"),
        ({"url": "https://8.8.8.8/", "kinds": "hold"}, "of a kind “hold”"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    site: Site, form: dict[str, str], words: str
) -> None:
    before = dump(site.bench.office.store)
    assert words in on_page(site, **form).text
    assert dump(site.bench.office.store) == before


def test_at_the_terminal_too(site: Site, receiver: Receiver, tmp_path: Path) -> None:
    here = {
        "SECRETARIAT_DATA_DIR": str(tmp_path),
        "SECRETARIAT_WEBHOOK_HOSTS": OWN,
        "COLUMNS": "200",
    }
    added = cli("webhook", "add", receiver.url, "--kind", "som", environment=here)
    assert re.search(r"whsec_\S{44}$", added.stdout.strip())
    assert receiver.url in cli("webhook", "list", environment=here).stdout
    assert cli("webhook", "remove", "1", environment=here).returncode == 0
    assert cli("webhook", "remove", "1", environment=here).returncode == 2
    assert kept(site) == []

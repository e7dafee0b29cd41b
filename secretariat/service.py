"""Everything in the foreground: board, clock, outbox and Prefect, until Ctrl-C."""

import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from types import FrameType

import uvicorn
from fastapi import FastAPI

from flows import relay
from notifications.catcher import Catcher
from notifications.compose import composer
from notifications.links import SIGN_IN
from notifications.outbox import Outbox, write_due
from notifications.smtp import Relay, can_connect
from notifications.transport import RelayError
from schemas.programme import Contact
from secretariat import backups, history
from secretariat.clock import VirtualClock, WallClock
from secretariat.commands.office import Desk, Office
from secretariat.engine import Engine
from secretariat.errors import ConflictError, UnreachableError
from secretariat.installation import DemoClock, clock_of, forward, is_demo, set_clock
from secretariat.logs import keep_log
from secretariat.place import check_place
from secretariat.programme import SHIPPED, load_history, load_programme
from secretariat.provider import provider_of
from secretariat.settings import Settings
from secretariat.shelf import name_at
from secretariat.store import Store, locked, open_store
from secretariat.web import sessions, signin
from secretariat.web.app import Parts, create_app
from secretariat.web.connections import Connection, most_connections

HISTORY = SHIPPED / "commit-2018.yaml"
Say = Callable[[str], None]


def open_demo(settings: Settings) -> Office:
    """The office of the demo, at the moment its history begins unless it was replayed before.

    Raises ConflictError for a store that holds somebody's real work.
    """
    store = _prepared(settings)
    office = Office(store, load_programme(settings.programme), DemoClock(store))
    if not is_demo(store):
        if not store.is_untouched():
            raise ConflictError(
                f"{settings.directory} holds real work, which a demo must not mix with. "
                "Set SECRETARIAT_DATA_DIR to another directory for the demo."
            )
        set_clock(store, load_history(HISTORY).acts[0].at)
        history.adopt(office)
    return office


def replay_history(settings: Settings, office: Office, say: Say) -> None:
    """Live the year 2018 through, its mails really sent to the catcher; once for each store.

    A replay that was broken off goes on where it stopped.
    """
    store, past = office.store, load_history(HISTORY)
    if history.was_replayed(store, past):
        return
    say(f"Replaying {past.source}: {len(past.acts)} dated acts, with their reminders …")
    clock = VirtualClock(past.acts[0].at)
    with Catcher(settings.directory / "caught") as catcher:
        writer = composer(settings, office.programme)
        outbox = Outbox(store, clock, writer, Relay(catcher.url))
        history.replay(past, Office(store, office.programme, clock), clock, outbox.drain)
    relay.begin_here(office)
    set_clock(store, clock.now())
    history.note_replayed(store, past)


def forward_demo(settings: Settings, office: Office, to: datetime) -> None:
    """Let a demo's time pass; mails are written at their hour, and leave when it is served."""
    writer = composer(settings, office.programme)
    forward(office, to, lambda: write_due(office.store, writer, office.clock.now()))


def begin(settings: Settings) -> Office:
    """A store for real use, with every duty of the programme held by somebody."""
    programme = load_programme(settings.programme)
    store = _prepared(settings)
    office = Office(store, programme, clock_of(store))
    history.adopt(office)
    return office


def signin_link(settings: Settings, office: Office, contact: Contact) -> str:
    """A fresh link that signs its holder in as ``contact``, once, within ten minutes."""
    now = sessions.now()
    links = composer(settings, office.programme).links
    with office.store.write() as session:
        until = now + signin.LINK_LASTS
        return links.mint(session, SIGN_IN, contact.slug, contact.slug, until, now)


def coordinator(office: Office) -> Contact:
    """Whom the start's sign-in link is for: who leads the secretariat's part now."""
    with office.store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), office.steward)
        return desk.contacts(office.steward, "head")[0]


def check_start(settings: Settings) -> None:
    """Raises UnreachableError or BadInputError, in one sentence, for what would fail later."""
    settings.check_addresses()
    _ = settings.inbox_url, provider_of(settings)
    _check_port("SECRETARIAT_PORT", settings.host, settings.port)
    if not settings.prefect_url:
        _check_port("SECRETARIAT_PREFECT_PORT", "127.0.0.1", settings.prefect_port)
    if url := settings.smtp:
        try:
            can_connect(Relay(url))
        except RelayError as error:
            raise UnreachableError(str(error)) from None


@contextmanager
def only_one(settings: Settings, *, beside: bool = False) -> Iterator[None]:
    """Hold the store for this process, or on PostgreSQL together with others ``beside`` it.

    Raises ConflictError if another one has it.
    """
    taken = ConflictError(
        f"secretariat already runs on this store ({settings.directory}). "
        "Use that one, stop it first, or set SECRETARIAT_DATA_DIR to another directory."
    )
    store = open_store(settings.store_url)
    with ExitStack() as stack:
        lock = stack.enter_context((settings.directory / "secretariat.lock").open("w"))
        if not (locked(lock) and stack.enter_context(store.held(beside=beside))):
            raise taken
        yield


def is_running(settings: Settings) -> bool:
    """Whether some process holds this installation's store."""
    try:
        with only_one(settings):
            return False
    except ConflictError:
        return True


class _Server(uvicorn.Server):
    """Ends what open pages listen to first, which would hold it up for as long as they are open."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.listeners.end()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def serve(settings: Settings, office: Office, say: Say, first: Callable[[], None]) -> None:
    """Run until Ctrl-C or SIGTERM; whatever was begun is stopped again.

    The board answers at once; the engine begins when it is this process's turn and ``first()``
    is done.
    """
    keep_log(settings.log)
    with ExitStack() as stack:
        url = settings.smtp
        caught = None
        if url is None:
            caught = settings.directory / "caught"
            url = stack.enter_context(Catcher(caught)).url
        writer = composer(settings, office.programme)
        writer.templates.check()
        engine = Engine(settings, office, writer, url)
        app = create_app(Parts(settings, office, writer, caught, engine.health))
        server = _Server(answering(settings, app))
        failed: list[Exception] = []

        def fail(error: Exception) -> None:
            failed.append(error)
            server.should_exit = True

        stack.callback(engine.stop)
        stack.callback(_stop_at_once_if_asked_again)
        stack.callback(say, "Stopping …")
        # Asked to end in any way, we stop what we began: uvicorn passes these on when it is done.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        _announce(settings, office, say, caught is not None)
        gc.freeze()  # what was made by now stays: no page waits for a search for garbage in it
        engine.start(first, fail)
        with suppress(KeyboardInterrupt):
            server.run()
    if failed:
        raise failed[0]


def answering(settings: Settings, app: FastAPI) -> uvicorn.Config:
    """How browsers and programs are answered, at the address that is set."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Connection,
        limit_concurrency=most_connections(),
        log_config=None,
        access_log=False,  # it would keep the tokens of links
        timeout_graceful_shutdown=2,
    )


def _stop_at_once_if_asked_again() -> None:
    """Who asks twice does not want to wait; the next start takes up what was under way."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(1))


def _announce(settings: Settings, office: Office, say: Say, catching: bool) -> None:
    head = coordinator(office)
    say(f"Board     {settings.board_url}")
    if catching:
        say(
            f"Mail      {settings.board_url}/caught (no SMTP server is set, so mail is caught here)"
        )
    say(
        f"Prefect   {settings.prefect_api.removesuffix('/api')} (ready in about half a minute; "
        f"it asks for the words in {settings.prefect_auth_file})"
    )
    say(f"Sign in   {signin_link(settings, office, head)} (as {head.slug}, within ten minutes)")
    say("Stop with Ctrl-C.")


def _prepared(settings: Settings) -> Store:
    """The store with its newest tables, and a backup of it with the older ones if it had such."""
    _ = settings.directory
    store = open_store(settings.store_url)
    if path := store.file:
        check_place(path)
        path.touch(mode=0o600)
    if store.is_empty():
        store.make_tables()
    elif store.is_behind():
        now = WallClock().now()
        backups.make(settings, settings.backups / name_at(now), now)
        store.migrate()
    return store


def _check_port(name: str, host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UnreachableError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Stop what uses it, or choose another: {name}={port + 1}"
            ) from None

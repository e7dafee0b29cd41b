"""Is this installation sound? Each thing that has gone wrong for somebody, and what mends it."""

import asyncio
import email.policy
import platform
import shutil
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from packaging.requirements import Requirement
from sqlmodel import func, select

from notifications.smtp import LOOPBACK, Patience, Relay, can_connect
from notifications.transport import RelayError
from schemas.programme import Programme
from schemas.tables import Entry
from secretariat import shelf
from secretariat.clock import JUMP, WallClock
from secretariat.errors import SecretariatError
from secretariat.installation import is_demo
from secretariat.moments import span
from secretariat.place import check_place
from secretariat.programme import load_programme
from secretariat.settings import Settings
from secretariat.store import Store, open_store, opened

SOON = timedelta(days=21)  # a certificate that ends within these wants renewing
YOUNG = timedelta(days=2)  # a backup that need not worry anybody
MUCH = timedelta(days=30)  # history nobody wants to lose
ROOM = 500_000_000  # octets that should be free where the store is
LEAVES_HEADERS_TO_US = "verify_generated_headers"  # came with the mend of CVE-2024-6923
_PATIENCE = Patience(opening=5)


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; ``mend`` is the command or setting that mends it.

    ``grave``: it does harm as it is.
    """

    about: str
    words: str
    mend: str = ""
    grave: bool = False


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything there is to look at, one after the other; nothing is changed."""
    for about, look in CHECKS.items():
        try:
            found = list(look(settings))
        except SecretariatError as error:
            found = [Finding(about, str(error), "see the sentence before", grave=True)]
        yield from found or [Finding(about, "well")]


def _programme(settings: Settings) -> Iterator[Finding]:
    programme = load_programme(settings.programme)
    yield from _zones(programme)


def _zones(programme: Programme) -> Iterator[Finding]:
    wanted = {programme.zone, *(contact.zone for contact in programme.contacts)}
    for zone in sorted(wanted):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, OSError):
            yield Finding(
                "time zones",
                f"{zone} is missing",
                "pip install --force-reinstall tzdata",
                grave=True,
            )


def _store(settings: Settings) -> Iterator[Finding]:
    store = opened(settings.store_url)
    if store.is_sqlite:
        yield from _sqlite(store)
    else:
        yield from _postgresql(store)


def _sqlite(store: Store) -> Iterator[Finding]:
    path = store.file
    assert path
    check_place(path)
    with store.read() as session:
        ask = session.connection().exec_driver_sql
        full, mode = ask("pragma synchronous").scalar(), ask("pragma journal_mode").scalar()
        sound = ask("pragma quick_check").scalar()
        strays = ask("pragma foreign_key_check").fetchall()
    if full != 2 or mode != "wal":
        yield Finding(
            "store", f"what is committed may be lost: synchronous={full}, journal_mode={mode}",
            "put it on a disk of this machine, and do not change these pragmas", grave=True,
        )  # fmt: skip
    if sound != "ok" or strays:
        yield Finding(
            "store", f"the file is damaged: {sound if sound != 'ok' else strays[0]}",
            "secretariat restore FILE, of the last backup", grave=True,
        )  # fmt: skip
    if (free := shutil.disk_usage(path).free) < ROOM:
        yield Finding("disk", f"{free // 1_000_000} MB are free", f"make room beside {path}")


def _postgresql(store: Store) -> Iterator[Finding]:
    with store.read() as session:
        ask = session.connection().exec_driver_sql
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if (value := ask(f"show {setting}").scalar()) == "off":
                yield Finding(
                    "store", f"what is committed may be lost: {setting} is {value}",
                    f"alter system set {setting} = on; select pg_reload_conf()", grave=True,
                )  # fmt: skip
        ahead = WallClock().now() - ask("select clock_timestamp()").scalar_one()
    if abs(ahead) > timedelta(seconds=30):
        yield Finding(
            "clock", f"it is {span(ahead)} {_side(ahead)} that of the database",
            "timedatectl set-ntp true, on both machines", grave=abs(ahead) > JUMP,
        )  # fmt: skip


def _clock(settings: Settings) -> Iterator[Finding]:
    """Against the ledger, which never goes back, and the day this Python was made."""
    store = opened(settings.store_url)
    now = WallClock().now()
    with store.read() as session:
        last = session.exec(select(func.max(Entry.at))).one()
    if last and not is_demo(store) and (behind := last - now) > JUMP:
        yield Finding(
            "clock", f"it is {span(behind)} behind what is already written",
            "timedatectl set-ntp true; then secretariat clock agree", grave=True,
        )  # fmt: skip
    if (
        Path("/run/systemd/timesync").exists()
        and not Path("/run/systemd/timesync/synchronized").exists()
    ):
        yield Finding("clock", "nothing keeps it right", "timedatectl set-ntp true")


def _backups(settings: Settings) -> Iterator[Finding]:
    """Whether one that restores is young enough, where there is much to lose."""
    now, mend = WallClock().now(), "secretariat backup FILE, and see why none was made"
    store = opened(settings.store_url)
    with store.read() as session:
        first = session.exec(select(func.min(Entry.at))).one()
    age = shelf.age(settings.backups, now)
    if age is None and first and now - first > MUCH and not is_demo(store):
        yield Finding("backups", f"none is proved, of {span(now - first)} of history", mend)
    elif age and age > YOUNG:
        yield Finding("backups", f"the last one proved is {span(age)} old", mend)


def _relay(settings: Settings) -> Iterator[Finding]:
    url = settings.smtp
    if url is None:
        yield Finding("mail", "no server is set: all mail is caught here", "SECRETARIAT_SMTP_URL=…")
        return
    try:
        can_connect(Relay(url, _PATIENCE))
    except RelayError as error:
        yield Finding("mail", str(error), "SECRETARIAT_SMTP_URL=…", grave=True)
        return
    if url.hostname not in LOOPBACK:
        yield from _certificate("mail", asyncio.run(_relays_own(url)), str(url.hostname))


def _board(settings: Settings) -> Iterator[Finding]:
    """The certificate people meet, where the board's address has one."""
    settings.check_addresses()
    url = urlsplit(settings.board_url)
    if url.scheme != "https":
        if url.hostname not in LOOPBACK:
            yield Finding(
                "board", f"{settings.board_url} is not encrypted: sessions can be stolen",
                "put a proxy with a certificate before it, SECRETARIAT_BASE_URL=https://…",
                grave=True,
            )  # fmt: skip
        return
    try:
        end = asyncio.run(_of_server(str(url.hostname), url.port or 443))
    except ssl.SSLCertVerificationError as error:
        yield Finding(
            "board", f"its certificate is refused: {error.verify_message}", "renew it", grave=True
        )
    except (OSError, TimeoutError) as error:
        yield Finding(
            "board",
            f"{settings.board_url} does not answer ({error or 'in time'})",
            "start its proxy",
        )
    else:
        yield from _certificate("board", end, str(url.hostname))


def _certificate(about: str, ends: datetime | None, host: str) -> Iterator[Finding]:
    if ends and ends - datetime.now(UTC) < SOON:
        yield Finding(about, f"the certificate of {host} ends on {ends:%-d %B %Y}", "renew it")


async def _of_server(host: str, port: int) -> datetime | None:
    async with asyncio.timeout(_PATIENCE.opening):
        _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    ends = _end_of(writer.get_extra_info("peercert"))
    writer.close()
    return ends


async def _relays_own(url: SplitResult) -> datetime | None:
    talk = await Relay(url, _PATIENCE).connect()
    ends = _end_of(talk.transport.get_extra_info("peercert") if talk.transport else None)
    await talk.close()
    return ends


def _end_of(certificate: dict[str, str] | None) -> datetime | None:
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _secrets(settings: Settings) -> Iterator[Finding]:
    """What only its owner may read: keys, the store, and settings with a password in them."""
    files = [*settings.keys.glob("*.key"), settings.keys / "prefect.auth", Path(".env")]
    files += [Path(settings.dkim_key), settings.oidc_client_secret_file or Path()]
    if path := open_store(settings.store_url).file:
        files.append(path)
    for path in files:
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding("secrets", f"others may read {path}", f"chmod 600 {path}", grave=True)
    if settings.directory.stat().st_mode & stat.S_IRWXO:
        yield Finding(
            "secrets",
            f"others may look into {settings.directory}",
            f"chmod 700 {settings.directory}",
        )


def _packages(settings: Settings) -> Iterator[Finding]:
    """What is installed against what this release was tested with."""
    for line in metadata.requires("secretariat") or []:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found = "missing"
        if found == "missing" or not wanted.specifier.contains(found, prereleases=True):
            yield Finding(
                "packages", f"{wanted.name} is {found}, {wanted} is wanted",
                "pip install --require-hashes -r requirements.lock", grave=True,
            )  # fmt: skip
    yield from _prefect(settings)


def _prefect(settings: Settings) -> Iterator[Finding]:
    """The server that runs, if one does."""
    try:
        answer = httpx.get(f"{settings.prefect_api}/admin/version", auth=settings.prefect_auth)
        server = str(answer.raise_for_status().json())
    except (httpx.HTTPError, ValueError):
        return
    if server != (ours := metadata.version("prefect")):
        yield Finding(
            "packages", f"the Prefect server is {server}, its library here is {ours}",
            "stop that server, and let “secretariat up” start its own", grave=True,
        )  # fmt: skip


def _python(_settings: Settings) -> Iterator[Finding]:
    if not hasattr(email.policy.EmailPolicy, LEAVES_HEADERS_TO_US):
        yield Finding(
            "python", f"{platform.python_version()} lets a crafted header break out of its line "
            "(CVE-2024-6923); we prove each mail's headers ourselves, other programs may not",
            "install the newest Python of its series",
        )  # fmt: skip


def _side(ahead: timedelta) -> str:
    return "ahead of" if ahead > timedelta() else "behind"


CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "programme": _programme,
    "store": _store,
    "clock": _clock,
    "backups": _backups,
    "mail": _relay,
    "board": _board,
    "secrets": _secrets,
    "packages": _packages,
    "python": _python,
}

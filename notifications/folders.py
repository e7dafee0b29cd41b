"""Where does incoming mail lie? A Maildir or an IMAP folder, read in bounded pieces."""

import contextlib
import heapq
import imaplib
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote

READ = 128 * 1024  # bytes of each mail that are looked at: reports and words stand in front
SECONDS = 30.0
_HANDLED, _ASIDE = ".Handled", ".Aside"


class FolderError(Exception):
    """The folder cannot be read now; no message is to blame."""


@dataclass(frozen=True)
class Arrived:
    """One message: its ``name`` in the folder, its whole ``size``, when it came (UTC), its head."""

    name: str
    size: int
    at: datetime
    head: bytes


class Folder(Protocol):
    def arrived(self, limit: int) -> Iterator[Arrived]:
        """Messages nobody has dealt with, the oldest first. Raises FolderError."""

    def put_away(self, message: Arrived, *, aside: bool) -> None:
        """Never show it again; ``aside`` keeps it where a person looks. Raises FolderError."""


@contextlib.contextmanager
def opened(url: SplitResult) -> Iterator[Folder]:
    """The folder of SECRETARIAT_INBOX. Raises FolderError with what to mend."""
    try:
        if url.scheme == "maildir":
            yield Maildir(Path(unquote(url.path)))
        else:
            with _connected(url) as connection:
                yield Imap(connection)
    except (OSError, imaplib.IMAP4.error) as error:
        said = str(error.args[-1] if error.args else error).strip("b'\"")
        raise FolderError(
            f"The inbox {url.hostname or url.path} cannot be read ({said}). "
            "Mail there waits; check SECRETARIAT_INBOX."
        ) from None


@dataclass(frozen=True)
class Maildir:
    """Handled messages move to the folder Handled, those set aside to Aside."""

    path: Path

    def arrived(self, limit: int) -> Iterator[Arrived]:
        unread = [entry for entry in (self.path / "new").iterdir() if _is_message(entry)]
        unread += [
            entry
            for entry in (self.path / "cur").iterdir()
            if _is_message(entry) and "S" not in entry.name.partition(":2,")[2]
        ]
        for entry in heapq.nsmallest(limit, unread, key=lambda entry: entry.name):
            with contextlib.suppress(FileNotFoundError), entry.open("rb") as file:
                about = entry.stat()
                at = datetime.fromtimestamp(about.st_mtime, UTC)
                name = f"{entry.parent.name}/{entry.name}"
                yield Arrived(name, about.st_size, at, file.read(READ))

    def put_away(self, message: Arrived, *, aside: bool) -> None:
        target = self.path / (_ASIDE if aside else _HANDLED)
        for part in ("cur", "new", "tmp"):
            (target / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        base = Path(message.name).name.partition(":2,")[0]
        with contextlib.suppress(FileNotFoundError):  # another reader was faster
            (self.path / message.name).rename(target / "cur" / f"{base}:2,S")


@dataclass(frozen=True)
class Imap:
    """Handled messages are marked as seen, those set aside also as flagged."""

    connection: imaplib.IMAP4

    def arrived(self, limit: int) -> Iterator[Arrived]:
        validity = _line(self.connection.response("UIDVALIDITY")[1])
        _, found = self.connection.uid("search", "UNSEEN")
        for uid in _line(found).split()[:limit]:
            what = f"(RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{READ}>)"
            _, answer = self.connection.uid("fetch", uid, what)
            literals = [part for part in answer if isinstance(part, tuple)]
            if literals:
                about = b" ".join(p[0] if isinstance(p, tuple) else p or b"" for p in answer)
                size = re.search(rb"RFC822\.SIZE (\d+)", about)
                yield Arrived(
                    f"{validity}.{uid}",
                    int(size[1]) if size else len(literals[0][1]),
                    _internal_date(about),
                    literals[0][1][:READ],
                )

    def put_away(self, message: Arrived, *, aside: bool) -> None:
        uid = message.name.partition(".")[2]
        flags = r"(\Seen \Flagged)" if aside else r"(\Seen)"
        self.connection.uid("store", uid, "+FLAGS.SILENT", flags)


@contextlib.contextmanager
def _connected(url: SplitResult) -> Iterator[imaplib.IMAP4]:
    host = url.hostname or ""
    if url.scheme == "imaps":
        context = ssl.create_default_context()
        connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            host, url.port or 993, ssl_context=context, timeout=SECONDS
        )
    else:
        connection = imaplib.IMAP4(host, url.port or 143, timeout=SECONDS)
    try:
        connection.login(unquote(url.username or ""), unquote(url.password or ""))
        folder = unquote(url.path.strip("/")) or "INBOX"
        answer, said = connection.select(f'"{folder}"')
        if answer != "OK":
            raise imaplib.IMAP4.error(_line(said))
        yield connection
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            connection.logout()


def _is_message(entry: Path) -> bool:
    return entry.is_file() and not entry.is_symlink() and not entry.name.startswith(".")


def _line(answer: Sequence[object]) -> str:
    first = answer[0] if answer else b""
    return first.decode("ascii", "replace") if isinstance(first, bytes) else ""


def _internal_date(about: bytes) -> datetime:
    found = imaplib.Internaldate2tuple(about)
    return datetime.fromtimestamp(time.mktime(found) if found else time.time(), UTC)

"""A mail server for the laptop: takes every message over SMTP and keeps it as a file."""

import socket
import time
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aiosmtpd.controller import Controller


class Catcher:
    """Listens on a free loopback port; use as a context manager. Nothing leaves the machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port())

    @property
    def url(self) -> SplitResult:
        return urlsplit(f"smtp://127.0.0.1:{self._controller.port}")

    def __enter__(self) -> "Catcher":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by aiosmtpd with each message; whole on disk before it is taken."""
        name = f"{time.time_ns()}.eml"
        partial = self._directory / f"{name}.part"
        partial.write_bytes(envelope.content)
        partial.rename(self._directory / name)
        return f"250 caught as {name}"


def caught(directory: Path) -> list[str]:
    """The names of all caught messages, newest first."""
    return sorted((path.name for path in directory.glob("*.eml")), reverse=True)


def read(directory: Path, name: str) -> EmailMessage | None:
    """One caught message, or None if there is none of that name."""
    if name not in caught(directory):
        return None
    parsed = BytesParser(policy=default).parsebytes((directory / name).read_bytes())
    assert isinstance(parsed, EmailMessage)
    return parsed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

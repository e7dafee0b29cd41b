"""Where raced mail goes: a small SMTP server in a process of its own, the same for everybody.

It takes whatever comes, with PIPELINING, and counts. ``--pause`` makes it a far one: it waits so
many milliseconds before it answers what came in one piece, as a round trip does. ``--keep FILE``
writes a line for each mail, on disk before it answers 250.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import IO

HERE = Path(__file__)


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, pause: float, kept: IO[str] | None) -> None:
        self._pause, self._kept = pause, kept
        self._rest, self._in_text = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        answers = b""
        while True:
            if self._in_text:
                text, dot, rest = self._rest.partition(b"\r\n.\r\n")
                if not dot:
                    break
                self._rest, self._in_text = rest, False
                self._keep(text)
                answers += b"250 2.0.0 taken\r\n"
                continue
            line, end, rest = self._rest.partition(b"\r\n")
            if not end:
                break
            self._rest = rest
            answers += self._said(line[:4].upper())
        if answers:
            self._answer(answers)

    def _said(self, command: bytes) -> bytes:
        if command == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
        if command == b"DATA":
            self._in_text = True
            return b"354 go on\r\n"
        return b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n"

    def _answer(self, words: bytes) -> None:
        loop = asyncio.get_running_loop()
        if self._pause:
            loop.call_later(self._pause, self._transport.write, words)
        else:
            self._transport.write(words)

    def _keep(self, text: bytes) -> None:
        if self._kept is None:
            return
        headers = BytesHeaderParser().parsebytes(text)
        line = [headers["Subject"], headers["Message-ID"], hashlib.sha256(text).hexdigest()]
        self._kept.write(json.dumps(line) + "\n")
        self._kept.flush()
        os.fsync(self._kept.fileno())


async def serve(pause: float, kept: IO[str] | None) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Sink(pause, kept), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def sink(pause_ms: float = 0, keep: Path | None = None) -> Iterator[int]:
    """A sink in a process of its own, for as long as it is needed; its port."""
    arguments = ["--pause", str(pause_ms)] + (["--keep", str(keep)] if keep else [])
    process = subprocess.Popen(
        [sys.executable, str(HERE), *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    found = re.match(r"\d+", process.stdout.readline())
    assert found, "the sink did not start"
    try:
        yield int(found.group())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(5)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    kept = asked.keep.open("a") if asked.keep else None
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.pause / 1000, kept))


if __name__ == "__main__":
    main()

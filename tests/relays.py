"""A relay that does as it is told, wrong things too, at every stage of the talk."""

import asyncio
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

ANSWERS = {
    "4xx": b"451 4.3.0 not now\r\n",
    "5xx": b"554 5.5.0 never\r\n",
    "421": b"421 4.3.2 closing\r\n",
    "garbage": b"\x00\xff what?\r\n",
}


@dataclass
class Misbehaving:
    """``faults`` has, for each stage, what goes wrong there next: an answer's name, drop or hang.

    A text with a code is answered as it is. ``taken`` has the mails it has said 250 to, or would
    have, with their senders and recipients in ``envelopes``.
    """

    host: str = "127.0.0.1"
    pipelining: bool = True
    tls: ssl.SSLContext | None = None
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    port: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await _Conversation(self, reader, writer).run()
        self.open -= 1
        writer.close()

    @contextmanager
    def listening(self) -> Iterator["Misbehaving"]:
        loop, started = asyncio.new_event_loop(), threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self.talk, self.host, 0, limit=2**24)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await server.serve_forever()

        def run() -> None:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(serving)
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

        serving = loop.create_task(serve())
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert started.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(serving.cancel)
            thread.join(10)


class _HungUp(OSError):  # noqa: N818
    pass


class _Conversation:
    def __init__(self, relay: Misbehaving, reader: Any, writer: Any) -> None:
        self.relay, self.reader, self.writer = relay, reader, writer
        self.rcpt = ""

    async def run(self) -> None:
        await self.answer("connect", "220 ready")
        while line := await self.reader.readline():
            self.relay.heard.append(line)
            verb = line.split(b" ")[0].strip().decode("ascii", "replace").lower()
            await getattr(self, f"on_{verb}", self.on_other)(line)

    async def answer(self, stage: str, normal: str) -> bool:
        """Whether all was normal."""
        queued = self.relay.faults[stage]
        fault = queued.pop(0) if queued else ""
        if fault == "drop":
            self.writer.transport.abort()
            raise _HungUp
        if fault == "hang":
            await self.reader.read()  # until the other side has had enough
            raise _HungUp
        if fault:
            self.writer.write(ANSWERS.get(fault) or fault.encode() + b"\r\n")
            if fault.startswith("421"):
                await self.writer.drain()
                raise _HungUp
            return False
        if normal:
            self.writer.write(normal.encode() + b"\r\n")
        return True

    async def on_ehlo(self, _line: bytes) -> None:
        extensions = ["relay.example", "8BITMIME", "AUTH PLAIN LOGIN"]
        if self.relay.pipelining:
            extensions.append("PIPELINING")
        if self.relay.tls and not self.writer.get_extra_info("sslcontext"):
            extensions.append("STARTTLS")
        lines = [f"250-{name}" for name in extensions[:-1]] + [f"250 {extensions[-1]}"]
        await self.answer("ehlo", "\r\n".join(lines))

    async def on_starttls(self, _line: bytes) -> None:
        if await self.answer("starttls", "220 go on"):
            await self.writer.drain()
            await self.writer.start_tls(self.relay.tls)

    async def on_auth(self, _line: bytes) -> None:
        await self.answer("auth", "235 2.7.0 welcome")

    async def on_mail(self, _line: bytes) -> None:
        await self.answer("mail", "250 2.1.0 ok")

    async def on_rcpt(self, line: bytes) -> None:
        if await self.answer("rcpt", "250 2.1.5 ok"):
            self.rcpt = line.partition(b"<")[2].partition(b">")[0].decode()

    async def on_data(self, _line: bytes) -> None:
        if not self.rcpt:
            self.writer.write(b"503 5.5.1 for whom?\r\n")
        elif await self.answer("data", "354 go on"):
            await self.writer.drain()
            await self.on_text()

    async def on_text(self) -> None:
        first = await self.reader.readline()
        normal = await self.answer("body", "")
        content = first + await self.reader.readuntil(b"\r\n.\r\n")
        recipient, self.rcpt = self.rcpt, ""
        if not normal:
            return
        if self.relay.faults["dot"][:1] not in (["4xx"], ["5xx"], ["421"]):
            self.relay.taken.append(content[:-3])
            self.relay.recipients.append(recipient)
        if await self.answer("dot", "250 2.0.0 taken") and self.relay.faults["after-dot"]:
            await self.writer.drain()
            await self.answer("after-dot", "")

    async def on_rset(self, _line: bytes) -> None:
        self.rcpt = ""
        await self.answer("rset", "250 2.0.0 ok")

    async def on_quit(self, _line: bytes) -> None:
        if await self.answer("quit", "221 2.0.0 bye"):
            await self.writer.drain()
            raise _HungUp

    async def on_other(self, _line: bytes) -> None:
        self.writer.write(b"500 5.5.2 what?\r\n")

"""How does one relay take mail? An encrypted, signed-in connection, and the talk over it.

aiosmtplib opens the connection (STARTTLS, AUTH). The talk itself is ours: aiosmtplib reads one
reply for each command, and drops what comes with it, where pipelining (RFC 2920) asks for three.
"""

import asyncio
import contextlib
import functools
import re
import socket
import ssl
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, unquote

import aiosmtplib

from notifications.transport import BUSY, Attempt, Frozen, RelayError
from secretariat.points import reached

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_LINES = 100  # of one reply; nobody has that much to say
_PROPER_LINE = re.compile(rb"[2-5]\d\d([ -].*)?\r?\n", re.DOTALL)


@dataclass(frozen=True)
class Patience:
    """For how many seconds a relay is waited for; together less than the lease of a mail.

    RFC 5321 asks for so many: it may have taken the mail and only be slow to say so.
    """

    opening: float = 30
    command: float = 300
    text: float = 180
    verdict: float = 600
    quit: float = 2


class Reply(NamedTuple):
    code: int
    words: str

    def says(self, kind: int) -> bool:
        """Whether it is of the kind hoped for (2 or 3) rather than a refusal.

        Raises _BrokenError: it is neither, so we no longer know what it answers.
        """
        if self.code // 100 not in (kind, 4, 5):
            raise _BrokenError(f"it answers “{self.code} {self.words}”")
        return self.code // 100 == kind


class _BrokenError(Exception):
    """The relay hung up, or what it says makes no sense."""


# What ends a conversation; silence is a TimeoutError, an endless line a ValueError.
_BREAKS = (OSError, ValueError, _BrokenError)


@dataclass(frozen=True)
class Relay:
    """Where mail leaves: host and port, TLS unless it is this machine."""

    url: SplitResult
    patience: Patience = Patience()
    tls: ssl.SSLContext | None = None

    async def connect(self) -> "Talk":
        """An open, encrypted, signed-in connection. Raises RelayError with what to mend."""
        host = self.url.hostname or ""
        implicit = self.url.scheme == "smtps"
        client = aiosmtplib.SMTP(
            hostname=host,
            port=self.url.port or (465 if implicit else 587),
            use_tls=implicit,
            start_tls=not implicit and host not in LOOPBACK,
            tls_context=self.tls,
            local_hostname=_own_name(),
            timeout=self.patience.opening,
        )
        try:
            async with asyncio.timeout(3 * self.patience.opening):
                await self._open(client)
        except (aiosmtplib.SMTPException, OSError, ValueError, EOFError) as error:
            client.close()
            raise RelayError(
                f"The mail relay {host}:{client.port} cannot be used ({_why(error)}). "
                "Mail waits; check SECRETARIAT_SMTP_URL.",
                busy=isinstance(error, aiosmtplib.SMTPResponseException) and error.code in BUSY,
            ) from None
        assert client.protocol
        return Talk(client.protocol.transport, set(client.esmtp_extensions), self.patience)

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        await client.ehlo()
        if self.url.username:
            await client.login(unquote(self.url.username), unquote(self.url.password or ""))


def can_connect(relay: Relay) -> None:
    """Raises RelayError if the relay cannot be used at all."""

    async def try_it() -> None:
        await (await relay.connect()).close()

    asyncio.run(try_it())


@dataclass
class Talk:
    """One conversation with a relay, mail after mail."""

    transport: asyncio.BaseTransport | None
    extensions: set[str]
    patience: Patience
    usable: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        transport = self.transport
        assert isinstance(transport, asyncio.Transport)
        self._reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(self._reader)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        # Nothing may wait in our own buffer unseen: once drained, the last byte has left.
        transport.set_write_buffer_limits(high=0)
        self._writer = asyncio.StreamWriter(
            transport, protocol, self._reader, asyncio.get_running_loop()
        )

    async def offer(self, mail: Frozen) -> Attempt | None:
        """MAIL, RCPT and DATA, in one write where the relay allows it."""
        if not mail.recipient.isascii() and "smtputf8" not in self.extensions:
            return Attempt("rcpt", 553, "5.6.7 the relay takes no address in this script")
        commands = self._commands(mail)
        at_once = "pipelining" in self.extensions
        phase = "mail"
        try:
            async with asyncio.timeout(self.patience.command):
                if at_once:
                    self._writer.write(b"".join(commands.values()))
                for phase in commands:
                    if not at_once:
                        self._writer.write(commands[phase])
                    reply = await self._reply()
                    if not reply.says(3 if phase == "data" else 2):
                        break
                    reached("data.354" if phase == "data" else phase)
                else:
                    return None
        except _BREAKS as error:
            return self._broken(phase, error)
        to_come = 2 - list(commands).index(phase) if at_once else 0
        await self._start_over(reply, to_come)
        return Attempt(phase, reply.code, reply.words)

    async def deliver(self, mail: Frozen) -> Attempt:
        """The text, dot-stuffed, and the final dot: until its last byte has left, nothing is."""
        phase = "data"
        try:
            async with asyncio.timeout(self.patience.text) as limit:
                if self._reader.at_eof():
                    raise _BrokenError("it closed the connection")
                self._writer.write(_on_the_wire(mail.content))
                await self._writer.drain()
                phase = "dot"
                reached("dot.sent")
                limit.reschedule(asyncio.get_running_loop().time() + self.patience.verdict)
                reply = await self._reply()
                reply.says(2)
                reached("dot.replied")
        except _BREAKS as error:
            return self._broken(phase, error)
        if reply.code in BUSY:
            self._abort()
        return Attempt(phase, reply.code, reply.words)

    async def close(self) -> None:
        """QUIT if it still listens, not waiting long for the answer."""
        if self.usable:
            with contextlib.suppress(*_BREAKS):
                async with asyncio.timeout(self.patience.quit):
                    self._writer.write(b"QUIT\r\n")
                    await self._reply()
        self._abort()

    def _commands(self, mail: Frozen) -> dict[str, bytes]:
        options = b""
        if "8bitmime" in self.extensions and not mail.content.isascii():
            options += b" BODY=8BITMIME"
        if not mail.recipient.isascii():
            options += b" SMTPUTF8"
        return {
            "mail": b"MAIL FROM:<%s>%s\r\n" % (mail.sender.encode(), options),
            "rcpt": b"RCPT TO:<%s>\r\n" % mail.recipient.encode(),
            "data": b"DATA\r\n",
        }

    async def _start_over(self, refusal: Reply, to_come: int) -> None:
        """Ready for the next mail after a refusal, the replies still to come heard out.

        What goes wrong here is not about the mail: the connection is given up.
        """
        if refusal.code in BUSY:
            return self._abort()
        try:
            async with asyncio.timeout(self.patience.command):
                for _ in range(to_come):
                    (await self._reply()).says(2)
                self._writer.write(b"RSET\r\n")
                if not (await self._reply()).says(2):
                    self._abort()
        except _BREAKS:
            self._abort()
        return None

    async def _reply(self) -> Reply:
        """The next whole reply, of however many lines."""
        words: list[str] = []
        while len(words) < _LINES:
            line = await self._reader.readline()
            if not line.endswith(b"\n"):
                raise _BrokenError("it closed the connection")
            if not _PROPER_LINE.fullmatch(line):
                raise _BrokenError(f"it answers “{_printable(line[:80])}”")
            words.append(_printable(line[4:]))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), " ".join(words)[:500])
        raise _BrokenError("its answer has no end")

    def _broken(self, phase: str, error: BaseException) -> Attempt:
        self._abort()
        return Attempt(phase, 0, _why(error))

    def _abort(self) -> None:
        self.usable = False
        self._writer.transport.abort()


def _on_the_wire(content: bytes) -> bytes:
    """The content with CRLF only, dot-stuffed, and its end."""
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = b"\r\n".join(content.splitlines())
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    first = b"." if stuffed.startswith(b".") else b""
    last = b"" if stuffed.endswith(b"\r\n") else b"\r\n"
    return first + stuffed + last + b".\r\n"


def _printable(line: bytes) -> str:
    words = line.decode("utf-8", "replace").strip()
    if words.isprintable():
        return words
    return "".join(each if each.isprintable() else " " for each in words)


@functools.cache
def _own_name() -> str:
    return socket.getfqdn()  # it may ask the network, so once is enough


def _why(error: BaseException) -> str:
    """The reason in words, first of all what is wrong with a certificate."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted: {cause.verify_message}"
        cause = cause.__cause__
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _printable(f"{error.code} {error.message}".encode())
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if "STARTTLS extension not supported" in str(error):
        return "it offers no encryption by STARTTLS, so nothing was sent to it, no password either"
    return _printable((str(error) or type(error).__name__).splitlines()[0].encode())

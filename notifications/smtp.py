"""One relay, and what it said about each message: the relay's faults are not the recipient's."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote

import aiosmtplib

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# It closes (421), it wants to know who we are, or not like this (5.5.1 of RFC 4954).
NOT_ABOUT_THE_MESSAGE = {421, 454, 503, 530, 534, 535, 538}
SECONDS = 30.0
CONNECT_SECONDS = 10.0


class RelayError(Exception):
    """The relay cannot be used now; no message is to blame."""


@dataclass(frozen=True)
class Outcome:
    """``accepted``, ``refused`` (for good), ``waiting`` (try again) or ``held`` (it cannot be
    handed over as it is), in the relay's own words.

    ``unknown`` says the connection broke where the relay may already have taken the message.
    """

    state: str
    reply: str
    unknown: bool = False


@dataclass(frozen=True)
class Relay:
    """Where mail leaves: host and port, TLS unless it is this machine."""

    url: SplitResult

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """An open, encrypted, signed-in connection. Raises RelayError with what to mend."""
        host = self.url.hostname or ""
        implicit = self.url.scheme == "smtps"
        client = aiosmtplib.SMTP(
            hostname=host,
            port=self.url.port or (465 if implicit else 587),
            use_tls=implicit,
            start_tls=not implicit and host not in LOOPBACK,
            timeout=SECONDS,
        )
        try:
            await client.connect(timeout=CONNECT_SECONDS)
            if self.url.username:
                await client.login(unquote(self.url.username), unquote(self.url.password or ""))
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            client.close()
            raise RelayError(
                f"The mail relay {host}:{client.port} cannot be used ({_first(error)}). "
                "Mail waits; check SECRETARIAT_SMTP_URL."
            ) from None
        try:
            yield client
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()


def can_connect(relay: Relay) -> None:
    """Raises RelayError if the relay cannot be used at all."""

    async def try_it() -> None:
        async with relay.connected():
            pass

    asyncio.run(try_it())


async def send(client: aiosmtplib.SMTP, sender: str, recipient: str, content: bytes) -> Outcome:
    """Hand one frozen message to the relay. Raises RelayError once the connection is of no use."""
    try:
        _, reply = await client.sendmail(sender, [recipient], content)
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        return _judged(first.code, first.message)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPHeloError) as error:
        raise RelayError(
            f"The mail relay takes no mail from {sender} ({error.code} {error.message}). "
            "Mail waits; check SECRETARIAT_MAIL_FROM and SECRETARIAT_SMTP_URL."
        ) from None
    except aiosmtplib.SMTPResponseException as error:
        return _judged(error.code, error.message)
    except ValueError as error:
        return Outcome("held", f"cannot be sent: {_first(error)}")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Outcome("waiting", f"the connection broke: {_first(error)}", unknown=True)
    return Outcome("accepted", reply)


def _judged(code: int, words: str) -> Outcome:
    if code in NOT_ABOUT_THE_MESSAGE:
        raise RelayError(
            f"The mail relay does not serve us now ({code} {words}). "
            "Mail waits; check SECRETARIAT_SMTP_URL."
        ) from None
    return Outcome("waiting" if 400 <= code < 500 else "refused", f"{code} {words}")


def _first(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

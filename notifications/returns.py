"""How does what comes back find its mail? By addresses only we can have written."""

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from secretariat.keys import kept_key
from secretariat.settings import Settings

_SIGNED = re.compile(r"([a-z0-9._=-]{1,40})\+(\d{1,10})-([a-z2-7]{26})@([a-z0-9.-]{1,253})")
_MOST = 20  # addresses looked at in one mail: each costs a signature


class Purpose(StrEnum):
    BOUNCE = "bounce"
    REPLY = "reply"


@dataclass(frozen=True)
class Return:
    """A signed address as it came back; ``genuine`` says that we wrote it."""

    purpose: Purpose
    mail: int
    genuine: bool


@dataclass(frozen=True)
class Returns:
    """The addresses a mail carries for bounces and replies; empty where nobody reads them."""

    key: str = ""
    bounces_to: str = ""
    replies_to: str = ""

    def bounce_address(self, mail: int | None) -> str:
        """The envelope sender of a mail, such as ``bounces+12-…@host``."""
        return self._address(Purpose.BOUNCE, self.bounces_to, mail)

    def reply_address(self, mail: int | None) -> str:
        return self._address(Purpose.REPLY, self.replies_to, mail)

    def found_in(self, text: str) -> Return | None:
        """The first genuine address of ours in a text, else the first that only looks like one."""
        forged = None
        for local, mail, signature, host in _SIGNED.findall(text.lower())[:_MOST]:
            for purpose, to in (
                (Purpose.BOUNCE, self.bounces_to),
                (Purpose.REPLY, self.replies_to),
            ):
                if f"{local}@{host}" != to.lower():
                    continue
                if hmac.compare_digest(signature, self._signature(purpose, int(mail))):
                    return Return(purpose, int(mail), genuine=True)
                forged = forged or Return(purpose, int(mail), genuine=False)
        return forged

    def _address(self, purpose: Purpose, to: str, mail: int | None) -> str:
        if not to or mail is None:
            return ""
        local, _, host = to.partition("@")
        return f"{local}+{mail}-{self._signature(purpose, mail)}@{host}"

    def _signature(self, purpose: Purpose, mail: int) -> str:
        """128 bits in letters that survive a relay which changes their case."""
        said = f"secretariat.return {purpose} {mail}".encode()
        digest = hmac.digest(self.key.encode(), said, sha256)
        return b32encode(digest[:16]).decode().rstrip("=").lower()


def returns_of(settings: Settings) -> Returns:
    """This installation's, with a key for this alone: links are signed by others, that change."""
    key = kept_key(settings.directory / "returns.key")
    return Returns(key, settings.bounces_to, settings.replies_to)


NOT_READ = Returns()  # nobody reads what comes back, so mails carry plain addresses

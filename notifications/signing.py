"""Who vouches for a mail? The sender's domain, by DKIM, if the operator has given us its key."""

import re
from dataclasses import dataclass
from pathlib import Path

from secretariat.errors import BadInputError

_NOT_TWICE = ["From", "To", "Subject", "Date", "Reply-To"]  # nobody may add a second one


@dataclass(frozen=True)
class Signer:
    """Signs mails of one domain with the key whose public half its DNS has under ``selector``."""

    domain: str
    selector: str
    key: bytes

    def signed(self, content: bytes) -> bytes:
        """The same mail with a signature over all its headers and its body."""
        import dkim  # noqa: PLC0415  it brings a whole DNS library, which most do without

        head = content.partition(b"\r\n\r\n")[0].decode("ascii")
        headers = re.findall(r"^([!-9;-~]+):", head, re.MULTILINE)
        signature: bytes = dkim.sign(
            content,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode().lower() for name in (*headers, *_NOT_TWICE)],
        )
        return signature + content


def signer(key: str, selector: str, sender: str) -> Signer | None:
    """Who signs for the sender's address; None without a key. Raises BadInputError."""
    if not key:
        return None
    import dkim  # noqa: PLC0415

    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", selector):
        raise BadInputError(
            f"SECRETARIAT_DKIM_SELECTOR “{selector}” is not understood: write the name under "
            "which the public key stands in your DNS, such as secretariat."
        )
    try:
        found = Signer(sender.partition("@")[2], selector, Path(key).expanduser().read_bytes())
        found.signed(b"From: a@b.example\r\n\r\n")
    except OSError as error:
        raise BadInputError(
            f"SECRETARIAT_DKIM_KEY {key} cannot be read: {error.strerror}."
        ) from None
    except dkim.DKIMException:
        raise BadInputError(
            f"SECRETARIAT_DKIM_KEY {key} is no RSA key in PEM form; make one with: "
            f"openssl genrsa -traditional -out {key} 2048"
        ) from None
    return found

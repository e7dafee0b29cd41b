"""How do the parts of a mail travel? In bytes every relay takes, as Python's email writes them.

Python's own takes many times as long, for it reads each header it writes.
"""

from base64 import encodebytes
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.quoprimime import body_encode

VERSION = {"MIME-Version": "1.0"}
_FOLD = "\r\n "
_LONGEST_LINE = 78  # what travels as it is has no longer one
_TRIED = 10  # lines that tell which encoding is the shorter


@dataclass(frozen=True)
class Part:
    """A piece of a mail, all of it ASCII, its lines ending as they do on the wire."""

    headers: Mapping[str, str]
    body: str

    def __str__(self) -> str:
        return f"{head(self.headers)}\r\n{self.body}"


def head(headers: Mapping[str, str]) -> str:
    """Headers as they stand in a mail, without the empty line below them."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def text_part(subtype: str, said: str) -> Part:
    """A text whose lines, also the last, end in a line feed; it says which way it is encoded."""
    encoding, body = _encoded(said)
    return Part(
        {
            "Content-Type": f'text/{subtype}; charset="utf-8"',
            "Content-Transfer-Encoding": encoding,
        },
        body,
    )


def based(content: bytes) -> str:
    """Bytes in the letters of base64."""
    return _on_the_wire(encodebytes(content).decode("ascii"))


def together(subtype: str, parts: Sequence[Part], boundary: str) -> Part:
    """Several parts as one; ``boundary`` occurs in none of them."""
    first, *others = parts
    others = [Part({**part.headers, **VERSION}, part.body) for part in others]
    between = f"\r\n--{boundary}\r\n".join(map(str, (first, *others)))
    kind, where = f"multipart/{subtype};", f'boundary="{boundary}"'
    fits = len(f"Content-Type: {kind} {where}") <= _LONGEST_LINE
    return Part(
        {"Content-Type": f"{kind}{' ' if fits else _FOLD}{where}"},
        f"--{boundary}\r\n{between}\r\n--{boundary}--\r\n",
    )


def _encoded(said: str) -> tuple[str, str]:
    """As it is, if every relay takes that; else the way that is shorter for its first lines."""
    lines = said.encode().split(b"\n")
    if said.isascii() and max(map(len, lines)) <= _LONGEST_LINE:
        return "7bit", _on_the_wire(said)
    content = b"\r\n".join(lines)
    sample = b"\r\n".join(lines[:-1][:_TRIED]) + b"\r\n"
    if len(_quoted(sample)) > len(b2a_base64(sample)):
        return "base64", based(content)
    return "quoted-printable", _on_the_wire(_quoted(content))


def _quoted(content: bytes) -> str:
    return body_encode(content.decode("latin-1"), _LONGEST_LINE)


def _on_the_wire(lines: str) -> str:
    return lines.replace("\n", "\r\n")

"""What becomes of text anybody may have typed before it goes into a mail? It says the same."""

import re

_LONGEST_TEXT = 250
# Controls and halves of characters, as Unicode has them in Cc and Cs; not the tab and line end.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Those, line ends of any kind, and what turns text round.
_STEERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def header_text(text: str) -> str:
    """Text that says the same in a header and can do nothing there: one line, no commands.

    Line ends, controls and what turns text round become a space, an encoded word is taken apart,
    and what no header needs is cut.
    """
    line = " ".join(_STEERS.sub(" ", text).replace("=?", "= ?").split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def body_text(text: str) -> str:
    """A body whose lines end in one way and that holds no control but the tab."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return _HIDDEN.sub("\ufffd", lines)

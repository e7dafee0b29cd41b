"""What becomes of text anybody may have typed before it goes into a mail? It says the same."""

import re
import unicodedata

_LONGEST_TEXT = 250
# Controls and halves of characters, as Unicode has them in Cc and Cs; not the tab and line end.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TURNS_TEXT_ROUND = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def header_text(text: str) -> str:
    """Text that says the same in a header and can do nothing there: one line, no commands.

    Line ends, controls and what turns text round become a space, an encoded word is taken apart,
    and what no header needs is cut.
    """
    shown = "".join(" " if _steers(char) else char for char in text)
    line = " ".join(shown.replace("=?", "= ?").split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def body_text(text: str) -> str:
    """A body whose lines end in one way and that holds no control but the tab."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return _HIDDEN.sub("\ufffd", lines)


def _steers(char: str) -> bool:
    category = unicodedata.category(char)
    return category in ("Cc", "Cs", "Zl", "Zp") or ord(char) in _TURNS_TEXT_ROUND

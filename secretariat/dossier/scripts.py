"""Which parts of a text are written in which language's script?"""

import re
from collections.abc import Iterator

_RANGES = {
    "km": "\u1780-\u17ff\u19e0-\u19ff",
    "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",
    "th": "\u0e00-\u0e7f",
    "zh": "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff",
}
"""The scripts of the region that tell their language; Latin does not."""

_RUN = re.compile(
    "|".join(
        f"(?P<{language}>[{range_}]+(?:[\\s\u200b-\u200d]+[{range_}]+)*)"
        for language, range_ in _RANGES.items()
    )
)


def runs(text: str) -> Iterator[tuple[str, str]]:
    """(language, part) for each part of the text in turn; the language of Latin is empty."""
    end = 0
    for found in _RUN.finditer(text):
        if found.start() > end:
            yield "", text[end : found.start()]
        yield found.lastgroup or "", found[0]
        end = found.end()
    if end < len(text):
        yield "", text[end:]

"""With which fonts is a PDF set, and which characters do none of them have?"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FAMILIES = {
    "Noto Sans": ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    "Noto Sans Khmer": ("justmytype_intl_sea", "NotoSansKhmer[wdth,wght].ttf"),
    "Noto Sans Lao": ("justmytype_intl_sea", "NotoSansLao[wdth,wght].ttf"),
    "Noto Sans Myanmar": ("justmytype_intl_sea", "NotoSansMyanmar[wdth,wght].ttf"),
    "Noto Sans Thai": ("justmytype_intl_sea", "NotoSansThai[wdth,wght].ttf"),
    "Noto Sans SC": ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
}
"""The families, in the order they are tried, with the package and the file each comes in."""

INVISIBLE = frozenset("\n\u00ad\u200b\u200c\u200d\u2060")
"""Line ends, and the joiners and word breaks that the scripts of the region are written with."""


def directories() -> list[Path]:
    """Where the fonts are that this installation has."""
    return sorted({path.parent for path in _files()})


def missing(texts: Iterable[str]) -> set[str]:
    """The characters of these texts that no font here can show."""
    return set().union(*texts) - INVISIBLE - _covered()


def spelled(text: str, missing: Iterable[str]) -> str:
    """The text with the number of each missing character in its place: [U+1F600]."""
    return text.translate({ord(char): f"[U+{ord(char):04X}]" for char in missing})


def warning(missing: set[str]) -> str:
    """What a person is told about them; empty if nothing is missing."""
    if not missing:
        return ""
    scripts = sorted({_script(char) for char in missing})
    return (
        f"No font here shows these characters ({', '.join(scripts)}), so their numbers stand in "
        f"their place: {', '.join(f'U+{ord(char):04X}' for char in sorted(missing)[:8])}"
        + (f" and {len(missing) - 8} more." if len(missing) > 8 else ".")
    )


def _script(char: str) -> str:
    """“Khmer” for a Khmer letter: a letter's name begins with its script's."""
    name = unicodedata.name(char, "")
    if unicodedata.category(char)[0] in "LM" and name:
        script = name.split()[0]
        return script if script == "CJK" else script.capitalize()
    return "signs" if name else "control characters"


@cache
def _files() -> tuple[Path, ...]:
    found: list[Path] = []
    for package, name in FAMILIES.values():
        spec = find_spec(package)
        for directory in (spec.submodule_search_locations or []) if spec else []:
            found += Path(directory).rglob(name.replace("[", "[[]"))
    return tuple(found)


@cache
def _covered() -> frozenset[str]:
    """What can be shown; private and control characters mean nothing to a reader and are not."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    codes: set[int] = set()
    for path in _files():
        with TTFont(path, lazy=True) as font:
            codes |= font.getBestCmap().keys()
    return frozenset(char for char in map(chr, codes) if unicodedata.category(char)[0] != "C")

"""Which language does a reader read, and how does it say this?

English is what the program is written in; other languages are catalogues beside it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, get_datetime_format, get_timezone_location
from babel.lists import format_list
from babel.numbers import format_decimal

from schemas.programme import Programme
from secretariat.catalogues import OURS, PROGRAMMES, catalogue

_SERIF = "Georgia,'Noto Serif',serif"


@dataclass(frozen=True)
class Language:
    """How one language says things: ``tag`` is for HTML, ``cldr`` for dates and lists.

    ``name`` is what its readers call it, which stands on every page: asked of the CLDR, it would
    have all read that it knows of seven languages. ``fonts`` are those a reader's machine brings
    along; ``leading`` is the height of a line in letters, so that vowels above and below find room.
    """

    code: str
    tag: str
    cldr: str
    name: str
    fonts: str = _SERIF
    leading: float = 1.5

    def gettext(self, message: str) -> str:
        """A text of the program."""
        return catalogue(OURS, self.code, "secretariat").gettext(message) if message else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """A text of the program that depends on a number, by the language's own rule."""
        return catalogue(OURS, self.code, "secretariat").ngettext(one, many, count)

    def phrase(self, message: str, **facts: Any) -> str:
        """A text of the program with its ``{facts}`` filled in."""
        return self.gettext(message).format(**facts)

    def text_of(self, programme: Programme, text: str) -> str:
        """A text of the programme file, such as a name or a title."""
        return catalogue(PROGRAMMES, self.code, programme.slug).gettext(text) if text else ""

    def number(self, value: int) -> str:
        """“1,589”."""
        return format_decimal(value, locale=_locale(self.cldr))

    def day(self, day: date) -> str:
        """“10 March 2020”."""
        return format_date(day, "long", _locale(self.cldr))

    def short(self, day: date) -> str:
        """“10 Mar 2020”."""
        return format_date(day, "medium", _locale(self.cldr))

    def month(self, day: date) -> str:
        """“March 2020”."""
        return format_skeleton("yMMMM", day, locale=_locale(self.cldr))

    def short_month(self, day: date) -> str:
        """“Mar 2020”."""
        return format_skeleton("yMMM", day, locale=_locale(self.cldr))

    def weekday(self, day: date) -> str:
        """“Tuesday, 10 March 2020”."""
        return format_date(day, "full", _locale(self.cldr))

    def moment(self, at: datetime) -> str:
        """“Tuesday, 10 March 2020, 17:00”, in the zone ``at`` has."""
        return self._timed("full", self.weekday(at.date()), at)

    def short_moment(self, at: datetime) -> str:
        """“10 Mar 2020, 17:00”, in the zone ``at`` has."""
        return self._timed("medium", self.short(at.date()), at)

    def _timed(self, length: Literal["full", "medium"], day: str, at: datetime) -> str:
        time = format_skeleton("Hm", at.replace(tzinfo=None), locale=_locale(self.cldr))
        both = str(get_datetime_format(length, _locale(self.cldr))).replace("'", "")
        return both.replace("{0}", time).replace("{1}", day)

    def place(self, zone: str) -> str:
        """The city a time zone is named by."""
        return get_timezone_location(ZoneInfo(zone), locale=_locale(self.cldr), return_city=True)

    def listed(self, parts: list[str]) -> str:
        """“a, b and c”."""
        return format_list(parts, locale=_locale(self.cldr))

    def either(self, parts: list[str]) -> str:
        """“a, b or c”."""
        return format_list(parts, style="or", locale=_locale(self.cldr))

    @property
    def heading(self) -> float:
        """The height of a line in a heading, which is larger and shorter."""
        return self.leading - 0.2

    @property
    def english_name(self) -> str:
        return str(_locale(self.cldr).english_name)


ENGLISH = Language("en", "en", "en_GB", "English")
_OTHERS = (
    Language("km", "km", "km", "ខ្មែរ", "'Khmer UI','Khmer OS','Noto Sans Khmer',sans-serif", 1.8),
    Language(
        "lo", "lo", "lo", "ລາວ", "'Phetsarath OT','Leelawadee UI','Noto Sans Lao',sans-serif", 1.8
    ),
    Language(
        "my", "my", "my", "မြန်မာ", "'Myanmar Text',Pyidaungsu,'Noto Sans Myanmar',sans-serif", 1.9
    ),
    Language("th", "th", "th", "ไทย", "'Leelawadee UI',Thonburi,'Noto Sans Thai',sans-serif", 1.8),
    Language("vi", "vi", "vi", "Tiếng Việt"),
    Language(
        "zh",
        "zh-Hans",
        "zh",
        "中文",
        "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif",
    ),
)
LANGUAGES = {language.code: language for language in (ENGLISH, *_OTHERS)}


def language_of(code: str) -> Language:
    """The language of a code in the programme; English where we have no other."""
    return LANGUAGES.get(code, ENGLISH)


@cache
def _locale(cldr: str) -> Locale:
    return Locale.parse(cldr)

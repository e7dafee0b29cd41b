"""How is a figure of a return said, in the reader's language?"""

from schemas.programme import Programme
from schemas.return_acts import Given
from secretariat import words
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language

NOT_AVAILABLE = marked("not available ({reason})")
WITH_PARTS = marked("{count} ({parts})")
OPEN = marked("not given")


def name_of(programme: Programme, indicator: str, about: str, language: Language = ENGLISH) -> str:
    """“Persons convicted of trafficking”; of a pair, with its countries."""
    found = programme.indicator(indicator)
    name = language.text_of(programme, found.name) if found else indicator
    if found and found.of == "pair":
        return f"{name}, {words.receiver_name(programme, about, language)}"
    return name


def said(given: Given, language: Language = ENGLISH) -> str:
    """“848 (430 women, 418 men)”, or why it is not available."""
    if given.unavailable:
        return language.phrase(NOT_AVAILABLE, reason=given.unavailable)
    if given.value is None:
        return language.gettext(OPEN)
    count = language.number(given.value)
    if not given.parts:
        return count
    parts = [f"{language.number(n)} {language.gettext(part)}" for part, n in given.parts.items()]
    return language.phrase(WITH_PARTS, count=count, parts=language.listed(parts))

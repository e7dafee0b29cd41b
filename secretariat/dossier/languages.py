"""What are a country and a language called, in English and by those who live there?"""

from functools import cache

from babel import Locale, UnknownLocaleError

from schemas.programme import Member


@cache
def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language)
    except UnknownLocaleError:
        return None


def own_name(member: Member) -> str:
    """“ລາວ” for Lao PDR; the programme's name where the language or the country is unknown."""
    locale = _locale(member.language)
    return str(locale.territories.get(member.code, member.name)) if locale else member.name


def with_own_name(member: Member) -> str:
    """“Cambodia · កម្ពុជា”."""
    return _both(member.name, own_name(member))


def language_name(code: str) -> str:
    """“Khmer · ខ្មែរ”; the code itself where it is unknown."""
    locale = _locale(code)
    if locale is None:
        return code
    return _both(str(locale.english_name), str(locale.display_name))


def _both(here: str, there: str) -> str:
    return here if here.casefold() == there.casefold() else f"{here} · {there}"

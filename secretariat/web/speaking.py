"""Which language does a page speak, and how does it name things and days in it?"""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request

from schemas.anchor import Anchor
from schemas.programme import Programme
from schemas.texts import inert
from secretariat import asked, ledger, meeting_words, words
from secretariat.errors import AllOf, OneOf, SecretariatError, UnreachableError
from secretariat.languages import ENGLISH, LANGUAGES, Language, language_of
from secretariat.moments import last_day
from secretariat.web import choices, signin

_WHO = ("body", "by", "owner", "host")  # facts of an error that are bodies, or members


def language_at(request: Request) -> Language:
    """The language of the page asked for: English where the reader of a link chose it."""
    return ENGLISH if asked_for(request) else _own_language(request)


def asked_for(request: Request) -> str:
    """The query of a page read in English by choice, to be kept on the way to the next."""
    return "?lang=en" if request.query_params.get("lang") == ENGLISH.code else ""


def _own_language(request: Request) -> Language:
    """Of whoever a link was mailed to; else as chosen, of who is signed in, or of the browser.

    Programs are answered in English.
    """
    if request.url.path.startswith("/api/"):
        return ENGLISH
    if reader := getattr(request.state, "reader", None):
        return language_of(reader.language)
    return choices.language(request) or _of_contact(request) or _of_browser(request)


def _of_contact(request: Request) -> Language | None:
    """A page that says the store is away goes by the browser."""
    try:
        found = signin.known(request)
    except UnreachableError:
        return None
    return language_of(found.contact.language) if found else None


def _of_browser(request: Request) -> Language:
    """The first its reader wants that we have."""
    wanted = request.headers.get("accept-language", "").split(",")
    codes = (part.strip()[:2].lower() for part in wanted)
    return next((LANGUAGES[code] for code in codes if code in LANGUAGES), ENGLISH)


def facts(request: Request) -> dict[str, Any]:
    """What every page knows of languages, and the names, phases and days as its own says them."""
    programme: Programme = request.app.state.parts.office.programme
    language = language_at(request)
    own = _own_language(request) if language is ENGLISH else ENGLISH
    by_link = request.url.path.startswith("/link/")
    names: dict[str, Callable[..., str]] = {
        "body_name": words.name_of,
        "member_name": words.member_name,
        "receiver_name": words.receiver_name,
        "function_name": words.function_name,
        "duty_name": words.duty_name,
        "role_name": words.role_name,
        "post_name": words.post_name,
        "step_title": words.step_title,
        "title_of": asked.title,
    }
    return {
        "language": language,
        "languages": LANGUAGES.values(),
        "keep": asked_for(request),
        "other_language": own if by_link else language,
        "spoken": language.gettext,
        "sentence": lambda e: words.sentence(programme, ledger.event(e), e.by, language),
        "text_of": partial(language.text_of, programme),
        "asked_of": partial(words.asked_of, language=language),
        "phase_name": partial(words.phase_name, language=language),
        "anchor_name": lambda anchor: words.anchor_name(Anchor.model_validate(anchor), language),
        "when": lambda anchor: meeting_words.when(Anchor.model_validate(anchor), language),
        "names": lambda bodies: ", ".join(words.name_of(programme, b, language) for b in bodies),
        "short": language.short,
        "day": language.day,
        "local": local(programme.zone, language),
        "first_day_of": lambda at, zone: local(zone, language)(at, "short"),
        "last_day_of": lambda end, zone: language.short(last_day(end, zone)),
        **{name: partial(way, programme, language=language) for name, way in names.items()},
    }


def local(zone: str, language: Language) -> Callable[..., str]:
    """Instants in ``zone``, as “3 Jan 2019, 10:00” or as another way of the language."""

    def in_words(at: datetime, how: str = "short_moment") -> str:
        said: Callable[[datetime], str] = getattr(language, how)
        return said(at.astimezone(ZoneInfo(zone)))

    return in_words


def said(request: Request, error: SecretariatError, *, named: bool) -> str:
    """What went wrong, in the language of the page; ``named``: to people, who know no slugs."""
    language = language_at(request)
    if not error.facts:
        return language.gettext(str(error))
    programme = request.app.state.parts.office.programme
    called = partial(_called, programme, language) if named else language.gettext
    told = {name: _told(name, fact, language, called) for name, fact in error.facts.items()}
    return inert(language.phrase(error.words, **told))


def _told(name: str, fact: Any, language: Language, called: Callable[[str], str]) -> Any:
    if isinstance(fact, date):
        return language.day(fact)
    if isinstance(fact, OneOf):
        return language.either([called(each) for each in fact])
    if isinstance(fact, AllOf):
        return language.listed([language.gettext(each) for each in fact])
    if isinstance(fact, str):
        return called(fact) if name in _WHO else language.gettext(fact)
    return fact


def _called(programme: Programme, language: Language, who: str) -> str:
    if programme.body(who):
        return words.name_of(programme, who, language)
    if programme.member(who):
        return words.member_name(programme, who, language)
    return language.gettext(who)

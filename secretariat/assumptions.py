"""The forecast in words: what it says, and on what it rests."""

from collections.abc import Iterator
from datetime import datetime
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from schemas.forecast import By, Forecast
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language
from secretariat.pace import SHAPES, Past, Tempo

MONTH = 365.25 / 12
_WHILE_PAUSED = marked("Not all {total} functions can be fully transferred while some are paused.")
_NOT_SOON = marked("All {total} functions will rather not be fully transferred within ten years.")
_OPEN_ENDED = marked(
    "In 10 of 100 futures it is before {early}, in more than 10 after {horizon}, beyond which "
    "nothing is said."
)
_BEYOND = marked("In more than 90 of 100 futures it is after {horizon}.")


def verdict(found: Forecast, zone: str, language: Language = ENGLISH) -> list[str]:
    """The answer in a few sentences, dates in ``zone``."""
    facts: dict[str, Any] = {"total": found.total}
    if not found.reached:
        facts["day"] = language.day(found.past[-1][0].astimezone(ZoneInfo(zone)))
        return [
            language.phrase(
                "All {total} functions have been fully transferred since {day}.", **facts
            )
        ]
    when = _when(found, zone, language)
    said = [f"{when} {_span(found.reached[-1].by, found, zone, language)}"]
    if found.closes and found.at_close and found.chance is not None:
        said.append(
            language.phrase(
                "When the programme closes, on {day}, {middle} of {total} will be ({range} in 80 "
                "of 100 futures); the chance of all {total} by then is {chance}.",
                day=language.day(found.closes),
                middle=found.at_close.middle,
                range=_range(found.at_close.low, found.at_close.high, language),
                chance=percent(found.chance, language),
                **facts,
            )
        )
    elif found.closes:
        said.append(
            language.phrase(
                "The programme closed on {day}; {left} of {total} functions were left.",
                day=language.day(found.closes),
                left=found.total - found.fully,
                **facts,
            )
        )
    return said


def _when(found: Forecast, zone: str, language: Language) -> str:
    if middle := found.reached[-1].by.middle:
        return language.phrase(
            "All {total} functions will be fully transferred around {month}.",
            total=found.total,
            month=month(middle, zone, language),
        )
    paused = any(ahead.paused for ahead in found.functions)
    return language.phrase(_WHILE_PAUSED if paused else _NOT_SOON, total=found.total)


def _span(by: By, found: Forecast, zone: str, language: Language) -> str:
    early, late, horizon = (
        month(at, zone, language) if at else "" for at in (by.early, by.late, found.horizon)
    )
    if early and late:
        return language.phrase(
            "In 80 of 100 futures it is between {early} and {late}.", early=early, late=late
        )
    return language.phrase(_OPEN_ENDED if early else _BEYOND, early=early, horizon=horizon)


def assumptions(
    lived: Past, zone: str, paused: int, language: Language = ENGLISH
) -> tuple[str, ...]:
    """What a forecast rests on, with the figures used."""
    return tuple(_assumptions(lived, zone, paused, language))


def _assumptions(lived: Past, zone: str, paused: int, language: Language) -> Iterator[str]:
    evidence = lived.evidence
    yield language.phrase(
        "The future goes at the pace of the past: {days} days since {day}, with {moves} moves of "
        "holdings. Holdings of one function that take the same step within a week count as one "
        "wave; there were {waves}.",
        days=(lived.now - lived.begun).days,
        day=language.day(lived.begun.astimezone(ZoneInfo(zone))),
        moves=lived.moves,
        waves=len(evidence.handover.waits) + len(evidence.lead.waits),
    )
    handover, lead = (" ".join(_waits(t, language)) for t in (evidence.handover, evidence.lead))
    yield language.phrase("From UN-led to shared: {waits}", waits=handover)
    yield language.phrase("From shared to government-led: {waits}", waits=lead)
    yield f"{_setbacks(lived, language)} {_undone(evidence.undone, language)}"
    yield language.gettext(
        "All functions go at the same pace, whoever receives them; if some are slower by nature, "
        "the end is later than said. Each goes by itself: a meeting that moves many at once is not "
        "foreseen, nor that the closing day hurries anybody."
    )
    if paused:
        yield language.ngettext(
            "{count} holding is paused; nothing paused moves in any future.",
            "{count} holdings are paused; nothing paused moves in any future.",
            paused,
        ).format(count=paused)


def _waits(tempo: Tempo, language: Language) -> Iterator[str]:
    """How long a step was waited for, a sentence each."""
    if not tempo.waits:
        yield language.gettext("never seen; it is taken as slow.")
        return
    yield language.ngettext(
        "{count} wave, after {least} to {most} days of waiting, {middle} in the middle.",
        "{count} waves, after {least} to {most} days of waiting, {middle} in the middle.",
        len(tempo.waits),
    ).format(
        count=len(tempo.waits),
        least=f"{min(tempo.waits):.0f}",
        most=f"{max(tempo.waits):.0f}",
        middle=f"{median(tempo.waits):.0f}",
    )
    if tempo.waiting:
        yield language.ngettext(
            "{count} wait had not ended, after {middle} days in the middle.",
            "{count} waits had not ended, after {middle} days in the middle.",
            len(tempo.waiting),
        ).format(count=len(tempo.waiting), middle=f"{median(tempo.waiting):.0f}")
    if tempo.shares:
        yield language.phrase(
            "On average a wave took along {share} of what waited.",
            share=f"{mean(tempo.shares):.0%}",
        )
    yield _memory(tempo, language)


def _memory(tempo: Tempo, language: Language) -> str:
    weights = tempo.likelihoods()
    shape = sum(s * w for s, w in zip(SHAPES, weights, strict=True)) / sum(weights)
    words = marked("How long the wait has lasted makes no difference (shape {shape}).")
    if shape > 1.2:
        words = marked("The longer the wait has lasted, the likelier is its end (shape {shape}).")
    if shape < 0.85:
        words = marked(
            "The longer the wait has lasted, the less likely is its end (shape {shape})."
        )
    return language.phrase(words, shape=f"{shape:.1f}")


def _setbacks(lived: Past, language: Language) -> str:
    months = language.number(round(lived.evidence.shared_days / MONTH))
    if back := lived.evidence.setbacks:
        return language.ngettext(
            "{count} time in {months} holding-months of sharing a holding was given back; this "
            "goes on.",
            "{count} times in {months} holding-months of sharing a holding was given back; this "
            "goes on.",
            back,
        ).format(count=back, months=months)
    return language.phrase(
        "No holding was given back in {months} holding-months of sharing; as that does not prove "
        "that none ever will be, half a one is counted.",
        months=months,
    )


def _undone(count: int, language: Language) -> str:
    if not count:
        return language.gettext("What is fully transferred stays so.")
    return language.ngettext(
        "What is fully transferred stays so, although {count} time even this was given back.",
        "What is fully transferred stays so, although {count} times even this was given back.",
        count,
    ).format(count=count)


def percent(share: float, language: Language = ENGLISH) -> str:
    """“less than 1%”, “37%”, “more than 99%”: a simulation proves neither never nor always."""
    if share < 0.01:
        return language.gettext("less than 1%")
    return language.gettext("more than 99%") if share > 0.99 else f"{share:.0%}"


def month(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    return language.month(at.astimezone(ZoneInfo(zone)))


def short_month(at: datetime | None, zone: str, language: Language = ENGLISH) -> str:
    """“May 2021”; what lies beyond the horizon is “later”."""
    return language.short_month(at.astimezone(ZoneInfo(zone))) if at else language.gettext("later")


def _range(low: int, high: int, language: Language) -> str:
    return language.phrase("{low} to {high}", low=low, high=high) if low < high else f"{low}"

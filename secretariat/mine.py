"""What needs a body first? Everything that waits for an answer or a deed of it, soonest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select

from schemas.meeting_tables import Objection, Silence
from schemas.return_tables import FigureReturn
from schemas.tables import Holding, Obligation, Review
from secretariat import asked
from secretariat.catalogues import marked
from secretariat.commands import promises
from secretariat.commands.office import Desk
from secretariat.commands.returns import judges
from secretariat.languages import ENGLISH, Language
from secretariat.words import duty_name, name_of, receiver_name


@dataclass(frozen=True)
class Need:
    """One thing a body is waited for: ``page`` is where it is done, ``by`` when, if there is a day.

    ``kind`` says what it is to do, in words.
    """

    kind: str
    title: str
    page: str
    by: datetime | None
    late: bool


def needs(desk: Desk, body: str, language: Language = ENGLISH) -> list[Need]:
    found = [
        need
        for of_a_kind in (_obligations, _offers, _reviews, _statements, _judgements)
        for need in of_a_kind(desk, body, language)
    ]
    return sorted(found, key=lambda need: (need.by is None, need.by or desk.now, need.page))


def _obligations(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    """What it is asked, papers for meetings among it; what it handed in waits for others."""
    handed_in = _handed_in(desk)
    for obligation in asked.asked(desk.session, body=body):
        if obligation.asked_at <= desk.now and obligation.id not in handed_in:
            seen = obligation.acknowledged_at is not None
            kind = marked("do it") if seen else marked("acknowledge and do it")
            yield _about(desk, language.gettext(kind), obligation, obligation.do_by, language)


def _offers(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    for holding in desk.session.exec(select(Holding).where(Holding.offered_to == body)):
        yield _at(desk, language.gettext("answer the offer"), holding, holding.answer_by, language)


def _reviews(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    waiting = select(Review.holding).where(col(Review.answered_at).is_(None))
    query = select(Holding).where(Holding.owner == body, col(Holding.id).in_(waiting))
    for holding in desk.session.exec(query):
        kind = language.gettext("say whether it is still performed")
        yield _at(desk, kind, holding, None, language)


def _statements(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    if body not in desk.programme.task_forces():
        return
    query = select(Silence).where(col(Silence.state).in_(("open", "broken")))
    for silence in desk.session.exec(query.where(Silence.ends_at > desk.now)):
        if desk.session.get(Objection, (silence.id, body)) is None:
            title = language.phrase("Draft joint statement of {som}", som=silence.som)
            kind = language.gettext("read it, object if need be")
            yield Need(kind, title, f"/meetings/{silence.som}", silence.ends_at, late=False)


def _judgements(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    """More time that is asked for, and figures to be verified."""
    for obligation in asked.asked(desk.session):
        if obligation.wanted_on and promises.answering_body(desk, obligation) == body:
            kind = language.gettext("give more time or not")
            yield _of_another(desk, kind, obligation, obligation.do_by, language)
    for key in _handed_in(desk):
        obligation = desk.session.get_one(Obligation, key)
        if body in judges(desk, obligation):
            kind = language.gettext("verify the figures")
            yield _of_another(desk, kind, obligation, None, language)


def _handed_in(desk: Desk) -> set[str]:
    query = select(FigureReturn.id).where(FigureReturn.state == "submitted")
    return set(desk.session.exec(query))


def _about(
    desk: Desk, kind: str, obligation: Obligation, by: datetime | None, language: Language
) -> Need:
    late = by is not None and by <= desk.now
    title = asked.title(desk.programme, obligation, language)
    return Need(kind, title, f"/obligations/{obligation.id}", by, late)


def _of_another(
    desk: Desk, kind: str, obligation: Obligation, by: datetime | None, language: Language
) -> Need:
    """What another body did or wants; its name tells it from the same of others."""
    need = _about(desk, kind, obligation, by, language)
    whose = name_of(desk.programme, obligation.body, language)
    return replace(need, title=f"{whose}: {need.title}")


def _at(desk: Desk, kind: str, holding: Holding, by: datetime | None, language: Language) -> Need:
    title = language.phrase(
        "{duty} ({receiver})",
        duty=duty_name(desk.programme, holding.function, holding.duty, language),
        receiver=receiver_name(desk.programme, holding.receiver, language),
    )
    late = by is not None and by <= desk.now
    return Need(kind, title, f"/holdings/{holding.id}", by, late)

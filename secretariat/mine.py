"""What needs a body first? Everything that waits for an answer or a deed of it, soonest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

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

MOST = 8
_HANDED_IN = exists().where(
    col(FigureReturn.id) == col(Obligation.id), col(FigureReturn.state) == "submitted"
)


@dataclass(frozen=True)
class Need:
    """One thing a body is waited for: ``page`` is where it is done, ``by`` when, if there is a day.

    ``kind`` says what it is to do, in words; ``day`` is the one that ends with ``by``, where the
    body works.
    """

    kind: str
    title: str
    page: str
    by: datetime | None
    day: date | None
    late: bool


@dataclass(frozen=True)
class Needs:
    """The soonest of all that waits for a body, and how much there is in all."""

    soonest: list[Need]
    count: int


Kind = tuple[SelectOfScalar[Any], Callable[[Any], Need]]
"""What is looked for, the soonest first, and how one of it is said."""


def needs(desk: Desk, body: str, language: Language = ENGLISH, most: int = MOST) -> Needs:
    """The ``most`` urgent; however much waits, of each kind no more is read than may be shown."""
    found = list(_statements(desk, body, language))
    count = len(found)
    steers = body in (desk.bodies.steward, desk.programme.chair)
    judged = (_wishes, _figures) if steers else ()
    for of_a_kind in (_obligations, _offers, _reviews, *judged):
        query, in_words = of_a_kind(desk, body, language)
        rows = list(desk.session.exec(query.limit(most + 1)))
        count += _count(desk.session, query) if len(rows) > most else len(rows)
        found += [in_words(row) for row in rows]
    found.sort(key=lambda need: (need.by is None, need.by or desk.now, need.page))
    return Needs(found[:most], count)


def _count(session: Session, query: SelectOfScalar[Any]) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    return int(session.connection().execute(counted).scalar_one())


def _obligations(desk: Desk, body: str, language: Language) -> Kind:
    """What it is asked, papers for meetings among it; what it handed in waits for others."""

    def in_words(obligation: Obligation) -> Need:
        seen = obligation.acknowledged_at is not None
        kind = marked("do it") if seen else marked("acknowledge and do it")
        return _about(desk, language.gettext(kind), obligation, obligation.do_by, language)

    query = _open().where(Obligation.body == body, Obligation.asked_at <= desk.now)
    return query.where(~_HANDED_IN), in_words


def _open() -> SelectOfScalar[Obligation]:
    query = select(Obligation).where(col(Obligation.done_at).is_(None))
    return query.order_by(col(Obligation.do_by), col(Obligation.id))


def _offers(desk: Desk, body: str, language: Language) -> Kind:
    def in_words(holding: Holding) -> Need:
        return _at(desk, language.gettext("answer the offer"), holding, holding.answer_by, language)

    query = select(Holding).where(Holding.offered_to == body)
    return query.order_by(col(Holding.answer_by), col(Holding.id)), in_words


def _reviews(desk: Desk, body: str, language: Language) -> Kind:
    def in_words(holding: Holding) -> Need:
        kind = language.gettext("say whether it is still performed")
        return _at(desk, kind, holding, None, language)

    waiting = select(Review.holding).where(col(Review.answered_at).is_(None))
    query = select(Holding).where(Holding.owner == body, col(Holding.id).in_(waiting))
    return query.order_by(col(Holding.id)), in_words


def _statements(desk: Desk, body: str, language: Language) -> Iterator[Need]:
    if body not in desk.programme.task_forces():
        return
    query = select(Silence).where(col(Silence.state).in_(("open", "broken")))
    for silence in desk.session.exec(query.where(Silence.ends_at > desk.now)):
        if desk.session.get(Objection, (silence.id, body)) is None:
            title = language.phrase("Draft joint statement of {som}", som=silence.som)
            kind = language.gettext("read it, object if need be")
            page = f"/meetings/{silence.som}"
            yield Need(kind, title, page, silence.ends_at, silence.until, late=False)


def _wishes(desk: Desk, body: str, language: Language) -> Kind:
    """More time that is asked for."""

    def in_words(obligation: Obligation) -> Need:
        kind = language.gettext("give more time or not")
        return _of_another(desk, kind, obligation, obligation.do_by, language)

    bodies = (each.slug for each in desk.programme.bodies)
    answered = [each for each in bodies if promises.answering_body(desk, each) == body]
    query = _open().where(col(Obligation.wanted_on).is_not(None))
    return query.where(col(Obligation.body).in_(answered)), in_words


def _figures(desk: Desk, body: str, language: Language) -> Kind:
    """Figures to be verified."""

    def in_words(obligation: Obligation) -> Need:
        kind = language.gettext("verify the figures")
        return _of_another(desk, kind, obligation, None, language)

    judged = [each.slug for each in desk.programme.bodies if body in judges(desk, each.slug)]
    query = select(Obligation).where(_HANDED_IN)
    return query.where(col(Obligation.body).in_(judged)).order_by(col(Obligation.id)), in_words


def _about(
    desk: Desk, kind: str, obligation: Obligation, by: datetime | None, language: Language
) -> Need:
    late = by is not None and by <= desk.now
    title = asked.title(desk.programme, obligation, language)
    day = obligation.due_on if by else None
    return Need(kind, title, f"/obligations/{obligation.id}", by, day, late)


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
    day = desk.calendar(holding.offered_to).last_day(by) if by and holding.offered_to else None
    return Need(kind, title, f"/holdings/{holding.id}", by, day, late)

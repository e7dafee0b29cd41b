"""What needs a body first? Everything that waits for an answer or a deed of it, soonest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select

from schemas.meeting_tables import Objection, Silence
from schemas.return_tables import FigureReturn
from schemas.tables import Holding, Obligation, Review
from secretariat import asked
from secretariat.commands import promises
from secretariat.commands.office import Desk
from secretariat.commands.returns import judges
from secretariat.words import name_of, receiver_name


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


def needs(desk: Desk, body: str) -> list[Need]:
    found = [
        *_obligations(desk, body),
        *_offers(desk, body),
        *_reviews(desk, body),
        *_statements(desk, body),
        *_judgements(desk, body),
    ]
    return sorted(found, key=lambda need: (need.by is None, need.by or desk.now, need.page))


def _obligations(desk: Desk, body: str) -> Iterator[Need]:
    """What it is asked, papers for meetings among it; what it handed in waits for others."""
    handed_in = _handed_in(desk)
    for obligation in asked.asked(desk.session, body=body):
        if obligation.asked_at <= desk.now and obligation.id not in handed_in:
            kind = "do it" if obligation.acknowledged_at else "acknowledge and do it"
            yield _about(desk, kind, obligation, obligation.do_by)


def _offers(desk: Desk, body: str) -> Iterator[Need]:
    for holding in desk.session.exec(select(Holding).where(Holding.offered_to == body)):
        yield _at(desk, "answer the offer", holding, holding.answer_by)


def _reviews(desk: Desk, body: str) -> Iterator[Need]:
    waiting = select(Review.holding).where(col(Review.answered_at).is_(None))
    query = select(Holding).where(Holding.owner == body, col(Holding.id).in_(waiting))
    for holding in desk.session.exec(query):
        yield _at(desk, "say whether it is still performed", holding, None)


def _statements(desk: Desk, body: str) -> Iterator[Need]:
    if body not in desk.programme.task_forces():
        return
    query = select(Silence).where(col(Silence.state).in_(("open", "broken")))
    for silence in desk.session.exec(query.where(Silence.ends_at > desk.now)):
        if desk.session.get(Objection, (silence.id, body)) is None:
            title = f"Draft joint statement of {silence.som}"
            page = f"/meetings/{silence.som}"
            yield Need("read it, object if need be", title, page, silence.ends_at, late=False)


def _judgements(desk: Desk, body: str) -> Iterator[Need]:
    """More time that is asked for, and figures to be verified."""
    for obligation in asked.asked(desk.session):
        if obligation.wanted_on and promises.answering_body(desk, obligation) == body:
            yield _of_another(desk, "give more time or not", obligation, obligation.do_by)
    for key in _handed_in(desk):
        obligation = desk.session.get_one(Obligation, key)
        if body in judges(desk, obligation):
            yield _of_another(desk, "verify the figures", obligation, None)


def _handed_in(desk: Desk) -> set[str]:
    query = select(FigureReturn.id).where(FigureReturn.state == "submitted")
    return set(desk.session.exec(query))


def _about(desk: Desk, kind: str, obligation: Obligation, by: datetime | None) -> Need:
    late = by is not None and by <= desk.now
    title = asked.title(desk.programme, obligation)
    return Need(kind, title, f"/obligations/{obligation.id}", by, late)


def _of_another(desk: Desk, kind: str, obligation: Obligation, by: datetime | None) -> Need:
    """What another body did or wants; its name tells it from the same of others."""
    need = _about(desk, kind, obligation, by)
    return replace(need, title=f"{name_of(desk.programme, obligation.body)}: {need.title}")


def _at(desk: Desk, kind: str, holding: Holding, by: datetime | None) -> Need:
    function = desk.programme.function(holding.function)
    duties = {duty.slug: duty.name for duty in function.duties} if function else {}
    where = receiver_name(desk.programme, holding.receiver)
    title = f"{duties.get(holding.duty, holding.duty)} ({where})"
    late = by is not None and by <= desk.now
    return Need(kind, title, f"/holdings/{holding.id}", by, late)

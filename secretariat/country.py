"""What does one government have, and what is asked of it? Read off the store for its page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from schemas.figures import StrandSeen
from schemas.phase import Phase
from schemas.programme import Function, Member, Programme
from schemas.return_tables import FigureReturn
from schemas.tables import Holding, Obligation
from secretariat import asked, board, chair, figures, people
from secretariat.catalogues import marked
from secretariat.chair import TurnSeen
from secretariat.commands.office import Desk
from secretariat.errors import UnknownError
from secretariat.ownership import ENGINE
from secretariat.people import PostSeen

_BY_ID = select(Holding).order_by(Holding.id)


@dataclass(frozen=True)
class CountrySeen:
    """One member: how much it has and is asked in all, and the first of each.

    ``held`` is by function, of ``functions``; ``offered`` waits for its answer.
    """

    member: Member
    body: str
    functions: int
    held: list[tuple[Function, list[Holding]]]
    count: int
    led: int
    offered: list[Holding]
    open: int
    late: int
    obligations: list[Obligation]
    returns: list[FigureReturn]
    strands: list[StrandSeen]
    posts: list[PostSeen]
    turns: list[TurnSeen]


def country(
    session: Session,
    programme: Programme,
    code: str,
    now: datetime,
    *,
    functions: int,
    obligations: int,
) -> CountrySeen:
    """With so many functions of what it has, and so many obligations. Raises UnknownError."""
    member = programme.member(code)
    if member is None:
        raise UnknownError(
            marked("“{code}” is no member of {name}."), code=code, name=programme.name
        )
    body = programme.task_force(code)
    here = col(Holding.receiver).in_(_receivers(session, code))
    of = set(session.exec(select(Holding.function).where(here).distinct()))
    having = [function for function in programme.functions if function.slug in of]
    shown = having[:functions]
    led = col(Holding.phase).in_((Phase.GOVERNMENT_LED, Phase.COMPLETED))
    returns = select(FigureReturn).where(FigureReturn.body == body)
    return CountrySeen(
        member=member,
        body=body,
        functions=len(having),
        held=_held(session, shown, here),
        count=session.exec(select(func.count()).where(here)).one(),
        led=session.exec(select(func.count()).where(here, led)).one(),
        offered=list(session.exec(_BY_ID.where(here, Holding.offered_to == body))),
        open=asked.count(session, body=body),
        late=asked.count(session, body=body, late_at=now),
        obligations=asked.asked(session, body=body, most=obligations),
        returns=list(session.exec(returns.order_by(col(FigureReturn.period).desc()))),
        strands=_strands(session, programme, code, shown),
        posts=[
            each
            for each in people.seen(Desk(session, programme, now, ENGINE), session)
            if code == each.post.member or each.post.body == body
        ],
        turns=[each for each in chair.seen(session, programme) if each.turn.member == code],
    )


def _receivers(session: Session, code: str) -> list[str]:
    """Whose duties are a country's: its own, its pairs', the chair's while it chairs."""
    term = board.chair(session).term
    receivers = session.exec(select(Holding.receiver).distinct())
    return [receiver for receiver in receivers if code in board.countries(receiver, term)]


def _held(
    session: Session, functions: list[Function], here: ColumnElement[bool]
) -> list[tuple[Function, list[Holding]]]:
    own: dict[str, list[Holding]] = {function.slug: [] for function in functions}
    for holding in session.exec(_BY_ID.where(here, col(Holding.function).in_(own))):
        own[holding.function].append(holding)
    return [(function, own[function.slug]) for function in functions]


def _strands(
    session: Session, programme: Programme, code: str, functions: list[Function]
) -> list[StrandSeen]:
    """The strands developed there, with what is reported of it and of its pairs alone."""
    found = []
    for function in functions:
        for strand in figures.strands(session, programme, function):
            own = {r: name for r, name in strand.receivers.items() if code in r.split("-")}
            if own:
                reports = {k: r for k, r in strand.reports.items() if r.receiver in own}
                found.append(strand.model_copy(update={"receivers": own, "reports": reports}))
    return found

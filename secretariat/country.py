"""What does one government have, and what is asked of it? Read off the store for its page."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

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


@dataclass(frozen=True)
class CountrySeen:
    """One member: ``held`` by function, how much of it is led, and what waits for its answer."""

    member: Member
    body: str
    held: list[tuple[Function, list[Holding]]]
    led: int
    offered: list[Holding]
    obligations: list[Obligation]
    late: int
    returns: list[FigureReturn]
    strands: list[StrandSeen]
    posts: list[PostSeen]
    turns: list[TurnSeen]

    @property
    def count(self) -> int:
        return sum(len(holdings) for _, holdings in self.held)


def country(session: Session, programme: Programme, code: str, now: datetime) -> CountrySeen:
    """Raises UnknownError."""
    member = programme.member(code)
    if member is None:
        raise UnknownError(
            marked("“{code}” is no member of {name}."), code=code, name=programme.name
        )
    body = programme.task_force(code)
    here = _here(session, programme, code)
    holdings = [holding for _, found in here for holding in found]
    obligations = asked.asked(session, body=body)
    returns = select(FigureReturn).where(FigureReturn.body == body)
    return CountrySeen(
        member=member,
        body=body,
        held=here,
        led=sum(Phase(h.phase) in (Phase.GOVERNMENT_LED, Phase.COMPLETED) for h in holdings),
        offered=[holding for holding in holdings if holding.offered_to == body],
        obligations=obligations,
        late=sum(obligation.do_by <= now for obligation in obligations),
        returns=list(session.exec(returns.order_by(col(FigureReturn.period).desc()))),
        strands=_strands(session, programme, code),
        posts=[
            each
            for each in people.seen(Desk(session, programme, now, ENGINE), session)
            if code == each.post.member or each.post.body == body
        ],
        turns=[each for each in chair.seen(session, programme) if each.turn.member == code],
    )


def _here(
    session: Session, programme: Programme, code: str
) -> list[tuple[Function, list[Holding]]]:
    """The holdings of a country by function: its own, its pairs', the chair's while it chairs."""
    term = board.chair(session).term
    found = [
        holding
        for holding in session.exec(select(Holding).order_by(Holding.id))
        if code in board.countries(holding.receiver, term)
    ]
    by_function = (
        (function, [holding for holding in found if holding.function == function.slug])
        for function in programme.functions
    )
    return [(function, own) for function, own in by_function if own]


def _strands(session: Session, programme: Programme, code: str) -> list[StrandSeen]:
    """The strands developed there, with what is reported of it and of its pairs alone."""
    found = []
    for function in programme.functions:
        for strand in figures.strands(session, programme, function):
            own = {r: name for r, name in strand.receivers.items() if code in r.split("-")}
            if own:
                reports = {k: r for k, r in strand.reports.items() if r.receiver in own}
                found.append(strand.model_copy(update={"receivers": own, "reports": reports}))
    return found

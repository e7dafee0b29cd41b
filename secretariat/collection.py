"""What came in for a year, from whom, how complete, how late? Read for page, paper, program."""

from datetime import datetime
from functools import reduce
from operator import add

from sqlmodel import Session, col, select

from schemas.programme import Programme
from schemas.return_acts import Given
from schemas.return_tables import FigureReturn
from schemas.returns import Collected, FigureCollected, RatesSeen, ReturnSeen
from schemas.tables import Obligation
from secretariat import given, returns, small, words
from secretariat.commands.office import Desk
from secretariat.commands.returns import asked_of
from secretariat.ownership import ENGINE
from secretariat.returns import Asked, Rates


def years(session: Session, programme: Programme) -> list[str]:
    """The years, and meetings, that figures were asked for, the latest first."""
    found = {returns.year_of(_period(each)) for each in _asking(session, programme)}
    return sorted(found, reverse=True)


def collected(
    session: Session,
    programme: Programme,
    now: datetime,
    year: str,
    *,
    function: str = "",
    guarded: bool = True,
) -> Collected:
    """The returns of a year, of one function or of all; ``guarded`` hides parts that are small."""
    desk = Desk(session, programme, now, ENGINE)
    asking = [
        each
        for each in _asking(session, programme)
        if returns.year_of(_period(each)) == year and (not function or each.function == function)
    ]
    seen = [_seen(desk, obligation, guarded) for obligation in asking]
    by_who: dict[str, list[Rates]] = {}
    for obligation, each in zip(asking, seen, strict=True):
        by_who.setdefault(_who(programme, each), []).append(_rates(obligation, each, now))
    members = [member.name for member in programme.members]
    order = sorted(by_who, key=lambda who: members.index(who) if who in members else 99)
    sums = {who: reduce(add, by_who[who]) for who in order}
    return Collected(
        year=year,
        at=now,
        guarded=guarded,
        returns=seen,
        rates=[_told(who, rates) for who, rates in sums.items()],
        overall=_told("All", reduce(add, sums.values())) if sums else None,
    )


def _asking(session: Session, programme: Programme) -> list[Obligation]:
    """The obligations that figures answer, by function, period and body."""
    steps = {
        (function.slug, milestone.slug): number
        for number, function in enumerate(programme.functions)
        for milestone in function.milestones
        if milestone.figures
    }
    bodies = {body.slug: number for number, body in enumerate(programme.bodies)}
    query = select(Obligation).where(
        col(Obligation.milestone).in_({slug for _, slug in steps}),
        col(Obligation.function).in_({slug for slug, _ in steps}),
    )
    found = [o for o in session.exec(query) if (o.function, o.milestone) in steps]
    return sorted(
        found, key=lambda o: (steps[o.function, o.milestone], o.cycle, bodies.get(o.body, 99))
    )


def _period(obligation: Obligation) -> str:
    return obligation.cycle.partition("/")[2]


def _seen(desk: Desk, obligation: Obligation, guarded: bool) -> ReturnSeen:
    kept = desk.session.get(FigureReturn, obligation.id)
    arrived = kept if kept and kept.submitted_at else None
    body = desk.programme.body(obligation.body)
    state = kept.state if kept else "asked"
    if obligation.done_at and not arrived:
        state = "ended"
    have = {one.key: one for one in map(Given.model_validate, arrived.figures if arrived else [])}
    return ReturnSeen(
        obligation=obligation.id,
        function=obligation.function,
        function_name=words.function_name(desk.programme, obligation.function),
        title=obligation.title,
        period=_period(obligation),
        body=obligation.body,
        body_name=words.name_of(desk.programme, obligation.body),
        member=body.member if body else None,
        due_on=obligation.due_on,
        state=state,
        late=arrived.late if arrived else obligation.do_by <= desk.now,
        number=arrived.number if arrived else None,
        submitted_at=arrived.submitted_at if arrived else None,
        verified_at=arrived.verified_at if arrived else None,
        correction=kept.correction if kept and state == "correction" else "",
        ended_why=obligation.note if state == "ended" else "",
        figures=[
            _figure(desk.programme, obligation, asked, have.get(asked.key), state, guarded)
            for asked in asked_of(desk, obligation)
        ],
    )


def _figure(
    programme: Programme,
    obligation: Obligation,
    asked: Asked,
    one: Given | None,
    state: str,
    guarded: bool,
) -> FigureCollected:
    indicator = asked.indicator
    parts = dict(one.parts) if one else {}
    told = small.guarded(indicator.unit, one.value, parts) if one and one.value else parts
    return FigureCollected(
        indicator=indicator.slug,
        name=given.name_of(programme, indicator.slug, asked.about),
        area=indicator.area,
        unit=indicator.unit,
        adds_up=indicator.adds_up,
        period=_period(obligation),
        about=asked.about,
        about_name=words.receiver_name(programme, asked.about),
        value=one.value if one else None,
        parts=dict(told if guarded else parts),
        before=asked.before,
        unavailable=one.unavailable if one else "",
        note=one.note if one else "",
        state=state,
    )


def _rates(obligation: Obligation, seen: ReturnSeen, now: datetime) -> Rates:
    due = seen.arrived or obligation.do_by <= now
    return Rates(
        asked=len(seen.figures),
        given=seen.given,
        due=int(due),
        in_time=int(seen.arrived and not seen.late),
    )


def _told(who: str, rates: Rates) -> RatesSeen:
    return RatesSeen(
        who=who,
        asked=rates.asked,
        given=rates.given,
        due=rates.due,
        in_time=rates.in_time,
        completeness=rates.completeness,
        timeliness=rates.timeliness,
    )


def _who(programme: Programme, seen: ReturnSeen) -> str:
    """The government, or the body that stands for none."""
    return words.member_name(programme, seen.member) if seen.member else seen.body_name

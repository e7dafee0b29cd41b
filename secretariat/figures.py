"""What is known in figures, and how far is each strand? Read for pages, terminal and programs."""

from collections import defaultdict
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, select

from schemas.figure_tables import StageReport, Statement
from schemas.figures import (
    Contradicting,
    Figures,
    FigureSeen,
    Measured,
    StageSeen,
    StatementSeen,
    StrandSeen,
)
from schemas.measures import Indicator, Strand
from schemas.programme import Function, Programme
from secretariat import small, statements, words
from secretariat.commands.figures import REGION

Key = tuple[str, str, str, bool]


def everything(
    session: Session, programme: Programme, at: datetime, *, guarded: bool = True
) -> Figures:
    return Figures(
        at=at,
        figures=figures(session, programme, guarded=guarded),
        strands=[
            strand
            for function in programme.functions
            for strand in strands(session, programme, function)
        ],
    )


def figures(
    session: Session, programme: Programme, function: str = "", *, guarded: bool = True
) -> list[FigureSeen]:
    """Every figure, in the programme's order of indicators; of one function or of all.

    ``guarded`` tells no part of a count of persons that is small.
    """
    indicators = [each for each in programme.indicators if function in ("", each.function)]
    query = select(Statement).order_by(
        col(Statement.period), col(Statement.about), col(Statement.number)
    )
    if function:
        query = query.where(col(Statement.indicator).in_(each.slug for each in indicators))
    of: dict[str, dict[Key, list[Statement]]] = defaultdict(lambda: defaultdict(list))
    for each in session.exec(query):
        key = each.indicator, each.period, each.about, each.planned
        of[each.indicator][key].append(each)
    return [
        _figure(programme, indicator, key, of[indicator.slug], guarded)
        for indicator in indicators
        for key in sorted(of[indicator.slug], key=lambda k: (k[1], k[2] != REGION))
    ]


def by_indicator(found: list[FigureSeen]) -> list[Measured]:
    """The same figures under the names of what they measure, in their order."""
    return [
        Measured(slug=slug, name=own[0].name, area=own[0].area, figures=own)
        for slug, group in groupby(found, key=lambda figure: figure.indicator)
        if (own := list(group))
    ]


def _figure(
    programme: Programme,
    indicator: Indicator,
    key: Key,
    said: dict[Key, list[Statement]],
    guarded: bool,
) -> FigureSeen:
    _, period, about, planned = key
    names = {member.code: member.name for member in programme.members}
    by_member = {
        code: own[-1].value
        for code in names
        if (own := _standing(said, (indicator.slug, period, code, planned)))
    }
    found = statements.contradictions(indicator, _standing(said, key), by_member, names)
    return FigureSeen(
        indicator=indicator.slug,
        name=indicator.name,
        function=indicator.function,
        area=indicator.area,
        unit=indicator.unit,
        period=period,
        about=about,
        about_name=words.receiver_name(programme, about),
        planned=planned,
        statements=[_told(indicator, each, guarded) for each in said[key]],
        contradictions=[Contradicting(words=each.words, holds=each.holds) for each in found],
    )


def _told(indicator: Indicator, statement: Statement, guarded: bool) -> StatementSeen:
    seen = StatementSeen.model_validate(statement, from_attributes=True)
    if guarded:
        seen.parts = small.guarded(indicator.unit, statement.value, statement.parts)
    return seen


def _standing(said: dict[Key, list[Statement]], key: Key) -> list[Statement]:
    return [each for each in said.get(key, []) if each.withdrawn_at is None]


def strands(session: Session, programme: Programme, function: Function) -> list[StrandSeen]:
    """How far each receiver of a function is with what it develops."""
    query = select(StageReport).where(StageReport.function == function.slug)
    reports = list(session.exec(query.order_by(StageReport.id)))
    receivers = {
        receiver: words.receiver_name(programme, receiver)
        for receiver, _ in programme.receivers(function)
    }
    return [_strand(function, strand, receivers, reports) for strand in function.strands]


def _strand(
    function: Function, strand: Strand, receivers: dict[str, str], reports: list[StageReport]
) -> StrandSeen:
    names = {stage.slug: stage.name for stage in strand.stages}
    return StrandSeen(
        function=function.slug,
        slug=strand.slug,
        name=strand.name,
        receivers=receivers,
        stages=[stage.model_dump() for stage in strand.stages],
        reports={
            f"{each.stage}@{each.receiver}": StageSeen(
                **each.model_dump(exclude={"id", "at"}),
                name=names.get(each.stage, each.stage),
                when=each.at,
                receiver_name=receivers.get(each.receiver, each.receiver),
            )
            for each in reports
            if each.strand == strand.slug
        },
    )

"""Acts on figures and stages: what is said, by whom, and where it is written."""

import math

from sqlmodel import col, select

from schemas.figure_acts import ReportStage, StateFigure, WithdrawFigure
from schemas.figure_tables import StageReport, Statement
from schemas.measures import Indicator, Stage, Strand
from schemas.phase import Transferred
from schemas.programme import Function, Programme
from schemas.return_tables import FigureReturn
from schemas.tables import Holding
from secretariat import ownership, statements
from secretariat.catalogues import marked
from secretariat.commands.holdings import held
from secretariat.commands.office import Desk, handles
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, OneOf, UnknownError
from secretariat.readmodels import row

REGION = "region"


@handles(StateFigure)
def state_figure(desk: Desk, act: StateFigure) -> None:
    """Keep one more statement of a figure, if it may be this body's to say."""
    indicator = _indicator(desk, act.indicator)
    _check_about(desk, indicator, act.about)
    _check_may(desk, act.about, _speaks(desk, indicator, act.about))
    keep(desk, act, by=desk.by)


def keep(desk: Desk, act: StateFigure, *, by: str) -> None:
    """One more statement of a body; the same said again changes nothing."""
    indicator = _indicator(desk, act.indicator)
    for code in {*act.counts, *act.missing}:
        desk.member(code)
    for words in statements.faults(indicator, act.value, act.parts):
        raise BadInputError(
            marked("{name}, {about}, {period}: {why}."),
            name=indicator.name,
            about=act.about,
            period=act.period,
            why=words,
        )
    subject = f"{act.indicator}/{act.period}/{act.about}"
    facts = act.model_dump(mode="json", exclude={"act"})
    before = _of(desk, act)
    if any(_same(each, facts) for each in before if each.withdrawn_at is None):
        return
    desk.record(
        "figure.stated",
        subject,
        number=len(before) + 1,
        by=by,
        contact=desk.contact,
        counted=None if act.planned else _counted(desk, indicator, act.period),
        **facts,
    )


def _of(desk: Desk, act: StateFigure) -> list[Statement]:
    """All statements of a figure so far, withdrawn ones too."""
    query = select(Statement).where(
        Statement.indicator == act.indicator,
        Statement.period == act.period,
        Statement.about == act.about,
    )
    return list(desk.session.exec(query))


def _same(statement: Statement, facts: dict[str, object]) -> bool:
    return all(getattr(statement, name) == value for name, value in facts.items())


def _counted(desk: Desk, indicator: Indicator, period: str) -> int | None:
    """What the program knows by itself at this moment."""
    programme = desk.programme
    match indicator.counted:
        case "fully" | "partly":
            moved = [_transferred(desk, function.slug) for function in programme.functions]
            return moved.count(Transferred(indicator.counted))
        case "reported":
            query = select(FigureReturn.body).where(
                FigureReturn.function == indicator.function,
                FigureReturn.period == period,
                col(FigureReturn.submitted_at).is_not(None),
            )
            return len(set(desk.session.exec(query)))
        case "mechanisms":
            return len(programme.mechanisms)
        case "pairs":
            return math.comb(len(programme.members), 2)
        case _:
            return None


def _transferred(desk: Desk, function: str) -> Transferred:
    rows = desk.session.exec(select(Holding).where(Holding.function == function))
    return ownership.transferred(ownership.counts_as(held(each)) for each in rows)


@handles(WithdrawFigure)
def withdraw_figure(desk: Desk, act: WithdrawFigure) -> None:
    statement = row(desk.session, Statement, act.statement)
    if statement.withdrawn_at:
        raise ConflictError(marked("{statement} was withdrawn before."), statement=act.statement)
    if desk.by not in (statement.by, desk.bodies.steward):
        raise NotAllowedError(
            marked("Who said it may withdraw it: {by}, or {steward}."),
            by=statement.by,
            steward=desk.bodies.steward,
        )
    desk.record(
        "figure.withdrawn",
        statement.id,
        indicator=statement.indicator,
        period=statement.period,
        about=statement.about,
        value=statement.value,
        reason=act.reason,
    )


@handles(ReportStage)
def report_stage(desk: Desk, act: ReportStage) -> None:
    """Keep how far a receiver is; the newest report of a stage counts."""
    function = desk.function(act.function)
    strand, stage = _stage(function, act)
    receivers = [receiver for receiver, _ in desk.programme.receivers(function)]
    if act.receiver not in receivers:
        known = ", ".join(receivers)
        raise UnknownError(
            marked("“{receiver}” is no receiver of {name}. They are: {known}."),
            receiver=act.receiver,
            name=function.name,
            known=known,
        )
    _check_may(desk, act.receiver, speakers(desk.programme, function, act.receiver))
    key = f"{function.slug}/{strand.slug}/{stage.slug}@{act.receiver}"
    facts = act.model_dump(mode="json", exclude={"act", "when"})
    facts |= {"at": str(act.when) if act.when else None}
    present = desk.session.get(StageReport, key)
    if present is None or any(getattr(present, name) != value for name, value in facts.items()):
        desk.record("stage.reported", key, by=desk.by, **facts)


def speakers(programme: Programme, function: Function, receiver: str) -> set[str]:
    """The bodies that may report for a receiver: its own, and those that speak for everybody."""
    codes = [code for code in receiver.split("-") if programme.member(code)]
    own = {dict(programme.receivers(function))[receiver], *map(programme.task_force, codes)}
    return own | {programme.secretariat, programme.chair}


def spoken_for(programme: Programme, function: Function, body: str) -> list[str]:
    """The receivers of a function a body may report for."""
    receivers = [receiver for receiver, _ in programme.receivers(function)]
    return [each for each in receivers if body in speakers(programme, function, each)]


def _stage(function: Function, act: ReportStage) -> tuple[Strand, Stage]:
    strand = next((strand for strand in function.strands if strand.slug == act.strand), None)
    if strand is None:
        known = ", ".join(strand.slug for strand in function.strands) or "it has none"
        raise UnknownError(
            marked("“{strand}” is no strand of {name} ({known})."),
            strand=act.strand,
            name=function.name,
            known=known,
        )
    stage = next((stage for stage in strand.stages if stage.slug == act.stage), None)
    if stage is None:
        known = ", ".join(stage.slug for stage in strand.stages)
        raise UnknownError(
            marked("“{stage}” is no stage of {name}. They are: {known}."),
            stage=act.stage,
            name=strand.name,
            known=known,
        )
    return strand, stage


def _indicator(desk: Desk, slug: str) -> Indicator:
    indicator = desk.programme.indicator(slug)
    if indicator is None:
        known = ", ".join(indicator.slug for indicator in desk.programme.indicators)
        raise UnknownError(
            marked("There is no indicator “{slug}”. The indicators are: {known}."),
            slug=slug,
            known=known,
        )
    return indicator


def _check_about(desk: Desk, indicator: Indicator, about: str) -> None:
    """A figure of an indicator is about what it is for, or about the region they make up."""
    if about == REGION:
        return
    codes = about.split("-")
    for code in codes:
        desk.member(code)
    if len(codes) != {"member": 1, "pair": 2}.get(indicator.of, 0):
        raise BadInputError(
            marked("“{name}” is about a {of}, not about “{about}”."),
            name=indicator.name,
            of=indicator.of,
            about=about,
        )


def _speaks(desk: Desk, indicator: Indicator, about: str) -> set[str]:
    """Who may give this figure: each member for itself, who leads a function for the region."""
    if about != REGION:
        return {desk.programme.task_force(code) for code in about.split("-")}
    function = desk.function(indicator.function)
    if function.receiver in ("each", "pairs"):
        return set()
    return {body for _, body in desk.programme.receivers(function)}


def _check_may(desk: Desk, about: str, own: set[str]) -> None:
    """Governments speak for themselves; the secretariat and the chair for everybody."""
    may = own | {desk.programme.secretariat, desk.programme.chair}
    if desk.by not in may:
        raise NotAllowedError(
            marked("Figures of {about} are for {listed}."),
            about=about,
            listed=OneOf(sorted(may)),
        )

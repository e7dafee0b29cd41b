"""What does everybody need to know of one function, or of one holding?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from schemas.figures import Measured, StrandSeen
from schemas.phase import Phase
from schemas.programme import Contact, Function, Programme, ReadinessItem
from schemas.tables import Entry, Holding, Item, Obligation, Reply, Review, Support
from secretariat import figures, ownership, raci, readiness
from secretariat.catalogues import marked
from secretariat.commands.holdings import held
from secretariat.commands.office import Desk, bodies_of
from secretariat.errors import UnknownError
from secretariat.ownership import ENGINE, Bodies
from secretariat.readmodels import row

FURTHER = {Phase.UN_LED: Phase.SHARED, Phase.SHARED: Phase.GOVERNMENT_LED}


@dataclass(frozen=True)
class HoldingSeen:
    """One holding: ``next_phase`` and what is ``missing`` for it, ``supported_until`` (UTC).

    ``answer_on`` is the last day on which whom it is offered to may answer.
    """

    holding: Holding
    function: Function
    duty: str
    raci: raci.Raci
    bodies: Bodies
    checklist: list[tuple[ReadinessItem, Item | None]]
    next_phase: Phase
    missing: list[ReadinessItem]
    reviews: list[Review]
    supported_until: datetime | None
    answer_on: date | None
    history: list[Entry]

    def possible(self, by: str) -> list[str]:
        """The acts a body may do now."""
        return ownership.possible(held(self.holding), by, self.bodies)


@dataclass(frozen=True)
class FunctionSeen:
    """One function: who holds it, what is asked, how far it is, and what support was proposed."""

    function: Function
    transferred: str
    holdings: dict[str, dict[str, Holding]]
    receivers: list[str]
    obligations: list[Obligation]
    replies: dict[str, list[tuple[Reply, Contact | None]]]
    support: list[Support]
    strands: list[StrandSeen]
    measured: list[Measured]
    history: list[Entry]


def holding(session: Session, programme: Programme, key: str) -> HoldingSeen:
    """Raises UnknownError."""
    found = row(session, Holding, key)
    function = _function(programme, found.function)
    phase = Phase(found.phase)
    checklist = programme.checklist(function)
    kept = {i.item: i for i in session.exec(select(Item).where(Item.holding == key))}
    bodies = bodies_of(session, programme)
    next_phase = FURTHER.get(phase, Phase.COMPLETED)
    since = timedelta(days=programme.support_days)
    return HoldingSeen(
        holding=found,
        function=function,
        duty=next((d.name for d in function.duties if d.slug == found.duty), found.duty),
        raci=raci.raci(held(found), bodies, programme.chair),
        bodies=bodies,
        checklist=[(item, kept.get(item.slug)) for item in checklist],
        next_phase=next_phase,
        missing=readiness.missing(checklist, kept, next_phase),
        reviews=_reviews(session, key),
        supported_until=found.since + since if phase is Phase.GOVERNMENT_LED else None,
        answer_on=_answer_on(session, programme, found),
        history=history(session, Entry.subject == key),
    )


def _answer_on(session: Session, programme: Programme, holding: Holding) -> date | None:
    if not holding.offered_to or not holding.answer_by:
        return None
    desk = Desk(session, programme, holding.answer_by, ENGINE)
    return desk.calendar(holding.offered_to).last_day(holding.answer_by)


def function(session: Session, programme: Programme, slug: str) -> FunctionSeen:
    """Raises UnknownError."""
    known = _function(programme, slug)
    query = select(Holding).where(Holding.function == slug).order_by(Holding.id)
    rows = list(session.exec(query))
    asked = select(Obligation).where(Obligation.function == slug)
    asked = asked.where(col(Obligation.done_at).is_(None)).order_by(col(Obligation.do_by))
    obligations = list(session.exec(asked))
    support = select(Support).where(Support.function == slug).order_by(Support.body)
    return FunctionSeen(
        function=known,
        transferred=ownership.transferred(ownership.counts_as(held(h)) for h in rows),
        holdings={
            duty.slug: {h.receiver: h for h in rows if h.duty == duty.slug} for duty in known.duties
        },
        receivers=[receiver for receiver, _ in programme.receivers(known)],
        obligations=obligations,
        replies=replies(session, programme, [obligation.id for obligation in obligations]),
        support=list(session.exec(support)),
        strands=figures.strands(session, programme, known),
        measured=figures.by_indicator(figures.figures(session, programme, slug)),
        history=history(session, _about_function(session, slug), limit=40),
    )


def _about_function(session: Session, slug: str) -> ColumnElement[bool]:
    """Its holdings, cycles and all in them; SQLite finds them by its index, as it orders by bytes.

    PostgreSQL may order in other ways, and reads the ledger from its end.
    """
    subject = col(Entry.subject)
    if session.get_bind().dialect.name == "sqlite":
        return (subject > f"{slug}/") & (subject < f"{slug}0") | (subject > f"{slug}@") & (
            subject < f"{slug}A"
        )
    return or_(subject.startswith(f"{slug}/"), subject.startswith(f"{slug}@"))


def replies(
    session: Session, programme: Programme, obligations: list[str], until: datetime | None = None
) -> dict[str, list[tuple[Reply, Contact | None]]]:
    """What was answered by mail about each obligation, oldest first, with the post if known."""
    found: dict[str, list[tuple[Reply, Contact | None]]] = {key: [] for key in obligations}
    query = select(Reply).where(col(Reply.obligation).in_(obligations)).order_by(col(Reply.id))
    if until:
        query = query.where(Reply.at <= until)
    for reply in session.exec(query):
        found[reply.obligation or ""].append((reply, programme.contact(reply.contact or "")))
    return found


def _function(programme: Programme, slug: str) -> Function:
    found = programme.function(slug)
    if found is None:
        raise UnknownError(
            marked("There is no function “{slug}” in {name}."), slug=slug, name=programme.name
        )
    return found


def _reviews(session: Session, key: str) -> list[Review]:
    query = select(Review).where(Review.holding == key)
    return list(session.exec(query.order_by(col(Review.asked_at))))


def history(session: Session, about: object, limit: int = 100) -> list[Entry]:
    """The last entries, newest first."""
    query = select(Entry).where(about).order_by(col(Entry.seq).desc()).limit(limit)  # type: ignore[arg-type]
    return list(session.exec(query))

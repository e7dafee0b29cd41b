"""How each event changes what the pages read. Nothing else writes these tables."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, select

from schemas.events import Event
from schemas.tables import (
    Absence,
    Cycle,
    Ending,
    Holding,
    Item,
    Obligation,
    PlannedMilestone,
    PostHeld,
    Review,
    Som,
    Support,
    Term,
)
from secretariat.errors import UnknownError

Row = TypeVar("Row", bound=SQLModel)
Projection = Callable[[Session, Event, datetime], None]
_PROJECTIONS: dict[str, Projection] = {}


def project(session: Session, event: Event, at: datetime) -> bool:
    """Apply one event to the read models; False: no page reads it, so nothing was changed."""
    projection = _PROJECTIONS.get(event.kind)
    if projection:
        projection(session, event, at)
    of_a_holding = event.kind.partition(".")[0] in ("holding", "readiness", "review")
    if of_a_holding:
        row(session, Holding, event.subject).version += 1
    return of_a_holding or projection is not None


def row(session: Session, table: type[Row], key: str | int) -> Row:
    """The row of that key. Raises UnknownError."""
    found = session.get(table, key)
    if found is None:
        raise UnknownError(f"There is no {table.__name__.lower()} “{key}”.")
    return found


def _on(*kinds: str) -> Callable[[Projection], Projection]:
    def register(projection: Projection) -> Projection:
        _PROJECTIONS.update(dict.fromkeys(kinds, projection))
        return projection

    return register


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _instant_or_none(text: str | None) -> datetime | None:
    return _instant(text) if text else None


def _facts(table: type[SQLModel], event: Event) -> dict[str, Any]:
    """What an event says in the columns of a table; a letter, say, is only in the ledger."""
    return {name: value for name, value in event.data.items() if name in table.model_fields}


@_on("holding.opened")
def _opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Holding(id=event.subject, since=at, **_facts(Holding, event)))


@_on(
    "holding.offered",
    "holding.accepted",
    "holding.declined",
    "holding.withdrawn",
    "holding.expired",
    "holding.advanced",
    "holding.completed",
    "holding.reopened",
    "holding.returned",
    "holding.suspended",
    "holding.resumed",
    "holding.custody-taken",
    "holding.released",
)
def _holding_moved(session: Session, event: Event, at: datetime) -> None:
    """Every act says what the holding is after it; what only an offer or a pause has, ends."""
    holding, data = row(session, Holding, event.subject), event.data
    if (holding.owner, holding.phase) != (data["owner"], data["phase"]):
        holding.since = at
    holding.owner, holding.phase, holding.standing = data["owner"], data["phase"], data["standing"]
    holding.offered_to, holding.offered_phase = data.get("offered_to"), data.get("offered_phase")
    holding.answer_by = _instant_or_none(data.get("answer_by"))
    holding.follow_up = _instant_or_none(data.get("follow_up"))
    holding.custody_of = data.get("custody_of", holding.custody_of)
    holding.takes_over = data.get("takes_over", holding.takes_over)


@_on("readiness.attested", "readiness.waived")
def _item_kept(session: Session, event: Event, at: datetime) -> None:
    for item in event.data["items"]:
        session.merge(
            Item(
                holding=event.subject,
                item=item,
                evidence=event.data.get("evidence"),
                waived=event.data.get("reason"),
                by=event.data["by"],
                contact=event.data["contact"],
                at=at,
            )
        )


@_on("review.asked")
def _review_asked(session: Session, event: Event, at: datetime) -> None:
    session.add(Review(holding=event.subject, days=event.data["days"], asked_at=at))


@_on("review.answered")
def _review_answered(session: Session, event: Event, at: datetime) -> None:
    asked_at = _instant(event.data["asked_at"])
    review = session.get_one(Review, (event.subject, asked_at))
    review.answered_at, review.performed = at, event.data["performed"]
    review.note = event.data["note"]


@_on("support.proposed")
def _support_proposed(session: Session, event: Event, at: datetime) -> None:
    function, body = event.data["function"], event.data["body"]
    session.merge(Support(function=function, body=body, why=event.data["why"], proposed_at=at))


@_on("body.ends")
def _body_ends(session: Session, event: Event, at: datetime) -> None:
    ends_at, reason = _instant(event.data["ends_at"]), event.data["reason"]
    session.merge(Ending(body=event.subject, ends_at=ends_at, reason=reason))


@_on("body.ended")
def _body_ended(session: Session, event: Event, at: datetime) -> None:
    row(session, Ending, event.subject).ended_at = at


@_on("body.restored")
def _body_restored(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Ending, event.subject))


@_on("post.held")
def _post_held(session: Session, event: Event, at: datetime) -> None:
    since, until = _instant(event.data["since"]), _instant_or_none(event.data["until"])
    before = select(PostHeld).where(PostHeld.post == event.subject, PostHeld.since < since)
    for held in session.exec(before):
        if held.until is None or held.until > since:
            held.until = since
    person = event.data["person"]
    session.merge(PostHeld(post=event.subject, since=since, person=person, until=until))


@_on("absence.began")
def _absence_began(session: Session, event: Event, at: datetime) -> None:
    since, until = _instant(event.data["since"]), _instant(event.data["until"])
    substitute = event.data["substitute"]
    session.merge(Absence(post=event.subject, since=since, until=until, substitute=substitute))


@_on("absence.ended")
def _absence_ended(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Absence, event.subject))


@_on("chair.agreed")
def _chair_agreed(session: Session, event: Event, at: datetime) -> None:
    term = session.get(Term, event.subject)
    if term is None:
        session.add(Term(som=event.subject, **_facts(Term, event)))
    else:
        term.member, term.agreement = event.data["member"], event.data["agreement"]


@_on("chair.taken")
def _chair_taken(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).took_office_at = at


@_on("chair.left")
def _chair_left(session: Session, event: Event, at: datetime) -> None:
    row(session, Term, event.subject).left_at = at


@_on("som.planned")
def _som_planned(session: Session, event: Event, at: datetime) -> None:
    session.add(Som(name=event.subject, **_facts(Som, event)))


@_on("som.postponed")
def _som_postponed(session: Session, event: Event, at: datetime) -> None:
    som = row(session, Som, event.subject)
    som.postponed_from, som.anchor = som.anchor, event.data["anchor"]


@_on("som.closed")
def _som_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Som, event.subject).closed_at = at


@_on("cycle.opened")
def _cycle_opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Cycle(id=event.subject, opened_at=at, **_facts(Cycle, event)))


@_on("cycle.moved")
def _cycle_moved(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).anchor = event.data["anchor"]


@_on("cycle.closed")
def _cycle_closed(session: Session, event: Event, at: datetime) -> None:
    row(session, Cycle, event.subject).closed_at = at


@_on("milestone.planned")
def _milestone_planned(session: Session, event: Event, at: datetime) -> None:
    facts = _facts(PlannedMilestone, event) | {"due_on": date.fromisoformat(event.data["due_on"])}
    session.merge(PlannedMilestone(id=event.subject, **facts))


@_on("obligation.asked")
def _asked(session: Session, event: Event, at: datetime) -> None:
    times = _times(event)
    facts = _facts(Obligation, event) | times
    session.add(Obligation(id=event.subject, promised_on=times["due_on"], **facts))


def _times(event: Event) -> dict[str, Any]:
    """The days and instants an event says, in columns of their own types."""
    days = ("planned_on", "due_on")
    instants = ("asked_at", "acknowledge_by", "do_by")
    found: dict[str, Any] = {n: date.fromisoformat(event.data[n]) for n in days if n in event.data}
    return found | {n: _instant(event.data[n]) for n in instants if n in event.data}


@_on("obligation.moved", "obligation.extended")
def _moved(session: Session, event: Event, at: datetime) -> None:
    """A new day is a new promise; what was said of the old one holds as far as it still fits."""
    obligation = row(session, Obligation, event.subject)
    obligation.moved_from, obligation.missed_at = obligation.do_by, None
    for name, value in _times(event).items():
        setattr(obligation, name, value)
    obligation.provisional = event.data.get("provisional", obligation.provisional)
    obligation.extended_by = event.data.get("extended_by", obligation.extended_by)
    obligation.by_rule = event.data.get("by_rule", True)
    obligation.sequence += 1
    obligation.acknowledged_until = _instant_or_none(event.data.get("acknowledged_until"))
    anew = event.data.get("anew", False)
    if anew:
        _not_acknowledged(obligation)
    if anew or (obligation.snoozed_until and obligation.snoozed_until > obligation.due_on):
        obligation.snoozed_until = None
    obligation.snoozes = 0
    if obligation.wanted_on and obligation.wanted_on <= obligation.due_on:
        _nothing_wanted(obligation)


def _not_acknowledged(obligation: Obligation) -> None:
    obligation.acknowledged_at = obligation.acknowledged_by = obligation.acknowledged_until = None


def _nothing_wanted(obligation: Obligation) -> None:
    obligation.wanted_on, obligation.wanted_why, obligation.wanted_at = None, "", None


@_on("obligation.recounted")
def _recounted(session: Session, event: Event, at: datetime) -> None:
    """The same day by another clock: no new promise."""
    obligation = row(session, Obligation, event.subject)
    for name, value in _times(event).items():
        setattr(obligation, name, value)


@_on("obligation.asked-anew")
def _asked_anew(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    for name, value in _times(event).items():
        setattr(obligation, name, value)
    _not_acknowledged(obligation)


@_on("obligation.snoozed")
def _snoozed(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.snoozed_until = date.fromisoformat(event.data["rests_until"])
    obligation.snoozes += 1


@_on("obligation.extension-asked")
def _extension_asked(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.wanted_on = date.fromisoformat(event.data["wanted_on"])
    obligation.wanted_why, obligation.wanted_at = event.data["reason"], at


@_on("obligation.extension-refused")
def _extension_refused(session: Session, event: Event, at: datetime) -> None:
    _nothing_wanted(row(session, Obligation, event.subject))


@_on("obligation.missed")
def _missed(session: Session, event: Event, at: datetime) -> None:
    row(session, Obligation, event.subject).missed_at = at


@_on("obligation.released")
def _released(session: Session, event: Event, at: datetime) -> None:
    session.delete(row(session, Obligation, event.subject))


@_on("obligation.acknowledged")
def _acknowledged(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.acknowledged_at, obligation.acknowledged_by = at, event.data["body"]
    obligation.acknowledged_until = _instant_or_none(event.data.get("until"))


@_on("obligation.done")
def _done(session: Session, event: Event, at: datetime) -> None:
    obligation = row(session, Obligation, event.subject)
    obligation.done_at, obligation.done_by = at, event.data["body"]
    obligation.note = event.data["note"]
    _nothing_wanted(obligation)
    if support := session.get(Support, (obligation.function, obligation.body)):
        session.delete(support)  # performed again

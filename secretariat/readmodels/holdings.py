"""Who holds what, what is there for it, and whether it is performed."""

from datetime import datetime

from sqlmodel import Session

from schemas.events import Event
from schemas.tables import Holding, Item, Review, Support
from secretariat.readmodels.projecting import facts_for, instant, instant_or_none, on, row


@on("holding.opened")
def _opened(session: Session, event: Event, at: datetime) -> None:
    session.add(Holding(id=event.subject, since=at, **facts_for(Holding, event)))


@on(
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
    custody_of = data.get("custody_of", holding.custody_of)
    after = data["owner"], data["phase"], custody_of
    if (holding.owner, holding.phase, holding.custody_of) != after:
        holding.since = at
    holding.owner, holding.phase, holding.standing = data["owner"], data["phase"], data["standing"]
    holding.offered_to, holding.offered_phase = data.get("offered_to"), data.get("offered_phase")
    holding.answer_by = instant_or_none(data.get("answer_by"))
    holding.follow_up = instant_or_none(data.get("follow_up"))
    holding.custody_of = custody_of
    holding.takes_over = data.get("takes_over", holding.takes_over)


@on("readiness.attested", "readiness.waived")
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


@on("review.asked")
def _review_asked(session: Session, event: Event, at: datetime) -> None:
    session.add(Review(holding=event.subject, days=event.data["days"], asked_at=at))


@on("review.answered")
def _review_answered(session: Session, event: Event, at: datetime) -> None:
    asked_at = instant(event.data["asked_at"])
    review = session.get_one(Review, (event.subject, asked_at))
    review.answered_at, review.performed = at, event.data["performed"]
    review.note = event.data["note"]


@on("support.proposed")
def _support_proposed(session: Session, event: Event, at: datetime) -> None:
    function, body = event.data["function"], event.data["body"]
    session.merge(Support(function=function, body=body, why=event.data["why"], proposed_at=at))

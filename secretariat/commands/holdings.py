"""Acts on holdings: the ownership table decides, here it meets the store."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from schemas.acts import (
    Accept,
    Advance,
    Attest,
    Complete,
    Decline,
    Expire,
    HoldingAct,
    Offer,
    Release,
    Reopen,
    Resume,
    Return,
    Review,
    Suspend,
    TakeCustody,
    Waive,
    Withdraw,
)
from schemas.events import Event
from schemas.phase import Phase, Standing
from schemas.programme import Function, Programme
from schemas.tables import Holding, Item, Timer, Urgency
from schemas.tables import Review as AskedReview
from secretariat import ownership, readiness
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, fires, handles
from secretariat.errors import BadInputError, ChangedError, ConflictError, NotAllowedError, OneOf
from secretariat.ownership import ENGINE, Held, Wish
from secretariat.readmodels import row

ANSWERED = (
    "holding.offered",
    "review.asked",
    "holding.follow-up-due",
)  # somebody must do something
REVIEWED_AFTER = (90, 180)  # days since a government took the lead


def open_all(desk: Desk, programme: Programme) -> None:
    """Give every duty of the programme at every receiver its first owner, the secretariat.

    Safe to repeat: a duty added to the file later gets its holdings then.
    """
    known = set(desk.session.exec(select(Holding.id)))
    for function in programme.functions:
        for duty in function.duties:
            for receiver, body in programme.receivers(function):
                holding = f"{function.slug}/{duty.slug}@{receiver}"
                if holding not in known:
                    desk.record(
                        "holding.opened",
                        holding,
                        function=function.slug,
                        duty=duty.slug,
                        receiver=receiver,
                        takes_over=body,
                        owner=programme.secretariat,
                        phase=Phase.UN_LED,
                    )


def held(holding: Holding) -> Held:
    """A holding as the table of acts sees it."""
    return Held(
        holding.id,
        holding.owner,
        Phase(holding.phase),
        holding.takes_over,
        Standing(holding.standing),
        holding.offered_to,
        Phase(holding.offered_phase) if holding.offered_phase else None,
        holding.custody_of,
    )


def carry_out(desk: Desk, act: Any) -> None:
    """One act of the table on one holding, with its timers and its mail."""
    holding = _unchanged(desk, act)
    before = held(holding)
    event = ownership.decide(before, Wish(act.act, desk.by, _facts(desk, act, before)), desk.bodies)
    function = desk.function(holding.function)
    there = {item.item for item in checklist(desk, holding.id)}
    readiness.check(
        holding.id,
        desk.programme.checklist(function),
        there,
        before.phase,
        Phase(event.data["phase"]),
    )
    desk.record(event.kind, event.subject, **event.data)
    _wind_timers(desk, holding, before)
    _tell(desk, holding, before, event)


for _kind in (
    *(Offer, Accept, Decline, Withdraw, Expire, Advance, Complete, Reopen, Return),
    *(Suspend, Resume, TakeCustody, Release),
):
    handles(_kind)(carry_out)


def checklist(desk: Desk, holding: str) -> list[Item]:
    """What is there or waived of a holding's readiness."""
    return list(desk.session.exec(select(Item).where(Item.holding == holding)))


@handles(Attest)
def attest(desk: Desk, act: Attest) -> None:
    """Whoever has the holding, is to have it, or looks after it says what is there."""
    holding = _unchanged(desk, act)
    _one_of(desk, act, {holding.owner, holding.takes_over, holding.offered_to})
    _known_items(desk, holding, [act.item])
    desk.record(
        "readiness.attested",
        holding.id,
        items=[act.item],
        evidence=act.evidence,
        by=desk.by,
        contact=desk.contact,
    )


@handles(Waive)
def waive(desk: Desk, act: Waive) -> None:
    """Only a named person of the steward or the chair lets something be missing."""
    holding = _unchanged(desk, act)
    _one_of(desk, act, {desk.programme.chair})
    _known_items(desk, holding, act.items)
    who = desk.programme.contact(desk.contact or "")
    if who is None or who.body != desk.by:
        raise BadInputError(marked("Say who waives: a waiver names a contact of {by}."), by=desk.by)
    desk.record(
        "readiness.waived",
        holding.id,
        items=act.items,
        reason=act.reason,
        by=desk.by,
        contact=desk.contact,
    )


@handles(Review)
def review(desk: Desk, act: Review) -> None:
    """The owner answers the open question; “no” proposes support."""
    holding = _unchanged(desk, act)
    if desk.by != holding.owner:
        raise NotAllowedError(
            marked("The review of {id} is for its owner, {owner}."),
            id=holding.id,
            owner=holding.owner,
        )
    asked = desk.session.exec(
        select(AskedReview)
        .where(AskedReview.holding == holding.id, col(AskedReview.answered_at).is_(None))
        .order_by(col(AskedReview.asked_at).desc())
    ).first()
    if asked is None:
        raise ConflictError(marked("No review of {holding} is open."), holding=holding.id)
    desk.record(
        "review.answered",
        holding.id,
        asked_at=asked.asked_at.isoformat(),
        days=asked.days,
        performed=act.performed,
        note=act.note,
    )
    if not act.performed:
        why = f"a review said: {act.note}"
        propose_support(desk, holding.function, holding.owner, why, review=act.note)


def propose_support(desk: Desk, function: str, body: str, why: str, **because: Any) -> None:
    """Tell the owner and the chair that a function needs help where it was handed over to.

    ``because`` says the same as ``why`` in facts: a ``review``, or the steps ``missed``.
    """
    subject = f"{function}@{body}"
    facts = {"function": function, "body": body, "why": why, **because}
    desk.record("support.proposed", subject, **facts)
    for contact in (*desk.contacts(body, "head"), *desk.contacts(body, "chair")):
        key = f"{subject}#support#{desk.now.isoformat()}>{contact.slug}"
        desk.mail(key, contact, "support", **facts)


@fires("offer")
def _offer_ran_out(desk: Desk, timer: Timer) -> None:
    holding = row(desk.session, Holding, timer.subject)
    if holding.standing == Standing.OFFERED:
        carry_out(desk, Expire(holding=holding.id))


@fires("review")
def _ask_review(desk: Desk, timer: Timer) -> None:
    holding = row(desk.session, Holding, timer.subject)
    if holding.phase == Phase.GOVERNMENT_LED and not holding.custody_of:
        asked = desk.record("review.asked", holding.id, owner=holding.owner, days=timer.step)
        _mail_holding(desk, holding, holding.owner, asked)


@fires("follow-up")
def _follow_up(desk: Desk, timer: Timer) -> None:
    holding = row(desk.session, Holding, timer.subject)
    if holding.standing == Standing.SUSPENDED:
        due = desk.record("holding.follow-up-due", holding.id, owner=holding.owner)
        _mail_holding(desk, holding, holding.owner, due)


def _unchanged(desk: Desk, act: HoldingAct) -> Holding:
    """The holding, if it is still the version the actor saw. Raises ChangedError with both."""
    holding = row(desk.session, Holding, act.holding)
    if act.seen is not None and act.seen != holding.version:
        raise ChangedError(
            marked(
                "{holding} has changed since you looked at it: you saw version {before}, now it is "
                "version {after}. Nothing was done; look again and decide."
            ),
            holding=holding.id,
            before=act.seen,
            after=holding.version,
            seen=desk.version_of(holding.id, act.seen),
            now=desk.version_of(holding.id, holding.version),
        )
    return holding


def _facts(desk: Desk, act: Any, before: Held) -> dict[str, Any]:
    """What the act brings, its days turned into instants of the body they bind."""
    facts: dict[str, Any] = act.model_dump(exclude={"act", "holding", "seen"}, exclude_none=True)
    if isinstance(act, Offer):
        work = desk.calendar(act.to or before.takes_over)
        day = act.answer_by or work.shift(work.today(desk.now), desk.programme.answer_within)
        facts["answer_by"] = _ahead(desk, work.end_of(day), "answer_by")
    if isinstance(act, Suspend):
        work = desk.calendar(before.owner)
        facts["follow_up"] = _ahead(desk, work.opening_of(act.follow_up), "follow_up")
    return facts


def _ahead(desk: Desk, moment: datetime, name: str) -> str:
    if moment <= desk.now:
        raise BadInputError(f"{name} must lie ahead; it is already {desk.now:%Y-%m-%d %H:%M} UTC.")
    return moment.isoformat()


def _wind_timers(desk: Desk, holding: Holding, before: Held) -> None:
    """Set what is to happen by itself from here on, and stop what no longer is."""
    desk.stop_timers(holding.id, "offer", "follow-up")
    if holding.answer_by:
        desk.set_timer("offer", holding.id, holding.answer_by)
    if holding.follow_up:
        desk.set_timer("follow-up", holding.id, holding.follow_up)
    led = holding.phase == Phase.GOVERNMENT_LED and not holding.custody_of
    if (before.owner, before.phase) != (holding.owner, holding.phase):
        desk.stop_timers(holding.id, "review")
        work = desk.calendar(holding.owner)
        for days in REVIEWED_AFTER if led else ():
            day = work.shift(work.today(desk.now) + timedelta(days=days), 0)
            desk.set_timer("review", holding.id, work.opening_of(day), days)


def _tell(desk: Desk, holding: Holding, before: Held, event: Event) -> None:
    """One mail to the other party; what an ended body leaves is told once, with its end."""
    other = {
        "holding.offered": holding.offered_to,
        "holding.accepted": before.owner,
        "holding.declined": before.owner,
        "holding.expired": before.owner,
        "holding.withdrawn": before.offered_to,
        "holding.returned": holding.owner,
        "holding.released": holding.owner,
    }.get(event.kind)
    if other and other not in desk.bodies.ended:
        _mail_holding(desk, holding, other, event)


def _mail_holding(desk: Desk, holding: Holding, body: str, event: Event) -> None:
    for contact in desk.contacts(body, "head"):
        key = f"{holding.id}#{event.kind}#{desk.now.isoformat()}>{contact.slug}"
        desk.mail(
            key,
            contact,
            "holding",
            urgency=Urgency.DUTY if event.kind in ANSWERED else Urgency.NEWS,
            holding=holding.id,
            kind=event.kind,
            by=desk.by,
            facts=event.data,
        )


def _known_items(desk: Desk, holding: Holding, items: list[str]) -> None:
    function: Function = desk.function(holding.function)
    known = [item.slug for item in desk.programme.checklist(function)]
    for item in items:
        if item not in known:
            there = ", ".join(known) or "nothing"
            raise BadInputError(
                marked("“{item}” is not on the checklist of {slug}: {there}."),
                item=item,
                slug=function.slug,
                there=there,
            )


def _one_of(desk: Desk, act: HoldingAct, bodies: set[str | None]) -> None:
    may = {body for body in bodies if body} | {desk.bodies.steward}
    if desk.by not in may or desk.by == ENGINE:
        name = type(act).model_fields["act"].default
        raise NotAllowedError(
            marked("To {name} for {holding} is for {listed}; not for {by}."),
            name=name,
            holding=act.holding,
            listed=OneOf(sorted(may)),
            by=desk.by,
        )

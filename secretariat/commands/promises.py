"""What the asked body says of an obligation: seen, done, not before, not by that day."""

from datetime import date

from schemas.acts import (
    Acknowledge,
    AskExtension,
    Done,
    GrantExtension,
    RefuseExtension,
    Snooze,
)
from schemas.programme import Contact
from schemas.tables import Obligation, Timer, Urgency
from secretariat import ladder, returns
from secretariat.catalogues import marked
from secretariat.commands import reminders
from secretariat.commands.office import Desk, fires, handles
from secretariat.errors import BadInputError, ConflictError, NotAllowedError
from secretariat.ownership import ENGINE
from secretariat.readmodels import row

STEERS = "secretariat chair"
REMINDED_EVERY = 3
"""Working days after which whoever steers is reminded of an extension they have not answered."""


@handles(Acknowledge)
def acknowledge(desk: Desk, act: Acknowledge) -> None:
    """Once a day is enough; on a later day it is renewed, and lasts anew."""
    obligation = the_obligation(desk, act.obligation)
    work = desk.calendar(obligation.body)
    at = obligation.acknowledged_at
    if obligation.done_at or (at and work.today(at) == work.today(desk.now)):
        return
    rungs = reminders.rungs_of(obligation)
    until = ladder.lasts_until(rungs, obligation.due_on, work, desk.now)
    desk.record(
        "obligation.acknowledged",
        obligation.id,
        body=desk.by,
        contact=desk.contact,
        until=until.isoformat() if until else None,
    )
    reminders.set_ends(desk, obligation)


@fires("lapse")
def _ask_anew(desk: Desk, timer: Timer) -> None:
    """An acknowledgement has run out: the climb to acknowledge starts again."""
    obligation = desk.session.get(Obligation, timer.subject)
    if obligation is None or obligation.done_at or obligation.acknowledged_until is None:
        return
    again = reminders.call_back(desk, obligation, "asked anew before it was sent")
    rungs = reminders.rungs_of(obligation)
    work = desk.calendar(obligation.body)
    times = ladder.dated(rungs, work.office_hour(desk.now), obligation.due_on, work)
    desk.record(
        "obligation.asked-anew",
        obligation.id,
        body=obligation.body,
        asked_at=times.asked_at.isoformat(),
        acknowledge_by=times.acknowledge_by.isoformat(),
    )
    asked = {n for n, step in enumerate(rungs.steps) if step.counted_from == "asked"}
    reminders.arm(desk, obligation, times, asked | again)


@handles(Done)
def done(desk: Desk, act: Done) -> None:
    """Where figures are asked for, handing them in does it; the steward may end it without."""
    obligation = the_obligation(desk, act.obligation)
    if obligation.done_at is None:
        if returns.answered_by_figures(desk.programme, obligation.function, obligation.milestone):
            _check_without_figures(desk, obligation, act.note)
        desk.record(
            "obligation.done", obligation.id, body=desk.by, contact=desk.contact, note=act.note
        )


def _check_without_figures(desk: Desk, obligation: Obligation, note: str) -> None:
    if desk.by == obligation.body or desk.by != desk.bodies.steward or not note:
        raise ConflictError(
            marked(
                "{obligation} asks for figures: hand them in on its page, with “secretariat "
                "returns import”, or by the act “submit-return”. Only the secretariat can end it "
                "without, saying why."
            ),
            obligation=obligation.id,
        )


@handles(Snooze)
def snooze(desk: Desk, act: Snooze) -> None:
    """Its reminders rest until a day that is not after the day due; then they come."""
    obligation = _own(desk, act.obligation)
    allowed = reminders.rungs_of(obligation).snoozes
    if obligation.snoozed_until == act.until:
        return
    if not desk.calendar(obligation.body).today(desk.now) < act.until <= obligation.due_on:
        raise BadInputError(
            marked(
                "Reminders can rest until a day after today, at the latest until {due_on}, the day "
                "it is due."
            ),
            due_on=obligation.due_on,
        )
    if obligation.snoozes >= allowed:
        raise ConflictError(
            marked(
                "Reminders of {obligation} were put off {count} times; more is not allowed. Ask "
                "for an extension if the day cannot be kept."
            ),
            obligation=obligation.id,
            count=allowed,
        )
    desk.record(
        "obligation.snoozed", obligation.id, body=desk.by, rests_until=act.until.isoformat()
    )
    again = reminders.call_back(desk, obligation, f"put off until {act.until}")
    reminders.put_off(desk, obligation, again)


@handles(AskExtension)
def ask_extension(desk: Desk, act: AskExtension) -> None:
    """The ladder goes on until somebody who steers has answered."""
    obligation = _own(desk, act.obligation)
    work = desk.calendar(obligation.body)
    to = work.shift(act.to, 0)
    if obligation.wanted_on:
        raise ConflictError(
            marked("{obligation} waits for an answer already: {wanted_on} was asked for."),
            obligation=obligation.id,
            wanted_on=obligation.wanted_on,
        )
    if to <= max(obligation.due_on, work.today(desk.now)):
        raise BadInputError(
            marked("Ask for a day that lies ahead and after {due_on}, when it is due now."),
            due_on=obligation.due_on,
        )
    desk.record(
        "obligation.extension-asked",
        obligation.id,
        body=desk.by,
        wanted_on=to.isoformat(),
        reason=act.reason,
    )
    _ask_for_an_answer(desk, obligation, 0)


@handles(GrantExtension, may=STEERS)
def grant_extension(desk: Desk, act: GrantExtension) -> None:
    obligation, to = _wanted(desk, act.obligation)
    work = desk.calendar(obligation.body)
    if to < work.today(desk.now):
        raise ConflictError(
            marked("{to}, the day asked for, is past; refuse, and have another asked for."), to=to
        )
    was_told = reminders.told(desk, obligation)
    rungs = reminders.rungs_of(obligation)
    times = ladder.dated(rungs, obligation.asked_at, to, work)
    extended_by = obligation.extended_by + ladder.worked(work, obligation.due_on, to)
    until = ladder.lasts_until(rungs, to, work, desk.now) if obligation.acknowledged_at else None
    desk.record(
        "obligation.extended",
        obligation.id,
        body=obligation.body,
        due_on=to.isoformat(),
        do_by=times.do_by.isoformat(),
        by_rule=False,
        extended_by=extended_by,
        acknowledged_until=until.isoformat() if until else None,
        reason=act.reason,
    )
    again = reminders.call_back(desk, obligation, "extended before it was sent")
    reminders.arm_anew(desk, obligation, times, again, anew=False)
    _answered(desk, obligation, was_told, "granted", to, act.reason)


@handles(RefuseExtension, may=STEERS)
def refuse_extension(desk: Desk, act: RefuseExtension) -> None:
    obligation, to = _wanted(desk, act.obligation)
    desk.record(
        "obligation.extension-refused",
        obligation.id,
        body=obligation.body,
        wanted_on=to.isoformat(),
        reason=act.reason,
    )
    _answered(desk, obligation, [], "refused", to, act.reason)


@fires("extension")
def _still_unanswered(desk: Desk, timer: Timer) -> None:
    obligation = desk.session.get(Obligation, timer.subject)
    if obligation and obligation.wanted_on:
        _ask_for_an_answer(desk, obligation, timer.turn + 1)


def _ask_for_an_answer(desk: Desk, obligation: Obligation, turn: int) -> None:
    """Mail whoever steers now, and again every few working days until they answer."""
    answering = answering_body(desk, obligation.body)
    assert obligation.wanted_on
    for contact in desk.contacts(answering, "head"):
        _mail(desk, obligation, contact, "asked", obligation.wanted_on, obligation.wanted_why, turn)
    work = desk.calendar(answering)
    again = work.opening_of(work.shift(work.today(desk.now), REMINDED_EVERY))
    desk.set_timer("extension", obligation.id, again, turn=turn)


def _answered(
    desk: Desk,
    obligation: Obligation,
    was_told: list[Contact],
    answer: str,
    wanted: date,
    reason: str,
) -> None:
    """Tell the body, and everybody who was told of the day before."""
    desk.stop_timers(obligation.id, "extension")
    concerned = [*desk.contacts(obligation.body, "focal-point"), *was_told]
    for contact in {contact.slug: contact for contact in concerned}.values():
        _mail(desk, obligation, contact, answer, wanted, reason, 0)


def _mail(
    desk: Desk,
    obligation: Obligation,
    contact: Contact,
    answer: str,
    wanted: date,
    reason: str,
    turn: int,
) -> None:
    desk.mail(
        f"{obligation.id}#{answer}{turn}@{desk.now:%Y%m%dT%H%M%S}>{contact.slug}",
        contact,
        "extension",
        urgency=Urgency.DUTY,
        obligation=obligation.id,
        answer=answer,
        reason=reason,
        turn=turn,
        wanted=wanted.isoformat(),
    )


def answering_body(desk: Desk, body: str) -> str:
    """Who answers a body's wish for more time: the steward, but nobody their own."""
    others = [b for b in (desk.bodies.steward, desk.programme.chair) if b != body]
    return others[0] if others else desk.bodies.steward


def _wanted(desk: Desk, key: str) -> tuple[Obligation, date]:
    obligation = row(desk.session, Obligation, key)
    if obligation.wanted_on is None:
        raise ConflictError(
            marked("Nobody asks for more time for {key}, or it was answered."), key=key
        )
    if desk.by == obligation.body and answering_body(desk, obligation.body) != desk.by:
        raise NotAllowedError(
            marked("{by} asks for more time itself; another answers."), by=desk.by
        )
    return obligation, obligation.wanted_on


def _own(desk: Desk, key: str) -> Obligation:
    """An obligation of the acting body that is still to be done."""
    obligation = row(desk.session, Obligation, key)
    if desk.by != obligation.body:
        raise NotAllowedError(
            marked("{key} is asked of {body}; that is for it to say."),
            key=key,
            body=obligation.body,
        )
    if obligation.done_at:
        raise ConflictError(f"{key} was done on {obligation.done_at:%Y-%m-%d}.")
    return obligation


def the_obligation(desk: Desk, key: str) -> Obligation:
    """An obligation the acting body may answer. Raises UnknownError, NotAllowedError."""
    obligation = row(desk.session, Obligation, key)
    may = {obligation.body, desk.programme.chair, desk.programme.secretariat}
    if desk.by not in may or desk.by == ENGINE:
        raise NotAllowedError(
            marked("{key} is asked of {body}; {by} can neither acknowledge nor do it."),
            key=key,
            body=obligation.body,
            by=desk.by,
        )
    return obligation

"""The steps of an obligation: armed for their hour, taken when it comes, called back when moved."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlmodel import col, select

from schemas.programme import Contact, Ladder, LadderStep
from schemas.tables import Mail, Obligation, Timer, Urgency
from secretariat import ladder
from secretariat.commands.office import Desk
from secretariat.ownership import hours_late

TEMPLATE = "obligation"
UNSENT = ("waiting", "held")
TOLD = ("sending", "unknown", "bundled", "accepted")


def not_worked(desk: Desk, obligation: Obligation) -> date | None:
    """The day planned, where the asked body does not work on it; to be said beside the day due."""
    works = desk.calendar(obligation.body).works_on(obligation.planned_on)
    return None if works else obligation.planned_on


def rungs_of(obligation: Obligation) -> Ladder:
    """The ladder as it was frozen when the obligation was asked."""
    return Ladder.model_validate(obligation.ladder)


def arm_first(desk: Desk, obligation: str, times: ladder.Times) -> None:
    """Set the steps of what is newly asked, and have it looked at when its day is over."""
    for index, at in enumerate(times.steps):
        desk.add_timer("step", obligation, max(at, desk.now), index)
    desk.add_timer("missed", obligation, times.do_by)


def arm(desk: Desk, obligation: Obligation, times: ladder.Times, steps: Collection[int]) -> None:
    """Set the steps for their hours, or for the day until which they are put off."""
    rested = obligation.snoozed_until
    rests = desk.calendar(obligation.body).opening_of(rested) if rested else desk.now
    for index in steps:
        desk.set_timer("step", obligation.id, max(times.steps[index], rests, desk.now), index)


def arm_anew(
    desk: Desk, obligation: Obligation, times: ladder.Times, again: set[int], *, anew: bool
) -> None:
    """The steps for a new day: all when the body is asked ``anew``, else those the day dates.

    A step whose hour for the new day is past goes with the mail that tells of the day; those in
    ``again`` were on their way to somebody and are taken at once.
    """
    for index, step in enumerate(rungs_of(obligation).steps):
        dated = step.counted_from == "due" and times.steps[index] > desk.now
        if anew or dated or index in again:
            arm(desk, obligation, times, [index])
        elif step.counted_from == "due":
            desk.stop_timer("step", obligation.id, index)
    set_ends(desk, obligation)


def set_ends(desk: Desk, obligation: Obligation) -> None:
    """Have it looked at when its day is over, and when its acknowledgement runs out."""
    desk.stop_timers(obligation.id, "missed", "lapse")
    desk.add_timer("missed", obligation.id, obligation.do_by)
    if obligation.acknowledged_until:
        desk.add_timer("lapse", obligation.id, obligation.acknowledged_until)


def put_off(desk: Desk, obligation: Obligation, again: set[int]) -> None:
    """Let what comes before the snooze is over, and what was called back, wait for its end."""
    assert obligation.snoozed_until
    until = desk.calendar(obligation.body).opening_of(obligation.snoozed_until)
    waiting = select(Timer).where(Timer.subject == obligation.id, Timer.kind == "step")
    for timer in desk.session.exec(waiting.where(col(Timer.claimed_at).is_(None))):
        timer.due_at = max(timer.due_at, until)
    for index in again:
        desk.set_timer("step", obligation.id, until, index)


def call_back(desk: Desk, obligation: Obligation, why: str) -> set[int]:
    """End the reminders that have not left yet; which steps they were for."""
    names = [step.name for step in rungs_of(obligation).steps]
    query = select(Mail).where(Mail.obligation == obligation.id, Mail.template == TEMPLATE)
    called = set()
    for mail in desk.session.exec(query.where(col(Mail.state).in_(UNSENT))):
        desk.suppress(mail, why)
        called |= {
            names.index(name) for name in (mail.context["step"], *mail.context.get("also", ()))
        }
    return called


def told(desk: Desk, obligation: Obligation) -> list[Contact]:
    """Who answers now in the roles that were written to about the obligation."""
    query = select(Mail.role).where(Mail.obligation == obligation.id, Mail.template == TEMPLATE)
    roles = set(desk.session.exec(query.where(col(Mail.state).in_(TOLD))))
    found = {
        contact.slug: contact
        for role in sorted(role for role in roles if role)
        for contact in desk.contacts(obligation.body, role)
    }
    return list(found.values())


def take(desk: Desk, obligation: Obligation, timers: list[Timer]) -> None:
    """Take an obligation's due steps: one mail to each contact, for the latest of their steps."""
    steps = rungs_of(obligation).steps
    state = {
        "acknowledged": obligation.acknowledged_at is not None,
        "done": obligation.done_at is not None,
    }
    due = {timer.step: timer for timer in timers}
    kept = {n: timer for n, timer in due.items() if ladder.still_due(steps[n], **state)}
    addressed: dict[str, Contact] = {}
    theirs: dict[str, list[int]] = defaultdict(list)
    for index in sorted(kept):
        for contact in desk.contacts(obligation.body, steps[index].to):
            addressed[contact.slug] = contact
            theirs[contact.slug].append(index)
    latest = ladder.latest_of_each([(slug, n) for slug, found in theirs.items() for n in found])
    for slug, index in sorted(latest, key=lambda pair: (pair[1], pair[0])):
        also = [steps[n].name for n in theirs[slug] if n != index]
        _remind(desk, obligation, kept[index], steps[index], addressed[slug], also)
    work = desk.calendar(obligation.body)
    for index, timer in kept.items():
        if again := ladder.following(steps[index], timer.turn, work, desk.now):
            desk.set_timer("step", obligation.id, again, index, turn=timer.turn + 1)


def _remind(
    desk: Desk,
    obligation: Obligation,
    timer: Timer,
    step: LadderStep,
    contact: Contact,
    also: list[str],
) -> None:
    """One mail of one step; ``also`` names the earlier steps it stands for."""
    late = hours_late(timer.due_at, desk.now)
    asked = desk.mail(
        f"{promise(obligation)}/{timer.step}.{timer.turn}>{contact.slug}",
        contact,
        TEMPLATE,
        urgency=Urgency.ESCALATION if step.escalates else Urgency.DUTY,
        role=step.to,
        obligation=obligation.id,
        step=step.name,
        also=also,
        escalates=step.escalates,
        hours_late=late,
    )
    if asked:
        desk.record(
            "obligation.escalated" if step.escalates else "obligation.reminded",
            obligation.id,
            step=step.name,
            to=step.to,
            body=obligation.body,
            contact=contact.slug,
            hours_late=late,
        )


def promise(obligation: Obligation) -> str:
    """Within one promise each step is mailed once: a new day is another, and being asked anew."""
    return f"{obligation.id}#{obligation.sequence}@{obligation.asked_at:%Y%m%dT%H%M}"

"""What is due now? The tick claims each timer once and lets happen what it was set for."""

from collections import defaultdict

from sqlmodel import Session, col, select

from schemas.programme import Contact, LadderStep
from schemas.tables import Obligation, Timer, Urgency
from secretariat import ladder, ledger
from secretariat.commands.office import FIRINGS, Desk, Office
from secretariat.ownership import ENGINE, hours_late

BATCH = 200


def tick(office: Office) -> int:
    """Take every due, unclaimed timer, oldest first; returns how many were claimed.

    Claim, ledger entry and request for mail are one transaction for each batch: killed half-way,
    the next tick finds the rest. Late steps say how late they are.
    """
    claimed = 0
    while batch := _tick_batch(office):
        claimed += batch
    return claimed


def next_due(session: Session) -> Timer | None:
    """The next timer waiting for its time."""
    query = select(Timer).where(col(Timer.claimed_at).is_(None)).order_by(col(Timer.due_at))
    return session.exec(query.limit(1)).first()


def _tick_batch(office: Office) -> int:
    now = office.clock.now()
    with office.store.read() as session:  # an idle tick must not take the write lock
        waiting = next_due(session)
        if waiting is None or waiting.due_at > now:
            return 0
    with office.store.write() as session:
        desk = Desk(session, office.programme, now, ENGINE)
        due = session.exec(
            select(Timer)
            .where(col(Timer.claimed_at).is_(None), col(Timer.due_at) <= now)
            .order_by(col(Timer.due_at), col(Timer.id))
            .limit(BATCH)
        ).all()
        together: dict[tuple[str, str], list[Timer]] = defaultdict(list)
        for timer in due:
            timer.claimed_at = now
            together[timer.kind, timer.subject].append(timer)
        for (kind, subject), timers in together.items():
            if kind != "step":
                for timer in timers:
                    FIRINGS[kind](desk, timer)
            elif obligation := session.get(Obligation, subject):
                _take(desk, obligation, timers)
        ledger.append(session, desk.events, at=now, by=ENGINE)
        return len(due)


def _take(desk: Desk, obligation: Obligation, timers: list[Timer]) -> None:
    """Take an obligation's due steps: one mail to each contact, for the latest of their steps."""
    state = {
        "acknowledged": obligation.acknowledged_at is not None,
        "done": obligation.done_at is not None,
    }
    steps = {timer.step: timer for timer in timers}
    addressed: dict[tuple[str, int], Contact] = {}
    for index in steps:
        step = LadderStep.model_validate(obligation.ladder[index])
        if ladder.still_due(step, **state):
            for contact in desk.contacts(obligation.body, step.to):
                addressed[contact.slug, index] = contact
    kept = ladder.latest_of_each(list(addressed))
    for slug, index in sorted(kept, key=lambda pair: (pair[1], pair[0])):
        _remind(desk, obligation, steps[index], addressed[slug, index])


def _remind(desk: Desk, obligation: Obligation, timer: Timer, contact: Contact) -> None:
    step = LadderStep.model_validate(obligation.ladder[timer.step])
    late = hours_late(timer.due_at, desk.now)
    desk.record(
        "obligation.escalated" if step.escalates else "obligation.reminded",
        obligation.id,
        step=step.name,
        to=step.to,
        body=obligation.body,
        contact=contact.slug,
        hours_late=late,
    )
    desk.mail(
        f"{obligation.id}#{timer.step}@{timer.due_at:%Y%m%dT%H%M}>{contact.slug}",
        contact,
        "obligation",
        urgency=Urgency.ESCALATION if step.escalates else Urgency.DUTY,
        role=step.to,
        obligation=obligation.id,
        step=step.name,
        escalates=step.escalates,
        hours_late=late,
    )

"""How is the program doing? What an operator's monitoring asks: backlog, lateness, outcomes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlmodel import Session, col, func, select

from schemas.tables import Lease, Mail, Obligation
from secretariat import ledger, webhooks
from secretariat.maillog import OPEN
from secretariat.timers import next_due

STATES = (*OPEN, "bundled", "accepted", "bounced", "refused", "suppressed", "expired")


def vitals(
    session: Session, now: datetime, parts: Mapping[str, str], backup: timedelta | None
) -> bytes:
    """In Prometheus' text format; ages are in seconds, and nothing in it is about a person.

    ``parts`` says in words which parts of the program are up, ``backup`` how old the last one is
    that was proved: without any, that figure is absent.
    """
    found = CollectorRegistry()
    mails = Gauge("secretariat_mails", "Mails by their state", ["state"], registry=found)
    counted = dict(session.exec(select(Mail.state, func.count()).group_by(Mail.state)).all())
    for state in STATES:
        mails.labels(state).set(counted.get(state, 0))
    _set(
        found, "mail_backlog_age_seconds", "How long the oldest mail is due", _backlog(session, now)
    )
    _set(
        found, "timer_lateness_seconds", "How late the oldest unfired timer is", _late(session, now)
    )
    _set(found, "obligations_open", "Asked and not done", _open(session))
    _set(found, "obligations_late", "Asked, not done, and their day is over", _open(session, now))
    _set(found, "ledger_entries", "Entries of the ledger", ledger.head(session).seq)
    lease = session.get(Lease, "clock")
    _set(
        found,
        "lease_number",
        "Grows with each process that took over",
        lease.number if lease else 0,
    )
    _set(found, "webhooks_given_up", "Wait for the operator", webhooks.given_up(session))
    if backup is not None:
        _set(
            found,
            "backup_age_seconds",
            "Age of the last backup that restores",
            backup.total_seconds(),
        )
    running = Gauge(
        "secretariat_part", "What a part says of itself", ["part", "is"], registry=found
    )
    for part, words in parts.items():
        running.labels(part, words).set(1)
    return generate_latest(found)


def _set(registry: CollectorRegistry, name: str, says: str, value: float) -> None:
    Gauge(f"secretariat_{name}", says, registry=registry).set(value)


def _backlog(session: Session, now: datetime) -> float:
    due = col(Mail.state).in_(("waiting", "unknown")) & (col(Mail.not_before) <= now)
    oldest = session.exec(select(func.min(Mail.not_before)).where(due)).one()
    return (now - oldest).total_seconds() if oldest else 0


def _late(session: Session, now: datetime) -> float:
    timer = next_due(session)
    return max(0, (now - timer.due_at).total_seconds()) if timer else 0


def _open(session: Session, before: datetime | None = None) -> int:
    query = select(func.count()).select_from(Obligation).where(col(Obligation.done_at).is_(None))
    return session.exec(query.where(Obligation.do_by <= before) if before else query).one()

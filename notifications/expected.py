"""Which mails will leave if nobody acts? The future lived through in memory, and looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, update
from sqlmodel import col, select

from notifications.compose import Composer
from notifications.outbox import write_due
from schemas.tables import Mail
from secretariat.clock import VirtualClock
from secretariat.commands.office import Office
from secretariat.history import live_until
from secretariat.reconcile import reconcile

_OUTBOX: Table = Mail.__table__  # type: ignore[attr-defined]
# Every relay takes all in the future; else it would be told of mails that reached nobody.
_LEAVE = (
    update(_OUTBOX)
    .where(_OUTBOX.c.state == "waiting", _OUTBOX.c.content.is_not(None))
    .values(state="accepted", accepted_at=bindparam("now"), ended_at=bindparam("now"))
)


@dataclass(frozen=True)
class Expected:
    """A mail that will leave ``at`` (UTC) to a contact unless somebody acts before."""

    at: datetime
    contact: str
    address: str
    subject: str
    template: str
    obligation: str | None
    holding: str | None


def expected(office: Office, composer: Composer, until: datetime, to: str = "") -> list[Expected]:
    """What will leave by ``until``, in order; ``to``: only to this contact, or to this body's.

    Nothing is changed: it happens in a copy, with the reminders, what falls due, the cycles that
    open on the way and the mails written as they would be.
    """
    clock = VirtualClock(office.clock.now())
    future = Office(office.store.copy(), office.programme, clock)

    def write() -> None:
        write_due(future.store, composer, clock.now())
        with future.store.write() as session:
            session.connection().execute(_LEAVE, {"now": clock.now()})

    for day in [*_turns(clock.now(), until, office.programme.zone), until]:
        live_until(future, clock, day, write)
        if day < until:
            for function in office.programme.functions:
                reconcile(future, function)
    with future.store.read() as session:
        written = select(Mail).where(col(Mail.content).is_not(None))
        return [
            Expected(
                at=mail.not_before,
                contact=mail.contact,
                address=mail.address or "",
                subject=mail.subject or "",
                template=mail.template,
                obligation=mail.obligation,
                holding=mail.holding,
            )
            for mail in session.exec(written.order_by(col(Mail.not_before), col(Mail.id)))
            if not to or mail.contact == to or mail.contact.startswith(f"{to}-")
        ]


def _turns(now: datetime, until: datetime, zone: str) -> Iterator[datetime]:
    """Now, and the beginning of each month: when flows find new cycles to open."""
    turn = now
    while turn < until:
        yield turn
        local = (turn.astimezone(ZoneInfo(zone)).replace(day=1) + timedelta(days=32)).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        turn = local.astimezone(UTC)

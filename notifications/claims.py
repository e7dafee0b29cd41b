"""Which mails leave next? The most urgent that may, written and frozen before anybody sees them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, bindparam, case, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, or_, select

from notifications import undelivered
from notifications.compose import Composer
from notifications.outcomes import TRIES
from notifications.overtaken import overtaken
from notifications.quiet import asleep
from notifications.transport import Frozen
from schemas.tables import Holding, Mail, Obligation, Urgency
from secretariat.commands.office import Desk
from secretariat.commands.posts import ERASED
from secretariat.commands.reach import Reach
from secretariat.errors import NoAddressError, SecretariatError
from secretariat.ownership import ENGINE

LEASE = timedelta(minutes=30)  # longer than all that one mail may take
BATCH = 60
AT_ONCE = 10  # mails written in one transaction: others want to write too
BEGUN = "dot"  # phase of a mail under way: from here on it may have been taken

OUTBOX: Table = Mail.__table__  # type: ignore[attr-defined]
# One urgency at a time, so that the index gives the order and nothing is sorted.
_NEXT = (
    OUTBOX.select()
    .with_only_columns(
        *(OUTBOX.c.id, OUTBOX.c.template, OUTBOX.c.obligation, OUTBOX.c.holding, OUTBOX.c.context),
        *(OUTBOX.c.contact, OUTBOX.c.urgency, OUTBOX.c.not_before),
        *(OUTBOX.c.address, OUTBOX.c.content, OUTBOX.c.sha256, OUTBOX.c.attempts, OUTBOX.c.faults),
    )
    .where(
        OUTBOX.c.state == "waiting",
        OUTBOX.c.urgency == bindparam("urgency"),
        OUTBOX.c.not_before <= bindparam("now"),
        OUTBOX.c.expires_at.is_(None) | (OUTBOX.c.expires_at > bindparam("now")),
    )
    .order_by(OUTBOX.c.expires_at.nulls_last(), OUTBOX.c.not_before, OUTBOX.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)

_GONE = "whom it was written to is no longer known"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A mail that is ours until ``lease_until``, with how often it was tried before."""

    mail: Frozen
    lease_until: datetime
    attempts: int
    faults: int


def waits(session: Session, now: datetime) -> bool:
    """Whether anything in the outbox wants attention at ``now``; cheap enough to ask often."""
    state, hour = col(Mail.state), col(Mail.not_before)
    wanted = or_(
        state.in_(("waiting", "unknown")) & ((hour <= now) | (col(Mail.expires_at) <= now)),
        (state == "sending") & (col(Mail.lease_until) <= now),
    )
    return session.exec(select(Mail.id).where(wanted).limit(1)).first() is not None


def due(session: Session, now: datetime, most: int) -> int:
    """How many mails may leave now, counted up to ``most``."""
    some = select(Mail.id).where(col(Mail.state) == "waiting", _may_leave(now)).limit(most)
    return session.exec(select(func.count()).select_from(some.subquery())).one()


def take_back(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    """Mails whose sender is gone wait again; those it had begun may have been taken."""
    begun = OUTBOX.c.phase == BEGUN
    faults = OUTBOX.c.faults + case((begun, 1), else_=0)
    aside = begun & (faults >= TRIES)
    session.connection().execute(
        update(OUTBOX)
        .where(OUTBOX.c.state == "sending", which)
        .values(
            state=case((aside, "held"), else_="waiting"),
            lease_until=None,
            faults=case((aside, 0), else_=faults),
            possible_duplicate=OUTBOX.c.possible_duplicate | begun,
            not_before=case((begun, now + timedelta(minutes=1)), else_=OUTBOX.c.not_before),
            attempted_at=case((begun, now), else_=OUTBOX.c.attempted_at),
            reply=case(
                (aside, f"set aside: secretariat ended {TRIES} times while it was being sent"),
                (begun, "secretariat ended while it was being sent; it may have been taken"),
                else_=OUTBOX.c.reply,
            ),
        )
    )
    session.connection().execute(
        update(OUTBOX)
        .where(OUTBOX.c.state == "unknown", OUTBOX.c.not_before <= now)
        .values(state="waiting")
    )


def claim(
    session: Session, composer: Composer, now: datetime, most: int
) -> tuple[list[Claimed], bool]:
    """The next mails, at most ``most``, now ours; and whether there may be more behind them.

    What need not be sent any more, and what cannot be written, ends here.
    """
    found = _next(session, now, min(most, BATCH))
    awake = _awake(session, composer, found, now)
    over = _over(session, awake)
    rows = [row for row in awake if row.id in over]
    reach = Reach(Desk(session, composer.programme, now, ENGINE))
    ready: dict[int, Frozen] = {}
    written = 0
    for row in rows:
        if written == AT_ONCE:
            break
        if why := over[row.id]:
            _end(session, row.id, "suppressed", why, now)
        elif reach.lost(row.contact, row.address, row.template):
            reach.pass_on(session.get_one(Mail, row.id))
        elif row.content is None:
            written += 1
            if frozen := _write(session, composer, row.id, now):
                ready[row.id] = frozen
        elif row.sha256 and sha256(row.content).hexdigest() != row.sha256:
            _set_aside(session, row.id, "its frozen bytes were changed since they were written")
        else:
            ready[row.id] = Frozen(
                row.id, composer.envelope_sender(row.id), row.address, row.content
            )
    session.flush()
    lease_until = now + LEASE
    _mark(session, ready, state="sending", lease_until=lease_until, phase="")
    tried = {row.id: (row.attempts, row.faults) for row in rows}
    return [Claimed(mail, lease_until, *tried[id]) for id, mail in ready.items()], bool(found)


def put_back(session: Session, ids: Iterable[int]) -> None:
    """Claimed, but nothing was begun."""
    _mark(session, list(ids), state="waiting", lease_until=None)


def write(session: Session, composer: Composer, now: datetime) -> bool:
    """Freeze a few of the mails that may leave at ``now``, unsent; whether there are more."""
    unwritten = select(Mail).where(
        col(Mail.state) == "waiting", col(Mail.content).is_(None), _may_leave(now)
    )
    found = session.exec(unwritten.limit(AT_ONCE)).all()
    mails = _awake(session, composer, found, now)
    over = _over(session, mails)
    reach = Reach(Desk(session, composer.programme, now, ENGINE))
    for mail in mails:
        assert mail.id
        if mail.id not in over:
            continue
        if why := over[mail.id]:
            _end(session, mail.id, "suppressed", why, now)
        elif not reach.pass_on(mail):
            _write(session, composer, mail.id, now)
    return bool(found)


def _awake(session: Session, composer: Composer, mails: Sequence[Any], now: datetime) -> list[Any]:
    """Without those whose reader is not to be written to now; they wait for the office to open."""
    waits = [mail for mail in mails if mail.urgency != Urgency.AT_ONCE]
    opens = asleep(session, composer.programme, {mail.contact for mail in waits}, now)
    for contact, at in opens.items():
        _mark(session, [m.id for m in waits if m.contact == contact], not_before=at)
    return [m for m in mails if m.contact not in opens or m.urgency == Urgency.AT_ONCE]


def _may_leave(now: datetime) -> ColumnElement[bool]:
    lasts = col(Mail.expires_at).is_(None) | (col(Mail.expires_at) > now)
    return (col(Mail.not_before) <= now) & lasts


def _next(session: Session, now: datetime, most: int) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for urgency in Urgency:
        asked = {"now": now, "urgency": urgency, "most": most - len(rows)}
        rows += session.connection().execute(_NEXT, asked).all()
        if len(rows) == most:
            break
    return rows


def _write(session: Session, composer: Composer, id: int, now: datetime) -> Frozen | None:
    """Freeze one mail; one that cannot be written is held and stops no other."""
    try:
        with session.begin_nested():
            mail = session.get_one(Mail, id)
            composer.freeze(session, mail, now)
    except OperationalError:
        raise
    except NoAddressError as error:
        _end(session, id, "refused", str(error), now)
        desk = Desk(session, composer.programme, now, ENGINE)
        undelivered.see_to(desk, session.get_one(Mail, id), str(error))
        return None
    except Exception as error:
        if not isinstance(error, SecretariatError):
            log.exception("mail %s cannot be written", id)
        _set_aside(session, id, f"cannot be written: {error}")
        return None
    assert mail.address
    assert mail.content
    return Frozen(id, composer.envelope_sender(id), mail.address, mail.content)


def _over(session: Session, rows: Sequence[Any]) -> dict[int, str]:
    """Why a mail need not be sent any more, empty while it must; not of one that is set aside."""
    _at_hand = (  # fetched at once, so that ``overtaken`` need not ask for each
        _by_id(session, Obligation, {row.obligation for row in rows}),
        _by_id(session, Holding, {row.holding for row in rows}),
    )
    over = {}
    for row in rows:
        try:
            over[row.id] = _GONE if row.address == ERASED else overtaken(session, row)
        except OperationalError:
            raise
        except Exception as error:  # one that is not as it should be stops no other
            log.exception("mail %s cannot be judged", row.id)
            _set_aside(session, row.id, f"cannot be sent: {type(error).__name__} {error}")
    return over


def _by_id(session: Session, table: Any, ids: set[str | None]) -> list[Any]:
    wanted = ids - {None}
    return list(session.exec(select(table).where(table.id.in_(wanted)))) if wanted else []


def _mark(session: Session, ids: Iterable[int], **values: Any) -> None:
    if ids := list(ids):
        session.connection().execute(update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(**values))


def _end(session: Session, id: int, state: str, why: str, now: datetime) -> None:
    _mark(session, [id], state=state, reply=why, ended_at=now)


def _set_aside(session: Session, id: int, why: str) -> None:
    _mark(session, [id], state="held", reply=why)

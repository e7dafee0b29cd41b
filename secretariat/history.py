"""Replaying the past: dated acts through the same commands a person uses, under a virtual clock."""

from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from schemas.acts import DatedAct, History, Told
from schemas.phase import Phase
from schemas.tables import Entry, Holding, Mail, Obligation, Review, Setting
from secretariat.clock import MovableClock
from secretariat.commands import bodies, holdings, weekly
from secretariat.commands.office import Desk, Office
from secretariat.errors import BadInputError, SecretariatError
from secretariat.ledger import append
from secretariat.store import Store
from secretariat.timers import next_due, tick

# Asked at every step, so made once.
_NEXT_HOUR = (
    select(Mail.not_before)
    .where(
        col(Mail.state) == "waiting",
        col(Mail.content).is_(None),
        col(Mail.not_before) > bindparam("now"),
    )
    .order_by(col(Mail.not_before))
    .limit(1)
)


def adopt(office: Office) -> None:
    """Give every duty of the programme its first owner; safe to repeat."""
    with office.store.write() as session:
        desk = Desk(session, office.programme, office.clock.now(), office.programme.secretariat)
        holdings.open_all(desk, office.programme)
        bodies.note_closing(desk, office.programme)
        weekly.note_weekly(desk, office.programme)
        append(session, desk.events, at=desk.now, by=desk.by)


def replay(
    history: History, office: Office, clock: MovableClock, pause: Callable[[], object]
) -> None:
    """Live through a history once more, with its reminders; safe to repeat after a break.

    ``clock`` is the office's; ``pause`` is called whenever it has moved and mails may wait.
    Raises BadInputError naming the act that cannot be done.
    """
    lived_until = _last_act_at(office.store, history)
    adopt(office)
    for number, dated in enumerate(history.acts, 1):
        if lived_until and dated.at < lived_until:
            continue  # a sweep done again would find what only became open later
        live_until(office, clock, dated.at, pause)
        for act, by in _each(office, dated):
            try:
                key = f"{history.name}#{number}:{_object(act)}"
                told = Told(source=dated.source, inferred=dated.inferred)
                office.do(act, by=by, key=key, contact=dated.contact, told=told)
            except SecretariatError as error:
                raise BadInputError(f"act {number} of {history.name}: {error}") from error
    live_until(office, clock, history.until, pause)


def _last_act_at(store: Store, history: History) -> datetime | None:
    """How far an earlier replay came."""
    query = select(Entry.at).where(col(Entry.key).startswith(f"{history.name}#"))
    with store.read() as session:
        return session.exec(query.order_by(col(Entry.seq).desc()).limit(1)).first()


def was_replayed(store: Store, history: History) -> bool:
    with store.read() as session:
        return session.get(Setting, f"replayed.{history.name}") is not None


def note_replayed(store: Store, history: History) -> None:
    """Remember that it was lived through to its end."""
    with store.write() as session:
        session.merge(Setting(name=f"replayed.{history.name}", value=history.until.isoformat()))


def live_until(
    office: Office, clock: MovableClock, end: datetime, pause: Callable[[], object]
) -> None:
    """Move the office's clock to ``end``, with everything on the way at its own time.

    ``pause`` is called whenever the clock has moved and mails may wait.
    """
    while (moment := _next_moment(office.store, clock.now())) and moment <= end:
        clock.advance_to(moment)
        tick(office)
        pause()
    clock.advance_to(end)
    pause()


def _next_moment(store: Store, now: datetime) -> datetime | None:
    """When the next timer is due or the next mail may leave."""
    with store.read() as session:
        timer = next_due(session)
        mail = session.exec(_NEXT_HOUR, params={"now": now}).first()
    return min((at for at in (timer and timer.due_at, mail) if at), default=None)


def _each(office: Office, dated: DatedAct) -> list[tuple[Any, str]]:
    """The act for every holding or obligation its pattern names, with who does it."""
    name = next((n for n in ("holding", "obligation") if hasattr(dated.do, n)), None)
    if name is None:
        return [(dated.do, dated.by)]
    pattern = getattr(dated.do, name)
    table: Any = Holding if name == "holding" else Obligation
    with office.store.read() as session:
        rows = list(session.exec(select(table).order_by(table.id)))
        if "*" in pattern:
            rows = [r for r in rows if fnmatchcase(r.id, pattern) and _waits(session, r, dated)]
        else:
            rows = [row for row in rows if row.id == pattern]
            if not rows:
                raise BadInputError(f"There is no {name} “{pattern}”.")
    return [(dated.do.model_copy(update={name: row.id}), _doer(row, dated.by)) for row in rows]


def _waits(session: Session, row: Any, dated: DatedAct) -> bool:
    """Whether a row still waits for an act meant for all: a sweep leaves out what is done."""
    match dated.do.act:
        case "advance":
            return bool(row.phase == Phase.SHARED)
        case "waive":
            return row.phase in (Phase.UN_LED, Phase.SHARED)
        case "review":
            unanswered = col(Review.answered_at).is_(None)
            query = select(Review).where(Review.holding == row.id, unanswered)
            return session.exec(query).first() is not None
        case "acknowledge":
            return row.acknowledged_at is None
        case _:
            return True


def _doer(row: Any, by: str) -> str:
    """“receiver”, “owner” and “asked” stand for the body that is it at that moment."""
    column = {"receiver": "takes_over", "owner": "owner", "asked": "body"}.get(by)
    return str(getattr(row, column)) if column else by


def _object(act: Any) -> str:
    return str(getattr(act, "holding", None) or getattr(act, "obligation", None) or "")

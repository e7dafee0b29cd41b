"""Which days and instants would be others, counted by the calendars of now? And may they be?

A day is kept with its rule: what it was counted from, in whose country, by which ladder. New
releases of the holiday table or of the time zones, and edits of the programme's calendars, are
found by counting again. Nothing moves before somebody approves, and what is past never does.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH

from sqlmodel import Session, col, select

from schemas.acts import ApproveCalendar
from schemas.anchor import Anchor
from schemas.programme import Milestone, Programme
from schemas.tables import Cycle, Obligation, PlannedMilestone, Setting, Timer
from secretariat import ladder
from secretariat.catalogues import marked
from secretariat.commands import moves, reminders
from secretariat.commands.moves import Move
from secretariat.commands.obligations import move_to, plan_for
from secretariat.commands.office import Desk, Office, handles
from secretariat.commands.wanted import dated
from secretariat.errors import ConflictError
from secretariat.ownership import ENGINE

BASIS = "calendar.basis"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shift:
    """What would be another: a day of a milestone, or an instant (UTC) of an obligation."""

    subject: str
    what: str
    was: date | datetime
    would: date | datetime


@dataclass(frozen=True)
class _Recounted:
    """An obligation with the times it would have, and the timers that would be others."""

    obligation: Obligation
    milestone: Milestone
    day: date
    times: ladder.Times
    shifts: list[Shift]
    timers: list[tuple[Timer, datetime]]


def shifts(desk: Desk) -> list[Shift]:
    """All that would be another, milestones first."""
    found = [shift for _, _, shift in _planned(desk)]
    return found + [shift for again in _obligations(desk) for shift in again.shifts]


@handles(ApproveCalendar, may="secretariat chair")
def approve_calendar(desk: Desk, act: ApproveCalendar) -> None:
    """Date anew what lies ahead, and tell each person once. ConflictError: nothing would change."""
    planned, obligations = list(_planned(desk)), list(_obligations(desk))
    if not planned and not obligations:
        raise ConflictError(
            marked("No day or hour that lies ahead would be another; nothing was changed.")
        )
    count = len(planned) + sum(len(again.shifts) for again in obligations)
    why = desk.record("calendar.approved", desk.programme.slug, reason=act.reason, shifts=count)
    for milestone, row, shift in planned:
        assert isinstance(shift.would, date)
        plan_for(desk, row.cycle, milestone, Anchor.model_validate(row.anchor), shift.would)
    moved = [_apply(desk, again) for again in obligations]
    moves.tell(desk, [move for move in moved if move], why)
    _keep(desk.session, desk.programme)


def _apply(desk: Desk, again: _Recounted) -> Move | None:
    obligation, times = again.obligation, again.times
    row = desk.session.get_one(PlannedMilestone, f"{obligation.cycle}/{obligation.milestone}")
    planned = dated(row, again.day, obligation.provisional)
    if (times.due_on, again.day) != (obligation.due_on, obligation.planned_on):
        return move_to(desk, obligation, planned, times, reminders.told(desk, obligation))
    desk.record(
        "obligation.recounted",
        obligation.id,
        body=obligation.body,
        asked_at=times.asked_at.isoformat(),
        acknowledge_by=times.acknowledge_by.isoformat(),
        do_by=times.do_by.isoformat(),
    )
    for timer, due_at in again.timers:
        timer.due_at = due_at
    reminders.set_ends(desk, obligation)
    return None


def _planned(desk: Desk) -> Iterator[tuple[Milestone, PlannedMilestone, Shift]]:
    """The milestones of open cycles whose day would be another."""
    query = select(Cycle).where(col(Cycle.closed_at).is_(None)).order_by(Cycle.id)
    for cycle in desk.session.exec(query).all():
        function = desk.programme.function(cycle.function)
        for milestone in function.milestones if function else ():
            row = desk.session.get(PlannedMilestone, f"{cycle.id}/{milestone.slug}")
            if row and (day := _day(desk, row)) != row.due_on:
                yield milestone, row, Shift(row.id, "planned for", row.due_on, day)


def _day(desk: Desk, planned: PlannedMilestone) -> date:
    """The day of a milestone by the calendar of now; a day that is past stays."""
    work = desk.calendar(desk.programme.secretariat)
    if not planned.anchor or planned.due_on < work.today(desk.now):
        return planned.due_on
    return work.shift(Anchor.model_validate(planned.anchor).day, planned.offset)


def _obligations(desk: Desk) -> Iterator[_Recounted]:
    """The obligations that lie ahead and would be dated otherwise."""
    ahead = col(Obligation.done_at).is_(None) & (col(Obligation.do_by) > desk.now)
    for obligation in desk.session.exec(select(Obligation).where(ahead).order_by(Obligation.id)):
        function = desk.programme.function(obligation.function)
        slugs = {m.slug: m for m in function.milestones} if function else {}
        row = desk.session.get(PlannedMilestone, f"{obligation.cycle}/{obligation.milestone}")
        if row and (milestone := slugs.get(obligation.milestone)):
            day = _day(desk, row) if row.due_on == obligation.planned_on else obligation.planned_on
            again = _recounted(desk, obligation, milestone, day)
            if again.shifts or day != obligation.planned_on:
                yield again


def _recounted(desk: Desk, obligation: Obligation, milestone: Milestone, day: date) -> _Recounted:
    times = _times(desk, obligation, milestone, day)
    compared = [
        ("asked", obligation.asked_at, times.asked_at),
        ("acknowledge by", obligation.acknowledge_by, times.acknowledge_by),
        ("do by", obligation.do_by, times.do_by),
    ]
    timers = _timers(desk, obligation, times)
    steps = reminders.rungs_of(obligation).steps
    compared += [(steps[timer.step].name, timer.due_at, due_at) for timer, due_at in timers]
    found = [
        Shift(obligation.id, what, was, would)
        for what, was, would in compared
        if was > desk.now and was != would
    ]
    return _Recounted(obligation, milestone, day, times, found, timers)


def _times(desk: Desk, obligation: Obligation, milestone: Milestone, day: date) -> ladder.Times:
    """As it was dated, by the calendars of now: who was asked stays asked."""
    rungs, work = reminders.rungs_of(obligation), desk.calendar(obligation.body)
    due_on = work.settled(day, milestone.on_holiday)
    if obligation.by_rule and obligation.asked_at > desk.now:
        by = obligation.extended_by
        return ladder.times(rungs, due_on, milestone.lead_time, work, desk.now, extended_by=by)
    if not obligation.by_rule:
        due_on = obligation.due_on
    elif obligation.extended_by:
        due_on = work.shift(due_on, obligation.extended_by)
    dated = ladder.dated(rungs, obligation.asked_at, due_on, work)
    kept = obligation.acknowledge_by if obligation.acknowledge_by <= desk.now else None
    return replace(dated, acknowledge_by=kept or dated.acknowledge_by, by_rule=obligation.by_rule)


def _timers(
    desk: Desk, obligation: Obligation, times: ladder.Times
) -> list[tuple[Timer, datetime]]:
    """The steps that wait for another hour than they would; those taken before keep theirs."""
    rested = obligation.snoozed_until
    rests = desk.calendar(obligation.body).opening_of(rested) if rested else desk.now
    waiting = select(Timer).where(Timer.kind == "step", Timer.subject == obligation.id)
    waiting = waiting.where(col(Timer.claimed_at).is_(None), Timer.turn == 0)
    hours = [
        (timer, max(times.steps[timer.step], rests))
        for timer in desk.session.exec(waiting.where(col(Timer.due_at) > desk.now))
    ]
    return [(timer, due_at) for timer, due_at in hours if timer.due_at != due_at]


# -- by what calendars was everything counted? -----------------------------------------------------


def basis(programme: Programme) -> dict[str, str]:
    """What days and hours are counted by: the releases of the tables, and the programme's own."""
    own = programme.model_dump(mode="json", include={"zone", "calendar", "office_hours"})
    kept = {"zone", "calendar", "office_hours"}
    members = [member.model_dump(mode="json", include=kept) for member in programme.members]
    rules = [
        [function.slug, milestone.slug, milestone.lead_time, milestone.on_holiday]
        for function in programme.functions
        for milestone in function.milestones
    ]
    said = json.dumps([own, members, rules], sort_keys=True)
    own_hash = sha256(said.encode()).hexdigest()[:12]
    return {**_releases(), "the programme's calendars": own_hash}


@cache
def _releases() -> dict[str, str]:
    """Zones are the machine's where it has them, else those that came with the program."""
    files = [Path(directory) / "tzdata.zi" for directory in TZPATH]
    found = next((file for file in files if file.is_file()), None)
    zones = found.open().readline().split()[-1] if found else version("tzdata")
    return {"holidays": version("holidays"), "tzdata": zones}


def waiting(office: Office) -> str:
    """Whether changed calendars wait for approval, in a sentence; empty when none do.

    Where no date would be another there is nothing to approve, and the new calendars hold.
    """
    with office.store.read() as session:
        if not (why := changed(session, office.programme)):
            return ""
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        if session.get(Setting, BASIS) and (found := shifts(desk)):
            return (
                f"{len(found)} days and hours would be others by changed calendars ({why}); "
                "see “secretariat calendar check”"
            )
    with office.store.write() as session:
        _keep(session, office.programme)
    return ""


@dataclass
class Notice:
    """What a start has found of changed calendars, said until somebody has approved them."""

    office: Office
    _words: str = ""

    def look(self) -> None:
        """Count again; once, since nothing changes under a program that runs."""
        self._words = waiting(self.office)
        if self._words:
            log.warning("%s", self._words)

    def words(self) -> str:
        if self._words:
            with self.office.store.read() as session:
                if not changed(session, self.office.programme):
                    self._words = ""
        return self._words


def changed(session: Session, programme: Programme) -> str:
    """What is other than when dates were counted: “holidays 0.109 → 0.110”; empty: nothing."""
    setting = session.get(Setting, BASIS)
    known = json.loads(setting.value) if setting else {}
    return ", ".join(
        f"{name} {known.get(name, 'unknown')} → {value}"
        for name, value in basis(programme).items()
        if known.get(name) != value
    )


def _keep(session: Session, programme: Programme) -> None:
    session.merge(Setting(name=BASIS, value=json.dumps(basis(programme))))

"""Calendars at a terminal: what is not worked where, and which day all members work."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.cli.terminal import By, do, office_here, say
from secretariat.errors import BadInputError, UnknownError

if TYPE_CHECKING:
    from schemas.programme import Programme

calendar = typer.Typer(no_args_is_help=True, help="Working days of the members.")
YEARS_AHEAD = 3
"""Milestones lie up to 500 working days from a meeting that may be a year away."""


@calendar.command()
def show(
    member: Annotated[str, typer.Argument(help="code of a member, such as LA")],
    since: Annotated[str, typer.Option("--from", help="a day; else today")] = "",
    until: Annotated[str, typer.Option("--to", help="a day; else a year later")] = "",
) -> None:
    """List what is not worked in a country and why, beside its weekends."""
    from secretariat.calendars import ONE_DAY, of_all

    everywhere = of_all(_programme())
    if member not in everywhere:
        raise UnknownError(f"“{member}” is no member. Members are {', '.join(everywhere)}.")
    work = everywhere[member]
    first = _day(since) if since else _today()
    last = _day(until) if until else first + 365 * ONE_DAY
    if not 0 <= (last - first).days <= 3660:
        raise BadInputError("--to is a day after --from, at most ten years later.")
    for n in range((last - first).days + 1):
        day = first + n * ONE_DAY
        if (why := work.why_free(day)) != "weekend" and (why := why or work.why_worked(day)):
            say(f"{day:%a} {day}  {why}")
    for year in range(first.year, last.year + 1):
        if doubt := work.doubt(year):
            say(f"Warning: {doubt}.")


@calendar.command("next-common")
def next_common(day: Annotated[str, typer.Argument(help="a day such as 2020-03-10")]) -> None:
    """Find the next and the previous day that is a working day in all member countries."""
    from secretariat.calendars import ONE_DAY, common, not_working, of_all

    everywhere, wanted = of_all(_programme()), _day(day)
    free = not_working(everywhere, wanted)
    if not free:
        say(f"{wanted:%a} {wanted} is a working day in all of {', '.join(everywhere)}.")
        return
    say(f"{wanted:%a} {wanted} is not: {'; '.join(f'{c}: {why}' for c, why in free.items())}.")
    for which, step in (("next", ONE_DAY), ("previous", -ONE_DAY)):
        found = common(everywhere, wanted, step)
        said = f"{found:%a} {found}" if found else "none within a year"
        say(f"The {which} day all members work: {said}.")


@calendar.command()
def check() -> None:
    """Count every day and hour that lies ahead again, and show which would be others."""
    from datetime import datetime

    from secretariat.commands import recount
    from secretariat.commands.office import Desk
    from secretariat.moments import in_words
    from secretariat.ownership import ENGINE

    _, office = office_here()
    with office.store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        found, why = recount.shifts(desk), recount.changed(session, office.programme)
        local = in_words(office.programme.zone)
    for shift in found:
        was, would = (
            local(at) if isinstance(at, datetime) else at for at in (shift.was, shift.would)
        )
        say(f"{shift.subject}: {shift.what}: {was}, would be {would}")
    if found:
        say(f"Why: {why or 'the programme or its calendars were changed'}.")
        say("Nothing moves before somebody approves: secretariat calendar approve --reason …")
    else:
        say("Every day and hour that lies ahead is as it would be counted now.")


@calendar.command()
def approve(reason: Annotated[str, typer.Option()], by: By = "") -> None:
    """Let what lies ahead follow the changed calendars; everybody who was told is told once."""
    from schemas.acts import ApproveCalendar
    from secretariat.typed import act_from

    do(act_from(ApproveCalendar, reason=reason), by)


def doubts(programme: "Programme") -> list[str]:
    """What the holiday tables do not know of the years that matter now."""
    from secretariat.calendars import of_all, of_member

    calendars = [of_member(programme, None), *of_all(programme).values()]
    years = range(_today().year, _today().year + YEARS_AHEAD)
    found = (work.doubt(year) for work in calendars for year in years)
    return list(dict.fromkeys(doubt for doubt in found if doubt))


def _programme() -> "Programme":
    from secretariat.programme import load_programme
    from secretariat.settings import load_settings

    return load_programme(load_settings().programme)


def _today() -> date:
    from secretariat.clock import WallClock

    return WallClock().now().date()


def _day(words: str) -> date:
    from schemas.anchor import YEARS

    try:
        day = date.fromisoformat(words)
    except ValueError:
        day = date.max
    if day.year not in YEARS:
        raise BadInputError(f"“{words}” is no day such as 2020-03-10.")
    return day

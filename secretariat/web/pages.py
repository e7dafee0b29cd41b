"""What people look at. Nothing here changes anything."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col, select

from schemas.forecast import Forecast, TooLittle
from schemas.phase import Phase, Transferred
from schemas.programme import Programme
from schemas.tables import Entry, Run
from secretariat import board, closeup, first_steps, ladder, maillog, mine, rights, trend, words
from secretariat.assumptions import percent, short_month, verdict
from secretariat.catalogues import marked
from secretariat.commands import auditing
from secretariat.commands.figures import spoken_for
from secretariat.commands.office import Desk, Office
from secretariat.commands.reach import Reach, Unreachable
from secretariat.errors import UnknownError
from secretariat.installation import DemoClock
from secretariat.languages import Language
from secretariat.ownership import ENGINE
from secretariat.rights import Right
from secretariat.timers import next_due
from secretariat.web import chart, filters, signin
from secretariat.web.looking import day_of, looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()
AT_FIRST = 20  # functions, and obligations: all of most programmes


@router.get("/", dependencies=[needs(Right.READ_BOARD)])
def show_board(
    request: Request,
    at: str | None = None,
    show: Annotated[int, Query(ge=1, le=10_000)] = AT_FIRST,
    waiting: Annotated[int, Query(ge=1, le=10_000)] = mine.MOST,
) -> Response:
    """The board now, or at the end of a past day (``?at=2018-06-30``).

    So many functions of it, and so much of what waits for the reader.
    """
    office: Office = request.app.state.parts.office
    look = looking(request, at)
    wanted, language = filters.wanted(request, office.programme), language_at(request)
    with look.store.read() as session, office.store.read() as present:
        shown, fitting = _rows(session, office.programme, look.now, wanted, show)
        steps = trend.steps(session, look.now, [row.function.slug for row in shown])
        moved = trend.by_receiver(steps)
        found: dict[str, Any] = {
            "counts": board.counts(session, office.programme),
            "chair": board.chair(session),
            "meetings": board.meetings(session, look.day),
            "late": board.late(session, look.now, AT_FIRST),
            "count_late": board.count_late(session, look.now),
            "events": _events(session, 12),
            "mails": maillog.mails(present, at=look.then, limit=8),
            "runs": [] if look.past else board.runs(present),
            "next_timer": None if look.past else next_due(present, but=auditing.KIND),
            "unreachable": [] if look.past else _unreachable(present, office, look.now),
            "months": _months(present, office),
            "needs": None if look.past else _needs(request, present, waiting),
            "steps": [] if look.past else _first_steps(request, present),
        }
    return render(
        request,
        "board.html",
        wanted=wanted,
        shown=shown,
        more=fitting - len(shown),
        pieces=_pieces(found["counts"]),
        trend=lambda row, cell: trend.of(row.function.slug, cell.receivers, moved),
        since_lately=look.now - trend.LATELY,
        days_until=lambda moment: (moment - look.now).days,
        phases=list(Phase),
        demo=isinstance(office.clock, DemoClock),
        health=request.app.state.parts.health(),
        steers=signin.is_let_in(request, Right.STEER),
        reads_addresses=signin.is_let_in(request, Right.READ_ADDRESSES),
        reads_mails=signin.over(request, Right.READ_MAILS) is rights.ALL,
        days_late=ladder.days_late,
        owner_words=lambda cell, code: _owner_words(office, cell, code, language),
        **found,
    )


@router.get("/forecast", dependencies=[needs(Right.READ_BOARD)])
def show_forecast(request: Request, at: str | None = None) -> Response:
    """When everything will be fully transferred, as seen now or at the end of a past day."""
    office: Office = request.app.state.parts.office
    programme = office.programme
    language, look = language_at(request), looking(request, at)
    with look.store.read() as session, office.store.read() as present:
        found = board.outlook(session, programme, look.now, language)
        months = _months(present, office)
    said = _said(found, programme.zone, language)
    return render(
        request,
        "forecast.html",
        found=found,
        said=said,
        described=" ".join(said),
        reached=getattr(found, "reached", ()),
        functions=getattr(found, "functions", ()),
        assumptions=getattr(found, "assumptions", ()),
        chart=chart.chart(found, programme.zone, language),
        box=(chart.WIDTH, chart.HEIGHT),
        left=chart.LEFT,
        right=chart.RIGHT,
        bottom=chart.BOTTOM,
        months=months,
        month=lambda at: short_month(at, programme.zone, language).replace(
            " ", "\N{NO-BREAK SPACE}"
        ),
        percent=lambda share: percent(share, language),
    )


def _said(found: Forecast | TooLittle, zone: str, language: Language) -> list[str]:
    if isinstance(found, Forecast):
        return verdict(found, zone, language)
    counted = language.phrase(
        "{count} of {total} functions are fully transferred.", count=found.fully, total=found.total
    )
    return [counted, found.words]


@router.get("/runs/{key:path}", dependencies=[needs(Right.READ_BOARD)])
def show_run(request: Request, key: str) -> Response:
    """One flow run's progress."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        run = session.get(Run, key)
    if run is None:
        raise UnknownError(marked("There is no flow run “{key}”."), key=key)
    health = request.app.state.parts.health()
    return render(
        request, "run.html", run=run, ended=run.state in ("done", "failed"), health=health
    )


@router.get("/functions/{slug}", dependencies=[needs(Right.READ_BOARD)])
def show_function(request: Request, slug: str, at: str | None = None) -> Response:
    """One function: who has which duty, what is asked, what happened; also at a past day."""
    return _close(
        request,
        at,
        "function.html",
        lambda s, p: closeup.function(s, p, slug),
        speaks_for=_speaks_for(request, slug),
    )


def _speaks_for(request: Request, slug: str) -> dict[str, str]:
    """The receivers whose stages whoever is signed in may report, by name."""
    programme: Programme = request.app.state.parts.office.programme
    by, function = signin.contact(request), programme.function(slug)
    if by is None or function is None:
        return {}
    own = spoken_for(programme, function, by.body)
    return {receiver: words.receiver_name(programme, receiver) for receiver in own}


@router.get("/holdings/{key:path}", dependencies=[needs(Right.READ_BOARD)])
def show_holding(request: Request, key: str, at: str | None = None) -> Response:
    """One holding: owner, readiness, reviews, history, and what one may do; also at a past day."""
    return _close(request, at, "holding.html", lambda s, p: closeup.holding(s, p, key))


def _close(
    request: Request,
    at: str | None,
    template: str,
    found: Callable[[Session, Programme], Any],
    **more: Any,
) -> Response:
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session:
        seen = found(session, office.programme)
    return render(
        request,
        template,
        seen=seen,
        **more,
    )


def _rows(
    session: Session, programme: Programme, now: datetime, wanted: filters.Wanted, most: int
) -> tuple[list[board.Row], int]:
    """The first functions the reader wants to see, and how many there are."""
    if not wanted:
        functions = programme.functions
        return board.rows(session, programme, now, functions[:most]), len(functions)
    fitting = [row for row in board.rows(session, programme, now) if wanted.fits(row)]
    return fitting[:most], len(fitting)


def _pieces(counts: dict[Transferred, int]) -> dict[Transferred, int]:
    """Of the bar: one for each function, or for each of a hundred equal parts of many."""
    whole = max(sum(counts.values()) / 100, 1)
    return {how_far: round(count / whole) for how_far, count in counts.items()}


def _owner_words(office: Office, cell: board.Cell, country: str, language: Language) -> str:
    """The owners as read within a country's column: its own task force needs no name."""
    programme = office.programme
    if len(cell.owners) > 2:
        return language.phrase("{count} task forces", count=len(cell.owners))
    own = programme.task_force(country)
    return ", ".join(
        language.gettext("task force")
        if owner == own
        else words.name_of(programme, owner, language)
        for owner in cell.owners
    )


def _events(session: Session, limit: int) -> list[Entry]:
    """The last things that happened, without the engine's planning."""
    query = select(Entry).where(
        col(Entry.kind).not_in(("holding.opened", "milestone.planned", "cycle.moved"))
    )
    return list(session.exec(query.order_by(col(Entry.seq).desc()).limit(limit)))


def _needs(request: Request, session: Session, most: int) -> mine.Needs | None:
    """What waits for whoever is signed in, the soonest first."""
    by = signin.contact(request)
    office: Office = request.app.state.parts.office
    if by is None:
        return None
    desk = Desk(session, office.programme, office.clock.now(), by.body)
    return mine.needs(desk, by.body, language_at(request), most)


def _first_steps(request: Request, session: Session) -> list[first_steps.Step]:
    """What is left to do in a new installation, for who sets it up; in a demo nothing is."""
    parts = request.app.state.parts
    if isinstance(parts.office.clock, DemoClock) or not signin.may(request, Right.SET_UP):
        return []
    found = first_steps.steps(session, parts.office.programme, parts.settings, language_at(request))
    return [] if all(step.done for step in found) else found


def _unreachable(session: Session, office: Office, now: datetime) -> list[Unreachable]:
    return Reach(Desk(session, office.programme, now, ENGINE)).unreachable()


def _months(session: Session, office: Office) -> list[date]:
    """The last day of each month the ledger knows, oldest first, at most two years back."""
    first = session.exec(select(Entry.at).order_by(col(Entry.seq)).limit(1)).first()
    now = office.clock.now()
    day, last = day_of(first or now, office), day_of(now, office)
    months = []
    while (day.year, day.month) < (last.year, last.month):
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        months.append(following - timedelta(days=1))
        day = following
    return months[-24:]

"""Every list as a file: CSV for programs, XLSX for people."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response

from secretariat import listed
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.sheets.table import TYPES, as_csv
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()


@router.get("/tables", dependencies=[needs(Right.READ_BOARD)])
def show_tables(request: Request, at: str | None = None) -> Response:
    """What can be taken along, and the calendars to follow."""
    office: Office = request.app.state.parts.office
    looking(request, at)
    return render(
        request,
        "tables.html",
        tables=list(listed.TABLES.values()),
        bodies=office.programme.bodies,
        board_url=request.app.state.parts.settings.board_url,
    )


@router.get("/tables/{name}.{kind}", dependencies=[needs(Right.READ_BOARD)])
def give_table(
    request: Request, name: str, kind: Literal["csv", "xlsx"], at: str | None = None
) -> Response:
    """One list, now or at the end of a past day."""
    office: Office = request.app.state.parts.office
    table = listed.table(name)
    look = looking(request, at)
    with look.store.read() as session:
        rows = list(table.rows(session, office.programme, look.now))
    if kind == "csv":
        file = as_csv(table.columns, rows)
    else:
        from secretariat.sheets.table_book import as_xlsx  # noqa: PLC0415  it brings openpyxl

        file = as_xlsx(name, table.columns, rows)
    named = f'attachment; filename="{name}-{look.day}.{kind}"'
    return Response(file, media_type=TYPES[kind], headers={"Content-Disposition": named})


@router.get("/calendar/{whose}.ics", dependencies=[needs(Right.READ_BOARD)])
def give_calendar(request: Request, whose: Annotated[str, Path(max_length=100)]) -> Response:
    """What is asked of a body, and the meetings, for a calendar program to follow."""
    from secretariat.feed import feed  # noqa: PLC0415  it brings icalendar

    office: Office = request.app.state.parts.office
    board_url = request.app.state.parts.settings.board_url
    with office.store.read() as session:
        file = feed(session, office.programme, whose, office.clock.now(), board_url)
    return Response(file, media_type="text/calendar; charset=utf-8")

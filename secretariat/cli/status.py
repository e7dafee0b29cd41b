"""Where does everything stand? The board at a terminal, now or at any past time."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from secretariat.cli.terminal import out, say
from secretariat.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.programme import Programme
    from secretariat.board import Row


def status(
    at: Annotated[
        str | None, typer.Option(help="a past day, whole, or an instant with zone")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    open: Annotated[bool, typer.Option("--open", help="name what is still to be moved")] = False,
) -> None:
    """Where the handover stands, now or at any past time."""
    from schemas.phase import Transferred
    from secretariat import board
    from secretariat.installation import open_office

    office = open_office(load_settings())
    store, moment = office.as_of(at)
    with store.read() as session:
        if json:
            print(board.status(session, office.programme, moment).model_dump_json(indent=2))  # noqa: T201
            return
        rows = board.rows(session, office.programme, moment)
        lacking = {row.function.name: board.open_holdings(session, row.function) for row in rows}
    counts = {t: sum(row.transferred == t for row in rows) for t in Transferred}
    local = moment.astimezone(ZoneInfo(office.programme.zone))
    out.print(_table(office.programme, rows, local))
    say("\nUN: UN-led, sh: shared, gov: government-led, end: completed; +1: one is further.")
    say(", ".join(f"{count} {t}" for t, count in counts.items()) + f" of {len(rows)} functions.")
    for name, needed in lacking.items() if open else ():
        if needed:
            say(f"\n{name} still needs {len(needed)}: {', '.join(needed)}")


def _table(programme: "Programme", rows: "list[Row]", at: datetime) -> "Table":
    """One function a row, fit for 80 columns: its phase in each country, deadline, what is late."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{programme.name} on {at:%-d %B %Y, %H:%M} ({programme.zone})", box=None)
    table.add_column("Function, owners", max_width=25)
    table.add_column("", no_wrap=True)
    for member in programme.members:
        table.add_column(member.code, no_wrap=True)
    table.add_column("Next deadline", max_width=10)
    marks = {"un_led": "UN", "shared": "sh", "government_led": "gov", "completed": "end"}
    for row in rows:
        cells = [
            f"{marks[cell.phase]}{f'+{cell.beyond}' if cell.beyond else ''}"
            if (cell := row.cells.get(member.code))
            else "·"
            for member in programme.members
        ]
        deadline = row.next_deadline
        when = f"{deadline.due_on}" if deadline else ""
        name, owners = escape(row.function.name), escape(_owners(programme, row))
        table.add_row(
            f"[bold]{name}[/bold]\n[dim]{owners}[/dim]",
            row.transferred,
            *cells,
            when + (f"\n[bold red]{row.late} late[/bold red]" if row.late else ""),
        )
    return table


def _owners(programme: "Programme", row: "Row") -> str:
    """“UN-ACT, 5 task forces”."""
    from secretariat.words import name_of

    owners = set(row.owners)
    forces = [owner for owner in owners if owner in programme.task_forces()]
    names = [name_of(programme, owner) for owner in sorted(owners - set(forces), reverse=True)]
    if len(forces) == 1:
        names.append(name_of(programme, forces[0]))
    elif forces:
        names.append(f"{len(forces)} task forces")
    return ", ".join(names)

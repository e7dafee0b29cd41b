"""Figures at a terminal: what was counted, by whom it is said, and what does not fit together."""

from typing import Annotated

import typer

from secretariat.cli.terminal import office_here, out, say


def figures(
    function: Annotated[str, typer.Option(help="slug of a function; else all")] = "",
    at: Annotated[
        str | None, typer.Option(help="a past day, whole, or an instant with zone")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for programs, with every source")] = False,
) -> None:
    """Every figure that was stated, with what contradicts it."""
    from rich.markup import escape
    from rich.table import Table

    from secretariat import figures as reading

    _, office = office_here()
    store, moment = office.as_of(at)
    with store.read() as session:
        if json:
            found = reading.everything(session, office.programme, moment, guarded=False)
            print(found.model_dump_json(indent=2))  # noqa: T201
            return
        seen = reading.figures(session, office.programme, function)
    table = Table("Figure", "Period", "Of", "Stated", box=None)
    for figure in seen:
        planned = ", planned" if figure.planned else ""
        table.add_row(
            escape(figure.name), f"{figure.period}{planned}", figure.about_name, figure.said
        )
    out.print(table)
    say(f"{len(seen)} figures; “--json” gives each with its source.")
    for figure in seen:
        for each in figure.contradictions:
            say(f"\n{figure.name}, {figure.period}: {each.words}")
            if each.holds:
                say(f"  {each.holds}")

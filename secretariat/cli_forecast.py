"""``secretariat forecast``: when will everything be handed over, for people at a terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.settings import load_settings
from secretariat.terminal import out

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.forecast import By, Forecast
    from schemas.programme import Programme


def forecast(
    at: Annotated[
        str | None, typer.Option(help="as seen on a past day, whole, or at an instant with zone")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """When all functions will be fully transferred, and which of them hold that back."""
    from schemas.forecast import Forecast, TooLittle
    from secretariat import board
    from secretariat.assumptions import verdict
    from secretariat.installation import open_office
    from secretariat.moments import moment_of

    office = open_office(load_settings())
    programme, now = office.programme, office.clock.now()
    moment = moment_of(at, programme.zone, now) if at else now
    store = office.store.as_of(moment) if moment < now else office.store
    with store.read() as session:
        found = board.outlook(session, programme, moment)
    if json:
        from pydantic import TypeAdapter

        shape: TypeAdapter[Forecast | TooLittle] = TypeAdapter(Forecast | TooLittle)
        print(shape.dump_json(found, indent=2).decode())  # noqa: T201
        return
    if isinstance(found, TooLittle):
        _say(f"{found.fully} of {found.total} functions are fully transferred. {found.words}")
        return
    for words in verdict(found, programme.zone):
        _say(words)
    if found.functions:
        out.print()
        out.print(_table(programme, found))
    _say("\nThis rests on:")
    for words in found.assumptions:
        _say(f"- {words}")


def _table(programme: "Programme", found: "Forecast") -> "Table":
    """The functions to come, those that hold the end back first."""
    from rich.table import Table

    from secretariat.assumptions import percent

    table = Table(box=None, pad_edge=False)
    table.add_column("\nFunction still to come", max_width=30)
    table.add_column("\nAround", no_wrap=True)
    table.add_column("In 80 of 100\nfutures between", no_wrap=True)
    table.add_column("Is the last\n(or one of them)", justify="right", no_wrap=True)
    for ahead in found.functions:
        function = programme.function(ahead.function)
        table.add_row(
            (function.name if function else ahead.function) + (" (paused)" * ahead.paused),
            *_dates(ahead.by, programme.zone),
            percent(ahead.last),
        )
    return table


def _dates(by: "By", zone: str) -> tuple[str, str]:
    """“May 2021”, then its interval; “later” lies beyond the horizon."""
    from secretariat.assumptions import short_month

    early, middle, late = (short_month(at, zone) for at in (by.early, by.middle, by.late))
    return middle, f"{early} – {late}"


def _say(words: str) -> None:
    out.print(words, markup=False, soft_wrap=True)

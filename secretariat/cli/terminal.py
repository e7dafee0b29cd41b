"""What every command at a terminal shares: where words go, and the office it works in."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from secretariat.settings import Settings, load_settings

if TYPE_CHECKING:
    from schemas.act import Act
    from schemas.events import Event
    from secretariat.commands.office import Office

out = Console(highlight=False)

By = Annotated[str, typer.Option("--by", help="the body that acts")]


def say(words: str) -> None:
    out.print(words, markup=False, soft_wrap=True)


def office_here() -> "tuple[Settings, Office]":
    """The settings and the office of this installation. Raises ConflictError: nothing is there."""
    from secretariat.installation import open_office

    settings = load_settings()
    return settings, open_office(settings)


def do(act: "Act", by: str) -> None:
    """Carry out one act of a body, else of the steward, and say what happened."""
    _, office = office_here()
    by = by or office.steward
    tell(office, office.do(act, by=by), by)


def tell(office: "Office", events: "list[Event]", by: str) -> None:
    from secretariat.words import sentence

    for event in events:
        say(sentence(office.programme, event, by))
    if not events:
        say("That is so already; nothing was changed.")

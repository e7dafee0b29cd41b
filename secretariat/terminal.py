"""What every command at a terminal shares: where words go, and the office it works in."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from secretariat.settings import Settings, load_settings

if TYPE_CHECKING:
    from secretariat.commands.office import Office

out = Console(highlight=False)

By = Annotated[str, typer.Option("--by", help="the body that acts")]


def say(words: str) -> None:
    out.print(words, markup=False, soft_wrap=True)


def office_here() -> "tuple[Settings, Office]":
    """The settings and the office of this installation. Raises ConflictError: nothing is there."""
    from secretariat.installation import open_office  # noqa: PLC0415  readers start fast

    settings = load_settings()
    return settings, open_office(settings)

"""The machine's clock at a terminal."""

import typer

from secretariat.cli.terminal import office_here, say

clock = typer.Typer(no_args_is_help=True, help="The machine's clock.")


@clock.callback()
def _group() -> None:
    """A group with one command would else be that command."""


@clock.command()
def agree() -> None:
    """Say that the clock is right after it jumped, so that reminders and mails go on."""
    from secretariat import watch

    _, office = office_here()
    say(f"{watch.agree(office.store).partition(';')[0]}. Taken as right; everything goes on.")

"""Whether an installation is sound, at a terminal."""

import typer

from secretariat.cli.terminal import out
from secretariat.settings import load_settings


def doctor() -> None:
    """Look for what goes wrong with installations, and say what mends it; changes nothing.

    Ends with 1 if something found does harm as it is.
    """
    from rich.text import Text

    from secretariat.doctor import examine

    grave = False
    for found in examine(load_settings()):
        grave |= found.grave
        style = "bold red" if found.grave else "yellow" if found.mend else "green"
        out.print(Text(f"{found.about:<11}", style), Text(found.words), soft_wrap=True)
        if found.mend:
            out.print(Text(f"{'':<11} → {found.mend}", "bold"), soft_wrap=True)
    raise typer.Exit(1 if grave else 0)

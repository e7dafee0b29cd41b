"""The ledger at a terminal: is it whole, what is in it, and everything made from it anew."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.cli.terminal import office_here, say
from secretariat.errors import BadInputError, ConflictError

if TYPE_CHECKING:
    from secretariat.audit import Verdict
    from secretariat.ledger import Head

ledger = typer.Typer(no_args_is_help=True, help="The history: check, export, rebuild.")


@ledger.command()
def verify(
    head: Annotated[
        list[str] | None, typer.Option(help="a head from an old mail, such as 412:ab12cd34ef56")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="an exported file instead of this installation")
    ] = None,
) -> None:
    """Say whether anything in the history was changed, and name the first entry that was."""
    from secretariat import audit

    noted = [audit.parse_head(text) for text in head or []]
    if file:
        verdict = _verify_file(file, noted)
    else:
        _, office = office_here()
        with office.store.read() as session:
            verdict = audit.check(session, noted)
        if not verdict.fault and (names := audit.differing(office.store)):
            raise ConflictError(
                f"{audit.said(verdict)} But {', '.join(names)} say something else than it: "
                "its last entries were taken out, or these tables were changed. Compare the head "
                "with one in an old mail; if it is right, run “secretariat ledger rebuild”."
            )
    if verdict.fault:
        raise ConflictError(audit.said(verdict))
    say(audit.said(verdict))


@ledger.command()
def rebuild(
    check: Annotated[bool, typer.Option("--check", help="only compare, change nothing")] = False,
) -> None:
    """Make everything the pages read anew from the ledger."""
    from schemas.read_models import READ_MODELS
    from secretariat import audit

    _, office = office_here()
    names = audit.differing(office.store)
    if not check:
        audit.rebuild(office.store)
    for table in READ_MODELS:
        name = str(table.__tablename__)
        how = "other than the ledger says" if name in names else "the same, byte for byte"
        say(f"{name}: {how}")
    if check and names:
        raise ConflictError("Nothing was changed. Run it without --check to put it right.")
    if names:
        say("They are now what the ledger says.")


@ledger.command()
def export(
    since: Annotated[int, typer.Option(min=1, help="from this entry on")] = 1,
) -> None:
    """Print the entries as lines of JSON; “ledger verify --file” checks such a file."""
    from secretariat import audit

    _, office = office_here()
    with office.store.read() as session:
        for entry in audit.entries(session):
            if (entry.seq or 0) >= since:
                sys.stdout.write(audit.as_line(entry) + "\n")


@ledger.command()
def head() -> None:
    """Print the head: kept elsewhere, it lets “verify --head” find any replacement."""
    from secretariat.ledger import head as last

    _, office = office_here()
    with office.store.read() as session:
        say(str(last(session)))


def _verify_file(path: Path, noted: "list[Head]") -> "Verdict":
    from secretariat import audit

    try:
        with path.open(encoding="utf-8") as lines:
            return audit.verify(audit.from_lines(lines), noted)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is not UTF-8 text.") from None

"""The command that hands a function over on paper."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.errors import BadInputError, ConflictError
from secretariat.settings import load_settings

if TYPE_CHECKING:
    from secretariat.dossier import Dossier
    from secretariat.dossier.files import Form


def make(
    name: Annotated[str, typer.Argument(help="slug of a function, or “chair”")],
    at: Annotated[
        str | None, typer.Option(help="a past day, whole, or an instant with zone")
    ] = None,
    to: Annotated[Path, typer.Option(help="a directory, or a .pdf or .docx file")] = Path(),
    form: Annotated[str | None, typer.Option("--format", help="pdf or docx; else both")] = None,
) -> None:
    """Make the handover file of a function or of the chair: PDF to keep, DOCX to edit."""
    from secretariat.dossier import fonts
    from secretariat.dossier.files import Form, render
    from secretariat.dossier.shapes import texts

    dossier = _read(name, at)
    paths = _paths(dossier, to, form)
    _write({path: render(dossier, kind) for path, kind in paths.items()})
    for path in paths:
        typer.echo(f"Wrote {path.resolve()}")
    if Form.PDF in paths.values() and (missing := fonts.missing(texts(dossier))):
        typer.echo(fonts.warning(missing))


def _read(name: str, at: str | None) -> "Dossier":
    from secretariat.dossier import dossier_of
    from secretariat.installation import open_office

    office = open_office(load_settings())
    store, moment = office.as_of(at)
    with store.read() as session:
        return dossier_of(session, office.programme, name, moment)


def _paths(dossier: "Dossier", to: Path, form: str | None) -> "dict[Path, Form]":
    """Which file goes where. Raises BadInputError, ConflictError: the place does not fit."""
    from secretariat.dossier.files import Form, file_name

    named = to.suffix.lower().removeprefix(".")
    wanted = form or (named if not to.is_dir() and named in set(Form) else None)
    if wanted is not None and wanted not in set(Form):
        raise BadInputError(f"“{wanted}” is no format of a dossier; choose pdf or docx.")
    kinds = [Form(wanted)] if wanted else list(Form)
    if to.is_dir():
        return {to / file_name(dossier, kind): kind for kind in kinds}
    if named not in kinds:
        endings = " or ".join(f".{kind}" for kind in kinds)
        raise BadInputError(f"{to} is neither a directory nor a file ending in {endings}.")
    return {to: kinds[0]}


def _write(files: dict[Path, bytes]) -> None:
    """All of them, over none that is there: somebody may have edited it."""
    for path in files:
        if path.exists():
            raise ConflictError(
                f"{path} exists already; nothing was written. Give another place with --to."
            )
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise BadInputError(f"{path.parent.resolve()} cannot be written to.")
    for path, content in files.items():
        try:
            path.write_bytes(content)
        except OSError as error:
            raise BadInputError(f"{path} cannot be written: {error.strerror}.") from None

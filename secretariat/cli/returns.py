"""Returns of figures at a terminal: who handed in, a template out, a filled-in file in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.cli.terminal import By, office_here, out, say, tell
from secretariat.errors import BadInputError, ConflictError

if TYPE_CHECKING:
    from secretariat.commands.office import Office
    from secretariat.sheets import Paper

returns = typer.Typer(no_args_is_help=True, help="Figures handed in, missing, to be verified.")

Key = Annotated[str, typer.Argument(help="the obligation; see “obligation list”")]


@returns.command("show")
def show(
    year: Annotated[str, typer.Argument(help="a year, or a meeting such as SOM14")],
    function: Annotated[str, typer.Option(help="slug of a function; else all")] = "",
    at: Annotated[
        str | None, typer.Option(help="a past day, whole, or an instant with zone")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Who handed in, who is missing or late, how complete it is."""
    from rich.table import Table

    from secretariat.collection import collected

    _, office = office_here()
    store, moment = office.as_of(at)
    with store.read() as session:
        found = collected(session, office.programme, moment, year, function=function, guarded=False)
    if json:
        print(found.model_dump_json(indent=2))  # noqa: T201
        return
    table = Table("From", "What", "Due", "State", "Given", box=None)
    for one in found.returns:
        late = ", late" if one.late else ""
        what = f"{one.function_name}, {one.period}"
        given = f"{one.given} of {len(one.figures)}"
        table.add_row(one.body_name, what, str(one.due_on), f"{one.state}{late}", given)
    out.print(table)
    rates = Table("Government", "Complete", "In time", box=None)
    for each in [*found.rates, *([found.overall] if found.overall else [])]:
        rates.add_row(each.who, _percent(each.completeness), _percent(each.timeliness))
    out.print(rates)


def _percent(value: int | None) -> str:
    return "not due" if value is None else f"{value}%"


@returns.command("template")
def template(
    obligation: Key,
    to: Annotated[Path, typer.Option("--to", "-o", help="a file ending in .xlsx or .csv")],
) -> None:
    """Write the form for a body's figures, with what was given so far."""
    from schemas.return_acts import Given
    from schemas.return_tables import FigureReturn
    from secretariat import sheets

    _, office = office_here()
    make = {".xlsx": sheets.xlsx_template, ".csv": sheets.csv_template}.get(to.suffix.lower())
    if make is None:
        raise BadInputError(f"{to} ends neither in .xlsx nor in .csv.")
    with office.store.read() as session:
        kept = session.get(FigureReturn, obligation)
    so_far = [Given.model_validate(one) for one in (kept.so_far if kept else [])]
    _write(to, make(_paper(office, obligation), so_far))


@returns.command("import")
def take(
    obligation: Key,
    file: Annotated[Path, typer.Argument(help="the filled-in template, XLSX or CSV")],
    by: By = "",
    submit: Annotated[
        bool, typer.Option("--submit", help="hand it in; else it is kept as a draft")
    ] = False,
) -> None:
    """Take a body's figures from a file: all of them, or every reason why none."""
    from schemas.return_acts import SaveReturn, SubmitReturn
    from secretariat import sheets

    _, office = office_here()
    paper = _paper(office, obligation)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}.") from None
    try:
        given = sheets.read(content, paper)
    except sheets.RefusedError as error:
        for wrong in error.wrong:
            say(wrong.said())
        raise BadInputError(
            f"Nothing was taken from {file.name}: {len(error.wrong)} of its cells cannot be."
        ) from None
    act = (SubmitReturn if submit else SaveReturn)(obligation=obligation, figures=given)
    by = by or paper.body
    tell(office, office.do(act, by=by), by)


@returns.command("paper")
def paper(
    year: Annotated[str, typer.Argument(help="a year, or a meeting such as SOM14")],
    to: Annotated[
        Path | None, typer.Option("--to", "-o", help="a file ending in .pdf or .docx")
    ] = None,
    item: Annotated[
        str,
        typer.Option("--for", help="hand it in as the paper this obligation of a SOM asks for"),
    ] = "",
    at: Annotated[
        str | None, typer.Option(help="a past day, whole, or an instant with zone")
    ] = None,
) -> None:
    """Make the paper for a meeting of the figures of a year, with every source."""
    from secretariat.dossier.files import Form, file_name, render
    from secretariat.dossier.paper import paper_of

    ending = to.suffix.lower().removeprefix(".") if to else "pdf"
    if ending not in set(Form) or not (to or item):
        raise BadInputError("Give a file ending in .pdf or .docx with -o, or an obligation: --for.")
    _, office = office_here()
    store, moment = office.as_of(at)
    with store.read() as session:
        made = paper_of(session, office.programme, year, moment)
    content = render(made, Form(ending))
    if to:
        _write(to, content)
    if item:
        _hand_in(office, item, file_name(made, Form(ending)), content)


def _hand_in(office: "Office", obligation: str, name: str, content: bytes) -> None:
    """As the document of whoever is asked for it."""
    from base64 import b64encode

    from schemas.meeting_acts import FileDocument
    from schemas.tables import Obligation
    from secretariat.readmodels import row
    from secretariat.typed import act_from

    with office.store.read() as session:
        by = row(session, Obligation, obligation).body
    act = act_from(FileDocument, obligation=obligation, name=name, content=b64encode(content))
    tell(office, office.do(act, by=by), by)


def _write(to: Path, content: bytes) -> None:
    """Over nothing that is there: somebody may have filled it in."""
    if to.exists():
        raise ConflictError(f"{to} exists already; nothing was written.")
    try:
        to.write_bytes(content)
    except OSError as error:
        raise BadInputError(f"{to} cannot be written: {error.strerror}.") from None
    say(f"Wrote {to.resolve()}")


@returns.command("verify")
def verify(
    obligation: Key,
    by: By = "",
    note: Annotated[str, typer.Option(help="what it rests on, if that is to be said")] = "",
) -> None:
    """Vouch for figures that were handed in: they are stated from now on."""
    from schemas.return_acts import VerifyReturn
    from secretariat.cli.terminal import do
    from secretariat.typed import act_from

    do(act_from(VerifyReturn, obligation=obligation, note=note), by)


@returns.command("send-back")
def send_back(
    obligation: Key,
    reason: Annotated[str, typer.Option(help="what is to be corrected")],
    by: By = "",
) -> None:
    """Ask a body to correct its figures; it is asked anew, with the reason."""
    from schemas.return_acts import RequestCorrection
    from secretariat.cli.terminal import do
    from secretariat.typed import act_from

    do(act_from(RequestCorrection, obligation=obligation, reason=reason), by)


def _paper(office: "Office", key: str) -> "Paper":
    from schemas.tables import Obligation
    from secretariat import sheets
    from secretariat.commands.office import Desk
    from secretariat.ownership import ENGINE
    from secretariat.readmodels import row

    with office.store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        return sheets.paper(desk, row(session, Obligation, key))

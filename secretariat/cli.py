"""The door for people at a terminal. Reading commands import neither Prefect nor the web."""

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from secretariat import cli_dossier, cli_forecast, cli_holdings, cli_ledger, cli_people
from secretariat.errors import BadInputError, ConflictError, SecretariatError, UnknownError
from secretariat.settings import Settings, load_settings
from secretariat.terminal import By, office_here, out, say

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.acts import Act
    from schemas.programme import Programme
    from secretariat.board import Row

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False
)
som = typer.Typer(no_args_is_help=True, help="Senior Officials Meetings.")
app.add_typer(som, name="som")
app.command("dossier")(cli_dossier.make)
app.command()(cli_forecast.forecast)
app.command()(cli_holdings.holding)
app.command()(cli_holdings.do)
app.add_typer(cli_holdings.body, name="body")
app.add_typer(cli_ledger.ledger, name="ledger")
app.add_typer(cli_people.people, name="people")
Wait = Annotated[
    int, typer.Option("--wait", min=0, help="seconds to watch the flow run; 0: do not")
]


def main() -> None:
    """The ``secretariat`` command: every error is a sentence, and exit code 2."""
    try:
        app()
    except SecretariatError as error:
        Console(stderr=True, highlight=False).print(
            f"secretariat: {error}", markup=False, soft_wrap=True
        )
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:
        path = _keep_details()
        Console(stderr=True).print(
            f"secretariat: something went wrong that should not; the details are in {path}",
            markup=False,
            soft_wrap=True,
        )
        sys.exit(1)


def _keep_details() -> Path:
    """Write the present exception to a file a person can send on."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="secretariat-", suffix=".log", delete=False
    ) as kept:
        traceback.print_exc(file=kept)
    return Path(kept.name)


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="serve it, or only load it")] = True,
) -> None:
    """See COMMIT's year 2018: load programme and history, then run everything."""
    from secretariat import service

    settings = load_settings()
    with service.only_one(settings):
        if serve:
            service.check_start(settings)
        office = service.open_demo(settings)

        def replay() -> None:
            service.replay_history(settings, office, say)

        if serve:
            service.serve(settings, office, say, first=replay)
        else:
            replay()
            say(f"The demo is loaded in {settings.directory}. Run “secretariat demo” to serve it.")


@app.command()
def up() -> None:
    """Run everything in the foreground: board, clock, mail, Prefect."""
    from secretariat import service

    settings = load_settings()
    with service.only_one(settings):
        service.check_start(settings)
        service.serve(settings, service.begin(settings), say, first=lambda: None)


@app.command()
def init() -> None:
    """Write a starter programme (programme.yaml) and settings (.env) into this directory."""
    from secretariat.programme import SHIPPED

    written = {
        Path("programme.yaml"): (SHIPPED / "starter.yaml").read_text(encoding="utf-8"),
        Path(".env"): _starter_settings(),
    }
    for path in written:
        if path.exists():
            raise ConflictError(f"{path.resolve()} exists already; nothing was written.")
    try:
        for path, text in written.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{Path.cwd()} cannot be written: {error.strerror}.") from None
    say("Wrote programme.yaml and .env. Edit both, try “secretariat check”, then “secretariat up”.")


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="a programme file; else the one in use")
    ] = None,
) -> None:
    """Read a programme file and name every mistake with its line."""
    from secretariat.programme import load_programme

    programme = load_programme(file or load_settings().programme)
    say(
        f"{programme.name}: {len(programme.members)} members, {len(programme.functions)} "
        f"functions, {len(programme.contacts)} contacts. Nothing contradicts itself."
    )


@app.command()
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
    from secretariat.moments import moment_of

    office = open_office(load_settings())
    now = office.clock.now()
    moment = moment_of(at, office.programme.zone, now) if at else now
    store = office.store.as_of(moment) if moment < now else office.store
    with store.read() as session:
        if json:
            print(board.status(session, office.programme, moment).model_dump_json(indent=2))  # noqa: T201
            return
        rows = board.rows(session, office.programme, moment)
        lacking = {row.function.name: board.open_holdings(session, row.function) for row in rows}
    counts = {t: sum(row.transferred == t for row in rows) for t in Transferred}
    local = moment.astimezone(ZoneInfo(office.programme.zone))
    out.print(_table(office.programme, rows, local))
    say("\nUN: UN-led, sh: shared, gov: government-led, end: completed; +1: one duty is further.")
    say(", ".join(f"{count} {t}" for t, count in counts.items()) + f" of {len(rows)} functions.")
    for name, holdings in lacking.items() if open else ():
        if holdings:
            say(f"\n{name} still needs {len(holdings)}: {', '.join(holdings)}")


@som.command("prepare")
def som_prepare(
    name: Annotated[str, typer.Argument(help="such as SOM14")],
    host: Annotated[str, typer.Option(help="code of the hosting member, such as VN")],
    on: Annotated[str, typer.Option(help="2020-03-10, or 2020-Q1 while the day is open")],
    by: By = "",
    wait: Wait = 90,
) -> None:
    """Plan a meeting and start the flow that prepares it."""
    from schemas.acts import PrepareSom
    from secretariat.typed import act_from

    _start(act_from(PrepareSom, som=name, host=host, on=on), by, wait)


@som.command("postpone")
def som_postpone(
    name: str,
    to: Annotated[str, typer.Option(help="2019-03-12 or 2019-Q1")],
    reason: Annotated[str, typer.Option()],
    by: By = "",
) -> None:
    """Move a meeting; what hangs on it follows."""
    from schemas.acts import PostponeSom
    from secretariat.typed import act_from

    _do(act_from(PostponeSom, som=name, to=to, reason=reason), by)


@som.command("close")
def som_close(name: str, by: By = "") -> None:
    """Say that a meeting was held; an agreed successor takes the chair."""
    from schemas.acts import CloseSom
    from secretariat.typed import act_from

    _do(act_from(CloseSom, som=name), by)


@app.command()
def run(
    function: Annotated[str, typer.Argument(help="slug of a function")],
    cycle: Annotated[str | None, typer.Option(help="such as 2019, 2019-H1, SOM14")] = None,
    by: By = "",
    wait: Wait = 90,
) -> None:
    """Run a function's flow now, for one cycle or for all that are open."""
    from schemas.acts import RunFlow
    from secretariat.typed import act_from

    _start(act_from(RunFlow, function=function, cycle=cycle), by, wait)


@app.command("sign-in")
def sign_in(
    contact: Annotated[str, typer.Argument(help="slug of a contact; else the coordinator")] = "",
) -> None:
    """Print a link that signs a browser in, once, within ten minutes."""
    from secretariat import service

    settings, office = office_here()
    found = office.programme.contact(contact) if contact else service.coordinator(office.programme)
    if found is None:
        raise UnknownError(f"There is no contact “{contact}” in the programme.")
    say(service.signin_link(settings, office, found))


@app.command()
def token(
    contact: Annotated[str, typer.Argument(help="slug of the contact the program acts for")],
    days: Annotated[int, typer.Option(min=1, max=366, help="how long it is good for")] = 30,
) -> None:
    """Print a token for the API: “Authorization: Bearer …”."""
    from secretariat.web import signin

    _, office = office_here()
    if office.programme.contact(contact) is None:
        raise UnknownError(f"There is no contact “{contact}” in the programme.")
    with office.store.write() as session:
        print(signin.admit(session, contact, timedelta(days=days)))  # noqa: T201


@app.command()
def forward(
    to: Annotated[str, typer.Argument(help="a day, from ten o'clock, or an instant with zone")],
) -> None:
    """Move a demo's clock forward; what falls due on the way is sent."""
    from secretariat import installation
    from secretariat.moments import morning_of

    _, office = office_here()
    installation.forward(office, morning_of(to, office.programme.zone))
    say(f"It is now {office.clock.now():%Y-%m-%d %H:%M} UTC.")


def _do(act: "Act", by: str) -> None:
    from secretariat import words

    _, office = office_here()
    events = office.do(act, by=by or office.programme.secretariat)
    for event in events:
        say(words.sentence(office.programme, event, by or office.programme.secretariat))
    if not events:
        say("That is so already; nothing was changed.")


def _start(act: "Act", by: str, wait: int) -> None:
    """Do an act that asks for a flow run, and watch the run as long as wished."""
    from schemas.tables import Run
    from secretariat import board, service

    settings, office = office_here()
    office.do(act, by=by or office.programme.secretariat)
    with office.store.read() as session:
        latest = board.runs(session, 1)[0]
    say(f"Asked for the flow run {latest.key}.")
    if not service.is_running(settings):
        say("It is kept, and starts when “secretariat up” (or demo) runs on this store.")
        return
    shown, deadline = 0, time.monotonic() + wait
    while time.monotonic() < deadline:
        with office.store.read() as session:
            latest = session.get_one(Run, latest.key)
        for step in latest.steps[shown:]:
            say(f"  {step}")
        shown = len(latest.steps)
        if latest.ended_at:
            say(f"{latest.key}: {latest.state}. {latest.words}".strip())
            return
        time.sleep(0.5)
    say(f"{latest.key} is {latest.state}; the board shows how it goes on: {settings.board_url}")


def _table(programme: "Programme", rows: "list[Row]", at: datetime) -> "Table":
    """One function a row, fit for 80 columns: its phase in each country, deadline, what is late."""
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
        when = f"{deadline.do_by.astimezone(at.tzinfo):%Y-%m-%d}" if deadline else ""
        table.add_row(
            f"[bold]{row.function.name}[/bold]\n[dim]{_owners(programme, row)}[/dim]",
            row.transferred,
            *cells,
            when + (f"\n[bold red]{row.late} late[/bold red]" if row.late else ""),
        )
    return table


def _owners(programme: "Programme", row: "Row") -> str:
    """“UN-ACT, 5 task forces”."""
    from secretariat.words import name_of

    owners = {owner for cell in row.cells.values() for owner in cell.owners}
    forces = [owner for owner in owners if owner in programme.task_forces()]
    names = [name_of(programme, owner) for owner in sorted(owners - set(forces), reverse=True)]
    if len(forces) == 1:
        names.append(name_of(programme, forces[0]))
    elif forces:
        names.append(f"{len(forces)} task forces")
    return ", ".join(names)


def _starter_settings() -> str:
    """A .env that names every setting, each commented out at its default."""
    lines = ["# Settings of secretariat. Take the # away from what you change.", ""]
    for name, info in Settings.model_fields.items():
        default = "programme.yaml" if name == "programme" else info.default
        comment = "" if name == "programme" else "# "
        lines += [f"# {info.description}", f"{comment}SECRETARIAT_{name.upper()}={default}", ""]
    return "\n".join(lines)

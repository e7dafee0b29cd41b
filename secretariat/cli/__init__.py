"""The door for people at a terminal. Reading commands import neither Prefect nor the web."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from schemas.scope import Scope
from secretariat.cli import (
    agenda,
    backups,
    calendar,
    chair,
    clock,
    doctor,
    dossier,
    figures,
    forecast,
    holdings,
    ledger,
    links,
    mail,
    meetings,
    obligations,
    people,
    returns,
    som,
    status,
    webhooks,
)
from secretariat.cli.terminal import office_here, say
from secretariat.errors import BadInputError, ConflictError, SecretariatError, UnknownError
from secretariat.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Hand the functions of a secretariat over, and see where each stands.",
    pretty_exceptions_enable=False,
)
app.command()(status.status)
for command in (backups.backup, backups.restore, backups.prove, backups.move):
    app.command()(command)
for more in (agenda.agenda, som.whole):
    meetings.som.add_typer(more)  # without a name: its commands are among the others
app.add_typer(meetings.som, name="som")
app.add_typer(calendar.calendar, name="calendar")
app.add_typer(chair.chair, name="chair")
app.add_typer(clock.clock, name="clock")
app.command()(meetings.run)
app.command()(doctor.doctor)
app.command("dossier")(dossier.make)
app.command()(figures.figures)
app.command()(forecast.forecast)
app.command()(holdings.holding)
app.command()(holdings.do)
app.add_typer(holdings.body, name="body")
app.add_typer(ledger.ledger, name="ledger")
app.add_typer(links.links, name="links")
app.add_typer(mail.mail, name="mail")
app.add_typer(obligations.obligation, name="obligation")
app.add_typer(people.people, name="people")
app.add_typer(returns.returns, name="returns")
app.add_typer(webhooks.webhook, name="webhook")


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
    with _staying():
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
    with _staying():
        from secretariat import service

    settings = load_settings()
    with service.only_one(settings, beside=True):
        service.check_start(settings)
        service.serve(settings, service.begin(settings), say, first=lambda: None)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def prefect(
    arguments: Annotated[list[str], typer.Argument(help="a command of Prefect, such as worker")],
) -> None:
    """Run a command of Prefect with what it needs to work for this installation.

    On another machine: prefect worker start --pool secretariat --type process
    """
    from secretariat.children import become

    become(load_settings(), arguments)


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

    found = file or load_settings().programme
    programme = load_programme(found)
    if programme.templates:
        from notifications.overrides import Overrides

        Overrides.beside(found, programme).check()
    say(
        f"{programme.name}: {len(programme.members)} members, {len(programme.functions)} "
        f"functions, {len(programme.contacts)} contacts. Nothing contradicts itself."
    )
    for doubt in calendar.doubts(programme):
        say(f"Warning: {doubt}.")


@app.command("sign-in")
def sign_in(
    contact: Annotated[str, typer.Argument(help="slug of a contact; else the coordinator")] = "",
) -> None:
    """Print a link that signs a browser in, once, within ten minutes."""
    from secretariat import service

    settings, office = office_here()
    found = office.programme.contact(contact) if contact else service.coordinator(office)
    if found is None:
        raise UnknownError(f"There is no contact “{contact}” in the programme.")
    say(service.signin_link(settings, office, found))


@app.command()
def token(
    contact: Annotated[str, typer.Argument(help="slug of the contact the program acts for")],
    scope: Annotated[
        list[Scope], typer.Option(help="what it is for; give it once for each, see docs/rights.md")
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="how long it is good for")] = 30,
) -> None:
    """Print a token for another program: “Authorization: Bearer …”."""
    from secretariat.commands.account_news import Change, tell
    from secretariat.web import sessions

    _, office = office_here()
    found = office.programme.contact(contact)
    if found is None:
        raise UnknownError(f"There is no contact “{contact}” in the programme.")
    with office.store.write() as session:
        token = sessions.admit(office, session, found, timedelta(days=days), scope)
        tell(office, session, found, Change.TOKEN_MADE, sessions.now())
    print(token)  # noqa: T201


@app.command()
def forward(
    to: Annotated[str, typer.Argument(help="a day, from ten o'clock, or an instant with zone")],
) -> None:
    """Move a demo's clock forward; what falls due on the way is sent."""
    from secretariat import service
    from secretariat.moments import morning_of

    settings, office = office_here()
    service.forward_demo(settings, office, morning_of(to, office.programme.zone))
    say(f"It is now {office.clock.now():%Y-%m-%d %H:%M} UTC.")


@contextmanager
def _staying() -> Iterator[None]:
    """What is imported here stays: no garbage is looked for in it, neither now nor later."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _starter_settings() -> str:
    """A .env that names every setting, each commented out at its default."""
    lines = ["# Settings of secretariat. Take the # away from what you change.", ""]
    for name, info in Settings.model_fields.items():
        default = "programme.yaml" if name == "programme" else info.default
        comment = "" if name == "programme" else "# "
        lines += [f"# {info.description}", f"{comment}SECRETARIAT_{name.upper()}={default}", ""]
    return "\n".join(lines)

"""Meetings and flows at a terminal: prepare, postpone, close; run a flow and watch it."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from secretariat.cli.terminal import By, do, office_here, say

if TYPE_CHECKING:
    from schemas.acts import PrepareSom, RunFlow

som = typer.Typer(no_args_is_help=True, help="Senior Officials Meetings.")
Wait = Annotated[
    int, typer.Option("--wait", min=0, help="seconds to watch the flow run; 0: do not")
]


@som.command("prepare")
def som_prepare(
    name: Annotated[str, typer.Argument(help="such as SOM14")],
    host: Annotated[str, typer.Option(help="code of the hosting member, such as VN")],
    on: Annotated[str, typer.Option(help="2020-03-10, or 2020-Q1 while the day is open")],
    venue: Annotated[str | None, typer.Option(help="where, if that is known")] = None,
    by: By = "",
    wait: Wait = 90,
) -> None:
    """Plan a meeting and start the flow that prepares it."""
    from schemas.acts import PrepareSom
    from secretariat.typed import act_from

    _start(act_from(PrepareSom, som=name, host=host, on=on, venue=venue), by, wait)


@som.command("postpone")
def som_postpone(
    name: str,
    to: Annotated[str, typer.Option(help="2019-03-12 or 2019-Q1")],
    reason: Annotated[str, typer.Option()],
    source: Annotated[str, typer.Option(help="where that is said")] = "",
    by: By = "",
) -> None:
    """Move a meeting; what hangs on it follows, and “som show” tells what that was."""
    from schemas.acts import PostponeSom
    from secretariat.typed import act_from

    do(act_from(PostponeSom, som=name, to=to, reason=reason, source=source), by)


@som.command("close")
def som_close(
    name: str,
    next_on: Annotated[str | None, typer.Option(help="when the next is; else a quarter")] = None,
    by: By = "",
) -> None:
    """Say that a meeting was held; an agreed successor takes the chair and hosts the next."""
    from schemas.acts import CloseSom
    from secretariat.typed import act_from

    do(act_from(CloseSom, som=name, next_on=next_on), by)


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


def _start(act: "PrepareSom | RunFlow", by: str, wait: int) -> None:
    """Do an act that asks for a flow run, and watch the run as long as wished."""
    from schemas.tables import Run
    from secretariat import runs, service
    from secretariat.words import sentence

    settings, office = office_here()
    by = by or office.steward
    for event in office.do(act, by=by):
        say(sentence(office.programme, event, by))
    with office.store.read() as session:
        latest = runs.alike(session, *act.run)[0]
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

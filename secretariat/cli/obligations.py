"""Obligations at a terminal: who is asked what, and what the asked body or the steward says."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secretariat.cli.holdings import DryRun, carry_out
from secretariat.cli.terminal import By, office_here, out, say

if TYPE_CHECKING:
    from schemas.act import Act

obligation = typer.Typer(no_args_is_help=True, help="What is asked of whom: see it, say, answer.")
Key = Annotated[str, typer.Argument(help="function/cycle/milestone@body")]
Asked = Annotated[str, typer.Option("--by", help="the asked body, such as tf-kh")]
Reason = Annotated[str, typer.Option()]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@obligation.command("list")
def show(
    body: Annotated[str, typer.Option(help="slug of a body; else everybody")] = "",
    done: Annotated[bool, typer.Option("--done", help="what was done, not what is open")] = False,
) -> None:
    """Who is asked what, the latest first."""
    from rich.markup import escape
    from rich.table import Table

    from secretariat import asked

    _, office = office_here()
    now = office.clock.now()
    with office.store.read() as session:
        found = asked.asked(session, body=body, done=done)
    table = Table("Obligation", "Due", "First", "State", box=None)
    for o in found:
        first = f"{o.promised_on}" if o.promised_on != o.due_on else ""
        words = asked.state(o, now) + (f", asks for {o.wanted_on}" if o.wanted_on else "")
        due = f"{o.due_on}{', provisional' if o.provisional else ''}"
        table.add_row(escape(o.id), due, first, words)
    out.print(table)
    say(f"{len(found)} obligations.")


@obligation.command()
def acknowledge(key: Key, by: By = "", dry_run: DryRun = False) -> None:
    """Say that it was seen and will be done; again: renew it."""
    from schemas.acts import Acknowledge

    _do(Acknowledge, key, by, dry_run)


@obligation.command()
def done(
    key: Key,
    note: Annotated[str, typer.Option()] = "",
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Say that it is done."""
    from schemas.acts import Done

    _do(Done, key, by, dry_run, note=note)


@obligation.command()
def snooze(key: Key, until: Day, by: Asked, dry_run: DryRun = False) -> None:
    """Let reminders rest until a day, at the latest the day it is due."""
    from schemas.acts import Snooze

    _do(Snooze, key, by, dry_run, until=until.date())


@obligation.command()
def extend(key: Key, to: Day, reason: Reason, by: Asked, dry_run: DryRun = False) -> None:
    """Ask for more time; whoever steers grants or refuses it."""
    from schemas.acts import AskExtension

    _do(AskExtension, key, by, dry_run, to=to.date(), reason=reason)


@obligation.command()
def grant(
    key: Key,
    reason: Annotated[str, typer.Option()] = "",
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Give the time that was asked for."""
    from schemas.acts import GrantExtension

    _do(GrantExtension, key, by, dry_run, reason=reason)


@obligation.command()
def refuse(
    key: Key,
    reason: Reason,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Keep the day as it is."""
    from schemas.acts import RefuseExtension

    _do(RefuseExtension, key, by, dry_run, reason=reason)


def _do(kind: "type[Act]", key: str, by: str, dry_run: bool, **facts: Any) -> None:
    from secretariat.typed import act_from

    settings, office = office_here()
    act = act_from(kind, obligation=key, **facts)
    carry_out(settings, office, act, by or office.steward, dry_run)

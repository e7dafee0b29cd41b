"""Webhooks at a terminal: which other programs are told what happens here."""

from typing import Annotated

import typer

from secretariat.cli.terminal import office_here, out, say

webhook = typer.Typer(no_args_is_help=True, help="Tell other programs what happens here.")


@webhook.command()
def add(
    url: Annotated[str, typer.Argument(help="such as https://host/path")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="what begins so, such as holding or som.postponed; else everything"),
    ] = None,
) -> None:
    """Tell a program what happens from now on, and print the secret it checks signatures with."""
    from secretariat import webhooks
    from secretariat.clock import WallClock
    from secretariat.factors import Seal

    settings, office = office_here()
    with office.store.write() as session:
        hook, secret = webhooks.add(
            session, Seal(settings.factor_key), url, kind or [],
            own_hosts=settings.own_hosts, by="terminal", now=WallClock().now(),
        )  # fmt: skip
    say(f"Webhook {hook.id} to {hook.url}. Its secret, told this once: {secret}")


@webhook.command("list")
def show() -> None:
    """Every webhook: what it is told, how far it is, and what became of the last try."""
    from rich.table import Table

    from secretariat import webhooks

    _, office = office_here()
    table = Table("No.", "Address", "What", "State", "Yet to be told", "Last try", box=None)
    with office.store.read() as session:
        for hook in webhooks.everyone(session):
            last = f"{hook.last_at:%Y-%m-%d %H:%M} UTC: {hook.last_words}" if hook.last_at else ""
            what, lacks = ", ".join(hook.kinds) or "everything", webhooks.waiting(session, hook)
            table.add_row(str(hook.id), hook.url, what, hook.state, str(lacks), last)
    out.print(table)


@webhook.command()
def remove(
    number: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="see “webhook list”")],
) -> None:
    """Tell a program nothing more."""
    from schemas.webhook_tables import Webhook
    from secretariat.readmodels import row

    _, office = office_here()
    with office.store.write() as session:
        hook = row(session, Webhook, number)
        session.delete(hook)
    say(f"{hook.url} is told nothing more.")

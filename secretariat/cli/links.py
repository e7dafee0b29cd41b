"""Links in mails at a terminal: the keys that sign them, and calling them back."""

from typing import Annotated

import typer

from secretariat.cli.terminal import By, do, office_here, say
from secretariat.errors import BadInputError
from secretariat.settings import load_settings

links = typer.Typer(no_args_is_help=True, help="Links in mails: their keys, and calling them back.")
Reason = Annotated[str, typer.Option(help="said to everybody who is told")]


@links.command()
def keys() -> None:
    """The names of the keys, how many links each signed that still run, and which signs now."""
    from rich.table import Table
    from sqlmodel import col, func, select

    from schemas.tables import Link
    from secretariat.cli.terminal import out
    from secretariat.keys import kept_keys, name_of

    settings, office = office_here()
    names = [name_of(key) for key in kept_keys(settings.link_keys)]
    running = col(Link.revoked_at).is_(None) & (col(Link.expires_at) > office.clock.now())
    table = Table("Key", "Links that run", "", box=None)
    with office.store.read() as session:
        counts = dict(
            session.exec(select(Link.key, func.count()).where(running).group_by(Link.key)).all()
        )
    for name in names:
        table.add_row(name, str(counts.get(name, 0)), "signs" if name == names[-1] else "")
    out.print(table)


@links.command()
def rotate() -> None:
    """Let a new key sign from now on; links in earlier mails work until their day."""
    from secretariat.keys import add_key

    say(f"{add_key(load_settings().link_keys)} signs from now on; earlier links go on working.")


@links.command()
def retire(
    key: Annotated[str, typer.Argument(help="its name, see “links keys”")],
    reason: Reason = "the key they were signed with was retired",
    by: By = "",
) -> None:
    """Forget a key for good: what it signed is called back first, and its holders are told."""
    from schemas.acts import RevokeLinks
    from secretariat.keys import check_droppable, drop_key, kept_keys
    from secretariat.typed import act_from

    path = load_settings().link_keys
    check_droppable(kept_keys(path), key)
    do(act_from(RevokeLinks, key=key, reason=reason), by)
    drop_key(path, key)
    say(f"{key} is forgotten.")


@links.command()
def revoke(
    reason: Reason,
    every: Annotated[bool, typer.Option("--all", help="every link in every mail")] = False,
    contact: Annotated[str | None, typer.Option(help="those mailed to a contact")] = None,
    about: Annotated[
        str | None, typer.Option("--obligation", "--holding", help="those about one of these")
    ] = None,
    by: By = "",
) -> None:
    """Call links back at once; whom they were for gets a new one for what is still open."""
    from schemas.acts import RevokeLinks
    from secretariat.typed import act_from

    if every == bool(contact or about):
        raise BadInputError("Say which links: --all, or --contact or --obligation or --holding.")
    do(act_from(RevokeLinks, contact=contact, about=about, reason=reason), by)

"""Backups at a terminal: make one, put one back, move to PostgreSQL."""

from pathlib import Path
from typing import Annotated

import typer

from secretariat.cli.terminal import say
from secretariat.settings import load_settings


def backup(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="the file; else in the backups directory")
    ] = None,
) -> None:
    """Write a backup, also while everything runs, and prove it by restoring it."""
    from secretariat import backups
    from secretariat.clock import WallClock
    from secretariat.shelf import name_at

    settings, now = load_settings(), WallClock().now()
    path = output or settings.backups / name_at(now)
    made = backups.make(settings, path, now)
    say(f"Wrote {path}: {made.rows} rows, ledger head {made.head}. It was restored, and is whole.")


def restore(
    file: Annotated[Path, typer.Argument(help="a backup")],
    set_aside: Annotated[
        bool, typer.Option(help="keep what is in the store now under another name")
    ] = False,
) -> None:
    """Put a backup into the store, which must be empty and served by nobody."""
    from secretariat import backups, service
    from secretariat.clock import WallClock

    settings, now = load_settings(), WallClock().now()
    with service.only_one(settings):
        made = backups.restore(settings, file, now, aside=set_aside)
        missing = backups.missing_keys(settings, now)
    say(
        f"Restored what was there on {made.made_at:%Y-%m-%d %H:%M} UTC: {made.rows} rows, "
        f"ledger head {made.head}. What happened since then is not in it."
    )
    if missing:
        say(
            f"Links in mails were signed with keys that are not here: {', '.join(missing)}. Put "
            f"{settings.link_keys} back from where you keep it, or those links will not work."
        )


def prove(file: Annotated[Path, typer.Argument(help="a backup")]) -> None:
    """Say whether a backup restores; nothing is changed."""
    from secretariat import backups

    made = backups.prove(load_settings(), file)
    say(
        f"It restores: {made.rows} rows of {made.made_at:%Y-%m-%d %H:%M} UTC, "
        f"ledger head {made.head}."
    )


def move(
    to: Annotated[str, typer.Option(help="postgresql://user@host/database, an empty one")],
) -> None:
    """Move the store from SQLite to PostgreSQL: all of it, or nothing."""
    from secretariat import copying, service

    settings = load_settings()
    with service.only_one(settings):
        head = copying.move_to_postgresql(settings.store_url, to, say)
    say(
        f"Everything is there, ledger head {head}. From now on set SECRETARIAT_DATABASE_URL to "
        "that database; the SQLite file is no longer used."
    )

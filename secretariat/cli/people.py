"""People at a terminal: who holds which post, who stands in, and forgetting somebody."""

from datetime import datetime
from typing import Annotated

import typer

from secretariat.cli.terminal import By, do, office_here, say

people = typer.Typer(no_args_is_help=True, help="Who holds which post, and who stands in.")
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@people.command("list")
def show() -> None:
    """Every post with its holder and, while absent, its substitute."""
    from rich.table import Table

    from secretariat import people as known
    from secretariat.cli.terminal import out
    from secretariat.commands.office import Desk
    from secretariat.ownership import ENGINE

    _, office = office_here()
    table = Table("Post", "Held by", "Absent until", "Substitute", box=None)
    with office.store.read() as session:
        for each in known.seen(
            Desk(session, office.programme, office.clock.now(), ENGINE), session
        ):
            until = f"{each.absence.until:%Y-%m-%d}" if each.absence else ""
            stands_in = each.absence.substitute if each.absence else ""
            table.add_row(each.post.slug, each.holder.name if each.holder else "", until, stands_in)
    out.print(table)


@people.command()
def add(
    slug: Annotated[str, typer.Argument(help="what the ledger calls the person: no name")],
    name: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option(help="else mails go to the mailbox of the post")] = "",
) -> None:
    """Keep somebody's name and address, outside the ledger."""
    from schemas.people import PersonIn
    from secretariat.commands import posts
    from secretariat.typed import checked

    given = checked(PersonIn.model_validate, {"slug": slug, "name": name, "email": email or None})
    _, office = office_here()
    with office.store.write() as session:
        posts.keep(session, given)
    say(f"{given.slug} is known. Give a post with “secretariat people post”.")


@people.command()
def erase(slug: str) -> None:
    """Forget somebody: name, address and mails. The history stays whole: it has only the slug."""
    from secretariat.commands import posts

    _, office = office_here()
    with office.store.write() as session:
        posts.erase(session, slug)
    say(f"{slug} is forgotten; the ledger is as it was.")


@people.command()
def post(
    name: Annotated[str, typer.Argument(help="slug of a contact, such as tf-kh-head")],
    person: Annotated[str, typer.Option(help="slug of a person")],
    since: Day,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    by: By = "",
) -> None:
    """Say who holds a post from a day on."""
    from schemas.acts import HoldPost
    from secretariat.typed import act_from

    last = until.date() if until else None
    do(act_from(HoldPost, post=name, person=person, since=since.date(), until=last), by)


@people.command()
def absent(
    name: Annotated[str, typer.Argument(help="slug of a contact")],
    substitute: Annotated[str, typer.Option(help="another contact of the same body")],
    since: Day,
    until: Day,
    by: By = "",
) -> None:
    """Let a substitute get a post's mails for some days; they return by themselves."""
    from schemas.acts import BeAbsent
    from secretariat.typed import act_from

    first, last = since.date(), until.date()
    do(act_from(BeAbsent, post=name, substitute=substitute, since=first, until=last), by)


@people.command()
def back(name: str, by: By = "") -> None:
    """End an absence before its day."""
    from schemas.acts import BeBack
    from secretariat.typed import act_from

    do(act_from(BeBack, post=name), by)

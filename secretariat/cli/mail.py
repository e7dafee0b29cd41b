"""Mails at a terminal: what became of each, and how to hold, release or retry one."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from secretariat.cli.terminal import By, do, office_here, out, say
from secretariat.errors import BadInputError, UnreachableError

mail = typer.Typer(no_args_is_help=True, help="Mails: what became of each, and what will leave.")
Number = Annotated[int, typer.Argument(help="number of the mail, from the log")]


@mail.command()
def log(
    to: Annotated[str, typer.Option(help="slug of a contact or a body")] = "",
    state: Annotated[str, typer.Option(help="such as refused; open: all that have not ended")] = "",
    about: Annotated[str, typer.Option(help="a function, an obligation or a holding")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
) -> None:
    """What became of each mail, the newest first."""
    from rich.markup import escape
    from rich.table import Table

    from secretariat.maillog import mails

    _, office = office_here()
    zone = ZoneInfo(office.programme.zone)
    with office.store.read() as session:
        found = mails(session, to=to, state=state, about=about, limit=limit)
    table = Table("No.", "When", "To", "Subject", "State", box=None)
    for row in found:
        when = (row.ended_at or row.not_before).astimezone(zone)
        words = row.state + (", perhaps twice" if row.possible_duplicate else "")
        why = f"\n[dim]{escape(row.reply)}[/dim]" if row.reply and row.state != "accepted" else ""
        subject = escape(row.subject or "not yet written")
        table.add_row(f"{row.id}", f"{when:%Y-%m-%d %H:%M}", row.contact, subject, words + why)
    out.print(table)
    if not found:
        say("There is no such mail.")


@mail.command()
def forecast(
    days: Annotated[int, typer.Option(min=1, max=366)] = 90,
    to: Annotated[str, typer.Option(help="slug of a contact or a body")] = "",
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Who will get what when, if nobody acts."""
    from datetime import timedelta

    from rich.markup import escape
    from rich.table import Table

    from notifications.compose import composer
    from notifications.expected import expected

    settings, office = office_here()
    until = office.clock.now() + timedelta(days=days)
    found = expected(office, composer(settings, office.programme), until, to)
    if json:
        from pydantic import TypeAdapter

        print(TypeAdapter(list[Any]).dump_json(found, indent=2).decode())  # noqa: T201
        return
    zone = ZoneInfo(office.programme.zone)
    table = Table("When", "To", "Subject", box=None)
    for coming in found:
        at = coming.at.astimezone(zone)
        table.add_row(f"{at:%Y-%m-%d %H:%M}", coming.contact, escape(coming.subject))
    out.print(table)
    say(f"{len(found)} mails in {days} days, if nobody acts. Times are in {zone.key}.")


@mail.command()
def preview(
    name: Annotated[str, typer.Argument(help="a kind of mail, or the number of one")] = "",
    language: Annotated[str, typer.Option(help="en, km, zh, lo, my, th or vi")] = "en",
    html: Annotated[Path | None, typer.Option(help="write its HTML part to this file")] = None,
) -> None:
    """How a mail looks in a language; without a name, the kinds there are."""
    from notifications import previews
    from notifications.compose import composer

    settings, office = office_here()
    writer = composer(settings, office.programme)
    if not name:
        say("\n".join(previews.names(writer)))
        return
    seen = previews.preview(office, writer, name, language)
    say(f"{seen.subject}\n\n{seen.text}")
    if html:
        try:
            html.write_text(seen.html, encoding="utf-8")
        except OSError as error:
            raise UnreachableError(f"{html} cannot be written: {error.strerror}.") from None


@mail.command()
def audit() -> None:
    """Who should have been written to by now, and was not; exit code 1 if there is anybody."""
    from secretariat.commands.auditing import audit
    from secretariat.words import name_of

    _, office = office_here()
    zone = ZoneInfo(office.programme.zone)
    with office.store.read() as session:
        found = audit(session, office.programme, office.clock.now())
    for gap in found:
        body = name_of(office.programme, gap.body)
        say(
            f"{gap.at.astimezone(zone):%Y-%m-%d %H:%M}  {gap.obligation}: {body}, the step "
            f"“{gap.step}” to the {gap.to.replace('-', ' ')}: {gap.why}."
        )
    if not found:
        say("Everybody who should have been written to by now was.")
        return
    say(f"{len(found)} reached nobody. Times are in {zone.key}.")
    raise typer.Exit(1)


@mail.command()
def hold(number: Number, reason: Annotated[str, typer.Option()], by: By = "") -> None:
    """Keep a mail that waits from leaving until it is released."""
    from schemas.acts import HoldMail
    from secretariat.typed import act_from

    do(act_from(HoldMail, mail=number, reason=reason), by)


@mail.command()
def release(number: Number, by: By = "") -> None:
    """Let a held mail go."""
    from schemas.acts import ReleaseMail
    from secretariat.typed import act_from

    do(act_from(ReleaseMail, mail=number), by)


@mail.command()
def retry(number: Number, by: By = "") -> None:
    """Try a waiting mail at once; one that did not arrive is asked for again."""
    from schemas.acts import RetryMail
    from secretariat.typed import act_from

    do(act_from(RetryMail, mail=number), by)


@mail.command()
def read() -> None:
    """Read now what came back: reports that a mail did not arrive, and replies."""
    from notifications.inbox import inbox_of

    settings, office = office_here()
    inbox = inbox_of(settings, office)
    if inbox is None:
        raise BadInputError("Nobody reads what comes back: set SECRETARIAT_INBOX first.")
    met = inbox.read()
    if inbox.trouble:
        raise UnreachableError(inbox.trouble)
    for fate, count in sorted(met.items()):
        say(f"{count:4} {fate}")
    if not met:
        say("Nothing new has come back.")


@mail.command()
def suspended() -> None:
    """The addresses nothing is sent to, because mail to them came back."""
    from rich.markup import escape
    from rich.table import Table
    from sqlmodel import col, select

    from schemas.tables import SuspendedAddress

    _, office = office_here()
    table = Table("Address", "Contact", "Since", "Why", box=None)
    with office.store.read() as session:
        rows = session.exec(select(SuspendedAddress).order_by(col(SuspendedAddress.since))).all()
    for row in rows:
        why = escape(f"{row.code} {row.words}")
        table.add_row(escape(row.address), row.contact, f"{row.since:%Y-%m-%d}", why)
    out.print(table)
    if not rows:
        say("No address is suspended.")


@mail.command()
def unsuspend(
    which: Annotated[str, typer.Argument(help="an address, or the slug of its contact")],
    by: By = "",
) -> None:
    """Say that mail to an address arrives again: what waits for it leaves."""
    from schemas.acts import Unsuspend
    from secretariat.typed import act_from

    do(act_from(Unsuspend, which=which), by)


@mail.command()
def languages() -> None:
    """How far each language's texts are translated, and who checked them."""
    from secretariat.messages import states

    for state in states():
        say(state.words)
        for fault in state.faults:
            say(f"  {fault}")

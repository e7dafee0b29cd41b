"""One meeting at a terminal: see it whole, its papers, its pack, and whom it sends."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secretariat.cli.terminal import office_here, out, say
from secretariat.errors import BadInputError, ConflictError

if TYPE_CHECKING:
    from rich.table import Table

    from secretariat.meeting import MeetingSeen

whole = typer.Typer(help="One meeting, whole.")
At = Annotated[str | None, typer.Option(help="a past day, whole, or an instant with zone")]


@whole.command("show")
def show(
    name: str,
    at: At = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Facts, both plans, what a postponement set off, agenda with papers, statement, decisions."""
    from secretariat import meeting, meeting_words

    _, office = office_here()
    store, moment = office.as_of(at)
    with store.read() as session:
        seen = meeting.meeting(session, office.programme, name, moment)
        if as_json:
            told = meeting_words.as_json(office.programme, seen)
            print(json.dumps(told, indent=2, ensure_ascii=False))  # noqa: T201
            return
    for line in meeting_words.facts(office.programme, seen):
        say(line)
    for table in _tables(seen, lambda body: meeting_words.name(office.programme, body)):
        out.print(table)


def _tables(seen: "MeetingSeen", name: Any) -> "list[Table]":
    from rich.markup import escape
    from rich.table import Table

    plan = Table("Step", "First planned", "Now", "Done", title="Both plans", box=None)
    for step in seen.steps:
        title = escape(f"{step.dated.function}: {step.dated.title}")
        done = f"{step.done} of {step.asked}" if step.asked else "not asked yet"
        was = f"{step.dated.was}" if step.dated.days else ""
        plan.add_row(title, was, f"{step.dated.now}", done)
    agenda = Table("", "Item", "Presented by", "Paper", title="Agenda", box=None)
    for one in seen.items:
        state = "withdrawn" if not one.item.stands else one.state
        presenter = name(one.item.presenter) if one.item.presenter else ""
        agenda.add_row(str(one.item.number), escape(one.item.title), presenter, state)
    decisions = Table("", "Decision", "Asked of", "State", title="Decisions", box=None)
    for two in seen.decisions:
        text = escape(two.decision.text)
        decisions.add_row(str(two.decision.number), text, name(two.decision.body), two.state)
    return [table for table in (plan, agenda, decisions) if table.row_count]


@whole.command("pack")
def pack(
    name: str,
    to: Annotated[Path | None, typer.Option("--out", "-o", help="a .pdf file")] = None,
    at: At = None,
) -> None:
    """Make the agenda pack: facts, agenda, papers, delegations and statement as a PDF."""
    from secretariat.dossier import fonts, pack_of
    from secretariat.dossier.files import Form, file_name, render
    from secretariat.dossier.shapes import texts

    _, office = office_here()
    store, moment = office.as_of(at)
    with store.read() as session, office.store.read() as present:
        made = pack_of(session, office.programme, name, moment, files=present)
    path = to or Path(file_name(made, Form.PDF))
    if path.exists():
        raise ConflictError(f"{path} exists already; give another place with --out.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInputError(f"{path.parent.resolve()} cannot be written to.")
    path.write_bytes(render(made, Form.PDF))
    typer.echo(f"Wrote {path.resolve()}")
    if missing := fonts.missing(texts(made)):
        typer.echo(fonts.warning(missing))


@whole.command("save")
def save(
    document: Annotated[str, typer.Argument(help="obligation#version, as “som show” has it")],
    to: Annotated[Path, typer.Option("--out", "-o", help="a file")],
) -> None:
    """Write a document that was handed in to a file."""
    from schemas.meeting_tables import Document, StoredFile
    from secretariat.readmodels import row

    if to.exists():
        raise ConflictError(f"{to} exists already; give another place with --out.")
    _, office = office_here()
    with office.store.read() as session:
        found = row(session, Document, document)
        content = row(session, StoredFile, found.sha256).content
    to.write_bytes(content)
    typer.echo(f"Wrote {to.resolve()}, SHA-256 {found.sha256}")


@whole.command("delegates")
def delegates(
    name: str,
    as_csv: Annotated[bool, typer.Option("--csv", help="for a spreadsheet")] = False,
) -> None:
    """Who comes, by government; names are kept beside the ledger and can be erased."""
    from secretariat import meeting, meeting_words

    _, office = office_here()
    with office.store.read() as session:
        seen = meeting.meeting(session, office.programme, name, office.clock.now())
    if as_csv:
        print(meeting_words.delegates_csv(office.programme, seen), end="")  # noqa: T201
        return
    for one in seen.delegations:
        say(meeting_words.delegation(office.programme, one))
        for person in one.names:
            head = ", head of delegation" if person.head else ""
            say(f"  {person.name}{', ' + person.title if person.title else ''}{head}")


@whole.command("forget")
def forget(name: str) -> None:
    """Erase the names of everybody who was named for a meeting; the counts stay."""
    from schemas.tables import Som
    from secretariat.commands import filing
    from secretariat.readmodels import row

    _, office = office_here()
    with office.store.write() as session:
        row(session, Som, name)
        count = filing.forget_all(session, name)
    say(f"{count} names are erased; the ledger is as it was.")

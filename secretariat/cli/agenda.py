"""Acts on a meeting at a terminal: venue, agenda, documents, statement, minutes and decisions."""

from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secretariat.cli.holdings import DryRun, carry_out
from secretariat.cli.terminal import By, office_here
from secretariat.errors import BadInputError, UnknownError

if TYPE_CHECKING:
    from schemas.act import Act
    from secretariat.commands.office import Office

agenda = typer.Typer(help="A meeting's agenda, papers and minutes.")
Item = Annotated[int, typer.Argument(min=1, help="its number on the agenda")]
Presenter = Annotated[str | None, typer.Option(help="slug of a body, such as tf-kh")]
Reason = Annotated[str, typer.Option()]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@agenda.command()
def venue(name: str, place: str, by: By = "", dry_run: DryRun = False) -> None:
    """Say where a meeting is held; calendars that have its day are told."""
    from schemas.meeting_acts import SetVenue

    _do(SetVenue, by, dry_run, som=name, venue=place)


@agenda.command("add-item")
def add_item(
    name: str,
    title: str,
    presenter: Presenter = None,
    paper: Annotated[bool, typer.Option("--paper", help="ask the presenter for one")] = False,
    number: Annotated[int | None, typer.Option(help="else the next one")] = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Put an item on the agenda; its presenter is asked for a paper if it wants one."""
    from schemas.meeting_acts import AddItem

    facts = {"title": title, "presenter": presenter, "paper": paper, "number": number}
    _do(AddItem, by, dry_run, som=name, **facts)


@agenda.command("change-item")
def change_item(
    name: str,
    item: Item,
    title: Annotated[str | None, typer.Option()] = None,
    presenter: Presenter = None,
    paper: Annotated[bool | None, typer.Option()] = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Change an item; what is left out stays as it is."""
    from schemas.meeting_acts import ChangeItem

    facts = {"title": title, "presenter": presenter, "paper": paper}
    _do(ChangeItem, by, dry_run, som=name, item=item, **facts)


@agenda.command("withdraw-item")
def withdraw_item(
    name: str, item: Item, reason: Reason, by: By = "", dry_run: DryRun = False
) -> None:
    """Take an item off the agenda; nobody is asked for its paper any more."""
    from schemas.meeting_acts import WithdrawItem

    _do(WithdrawItem, by, dry_run, som=name, item=item, reason=reason)


@agenda.command("file")
def file(
    name: str,
    path: Path,
    item: Annotated[int | None, typer.Option(help="the paper of this agenda item")] = None,
    step: Annotated[str, typer.Option(help="or of this step, such as draft-statement")] = "",
    of: Annotated[str, typer.Option("--of", help="whose it is, where several are asked")] = "",
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Hand in a document, or a later version: PDF, DOCX, XLSX, TXT or MD up to 10 MB."""
    from schemas.meeting_acts import FileDocument

    try:
        content = path.read_bytes() if path.stat().st_size <= 2 * 10**7 else None
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.") from None
    if content is None:
        raise BadInputError("The file is larger than 10 MB. Nothing was changed.")
    _, office = office_here()
    key = _asked_for(office, name, f"-{item}@" if item else f"/{step}@", of)
    facts = {"name": path.name, "content": b64encode(content)}
    _do(FileDocument, by, dry_run, obligation=key, **facts)


def _asked_for(office: "Office", name: str, part: str, of: str) -> str:
    """The obligation a file is for. Raises UnknownError, naming those that take one."""
    from secretariat import meeting

    with office.store.read() as session:
        seen = meeting.meeting(session, office.programme, name, office.clock.now())
    takes = [obligation.id for obligation, _, _ in seen.handed_in]
    found = [key for key in takes if part in key and key.endswith(f"@{of}" if of else "")]
    if len(found) != 1:
        known = "".join(f"\n  {key}" for key in found or takes) or " none yet"
        which = "Several are asked; choose one with --of" if found else "Nobody is asked for that"
        raise UnknownError(f"{which}. Documents of {name} are taken for:{known}")
    return found[0]


@agenda.command()
def circulate(name: str, until: Day = None, by: By = "", dry_run: DryRun = False) -> None:
    """Begin the silence procedure on the newest draft of the joint statement."""
    from schemas.meeting_acts import CirculateStatement

    _do(CirculateStatement, by, dry_run, som=name, until=until.date() if until else None)


@agenda.command("object")
def object_to(
    statement: Annotated[str, typer.Argument(help="such as SOM14/statement-1")],
    reason: Reason,
    by: Annotated[str, typer.Option("--by", help="the objecting body, such as tf-kh")],
    dry_run: DryRun = False,
) -> None:
    """Break the silence: the draft is not adopted."""
    from schemas.meeting_acts import ObjectToStatement

    _do(ObjectToStatement, by, dry_run, statement=statement, reason=reason)


@agenda.command()
def minute(
    name: str,
    item: Item,
    reached: Annotated[bool, typer.Option("--reached/--not-reached")],
    summary: Annotated[str, typer.Option()] = "",
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Minute whether an item was reached; one that was not moves to the next meeting."""
    from schemas.meeting_acts import MinuteItem

    _do(MinuteItem, by, dry_run, som=name, item=item, reached=reached, summary=summary)


@agenda.command()
def decide(
    name: str,
    text: str,
    body: Annotated[str, typer.Option("--asks", help="slug of the body that is to do it")],
    do_by: Day = None,
    item: Annotated[int | None, typer.Option(help="of the agenda")] = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Minute a decision: the body it asks is obliged by it, and reminded."""
    from schemas.meeting_acts import Decide

    day = do_by.date() if do_by else None
    _do(Decide, by, dry_run, som=name, text=text, body=body, do_by=day, item=item)


@agenda.command("withdraw-decision")
def withdraw_decision(
    name: str,
    decision: Annotated[int, typer.Argument(min=1)],
    reason: Reason,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Take back a decision that was minuted wrongly."""
    from schemas.meeting_acts import WithdrawDecision

    _do(WithdrawDecision, by, dry_run, som=name, decision=decision, reason=reason)


def _do(kind: "type[Act]", by: str, dry_run: bool, **facts: Any) -> None:
    from secretariat.typed import act_from

    settings, office = office_here()
    carry_out(settings, office, act_from(kind, **facts), by or office.steward, dry_run)

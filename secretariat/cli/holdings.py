"""Handing over at a terminal: every act on a holding, and the end of a body."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secretariat.cli.terminal import By, office_here, say, tell
from secretariat.ownership import ACTS

if TYPE_CHECKING:
    from schemas.act import Act
    from schemas.acts import Letter
    from secretariat.commands.office import Office
    from secretariat.settings import Settings

HoldingActs = StrEnum(  # type: ignore[misc]  # Typer wants an enumeration; the table has the names
    "HoldingActs", {act: act for act in (*ACTS, "attest", "waive", "review") if act != "expire"}
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would happen, mails included")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]

body = typer.Typer(no_args_is_help=True, help="Bodies that end, and go on after all.")


def holding(
    act: HoldingActs,
    name: Annotated[str, typer.Argument(help="function/duty@receiver")],
    by: Annotated[str, typer.Option(help="the body that acts, such as un-act or tf-kh")],
    reason: Annotated[str | None, typer.Option(help="decline, return, suspend …")] = None,
    to: Annotated[str | None, typer.Option(help="offer: to another body")] = None,
    phase: Annotated[str | None, typer.Option(help="offer: shared or government_led")] = None,
    answer_by: Day = None,
    follow_up: Day = None,
    item: Annotated[list[str] | None, typer.Option(help="attest, waive: of the checklist")] = None,
    evidence: Annotated[str | None, typer.Option(help="attest: what shows it")] = None,
    performed: Annotated[bool | None, typer.Option(help="review: is it still performed?")] = None,
    note: Annotated[str | None, typer.Option(help="review: in words")] = None,
    contact: Annotated[str | None, typer.Option(help="who acts, such as un-act-head")] = None,
    letter: Annotated[
        Path | None, typer.Option(help="act on behalf of --by: the letter that lets you")
    ] = None,
    filed_by: Annotated[str, typer.Option(help="with --letter: who acts on behalf")] = "",
    seen: Annotated[int | None, typer.Option(help="refuse if it is another version now")] = None,
    key: Annotated[str | None, typer.Option(help="the same key acts once")] = None,
    dry_run: DryRun = False,
) -> None:
    """Hand a holding over, step by step."""
    from pydantic import TypeAdapter

    from schemas.acts import AnyAct
    from secretariat.documents import file_letter
    from secretariat.typed import checked

    given: dict[str, Any] = {
        "reason": reason,
        "to": to,
        "phase": phase,
        "answer_by": answer_by.date() if answer_by else None,
        "follow_up": follow_up.date() if follow_up else None,
        ("items" if act == "waive" else "item"): item
        if act == "waive"
        else (item[0] if item else None),
        "evidence": evidence,
        "performed": performed,
        "note": note,
        "seen": seen,
    }
    words = {"act": str(act), "holding": name} | {k: v for k, v in given.items() if v is not None}
    asked = checked(TypeAdapter[Any](AnyAct).validate_python, words)
    settings, office = office_here()
    filed = None
    if letter:
        filed = file_letter(settings.directory, letter, filed_by or office.steward)
    carry_out(settings, office, asked, by, dry_run, key=key, contact=contact, letter=filed)


def do(
    act: Annotated[str, typer.Argument(help="any act, such as agree-chair or close-cycle")],
    facts: Annotated[
        list[str] | None, typer.Argument(help="what it is about: name=value …")
    ] = None,
    by: By = "",
    contact: Annotated[str | None, typer.Option(help="who acts")] = None,
    key: Annotated[str | None, typer.Option(help="the same key acts once")] = None,
    dry_run: DryRun = False,
) -> None:
    """Do any act by its name: do agree-chair som=SOM15 member=KH agreement=informal.

    Lists are written a,b,c and parts parts.women=25.
    """
    from pydantic import TypeAdapter

    from schemas.acts import AnyAct
    from secretariat.errors import BadInputError
    from secretariat.typed import checked

    words: dict[str, Any] = {"act": act}
    for fact in facts or []:
        name, is_fact, value = fact.partition("=")
        if not is_fact:
            raise BadInputError(f"“{fact}” is no fact such as som=SOM15.")
        whole, _, part = name.partition(".")
        if part:
            words.setdefault(whole, {})[part] = value
        else:
            words[name] = value.split(",") if name in ("items", "counts", "missing") else value
    asked = checked(TypeAdapter[Any](AnyAct).validate_python, words)
    settings, office = office_here()
    by = by or office.steward
    carry_out(settings, office, asked, by, dry_run, key=key, contact=contact)


@body.command("end")
def body_end(
    name: Annotated[str, typer.Argument(help="slug of the body")],
    reason: Annotated[str, typer.Option()],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="its last day; else at once")
    ] = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Say that a body ends; what it owns then goes into custody."""
    from schemas.acts import EndBody
    from secretariat.typed import act_from

    settings, office = office_here()
    act = act_from(EndBody, body=name, on=on.date() if on else None, reason=reason)
    carry_out(settings, office, act, by or office.steward, dry_run)


@body.command("restore")
def body_restore(
    name: str, reason: Annotated[str, typer.Option()], by: By = "", dry_run: DryRun = False
) -> None:
    """Say that a body goes on after all."""
    from schemas.acts import RestoreBody
    from secretariat.typed import act_from

    settings, office = office_here()
    act = act_from(RestoreBody, body=name, reason=reason)
    carry_out(settings, office, act, by or office.steward, dry_run)


def carry_out(
    settings: "Settings",
    office: "Office",
    act: "Act",
    by: str,
    dry_run: bool,
    *,
    key: str | None = None,
    contact: str | None = None,
    letter: "Letter | None" = None,
) -> None:
    if not dry_run:
        tell(office, office.do(act, by=by, key=key, contact=contact, letter=letter), by)
        return
    from notifications.compose import composer

    look = composer(settings, office.programme).look
    say("Nothing is done; this is what would happen.")
    seen = office.preview(act, by=by, contact=contact, letter=letter, look=look)
    for sentence in seen.sentences:
        say(f"  {sentence}")
    for mail in seen.mails:
        say(f"\nA mail to {mail.to}, from {mail.leaves_at:%Y-%m-%d %H:%M} UTC on: {mail.subject}\n")
        say("\n".join(f"    {line}".rstrip() for line in mail.text.splitlines()))

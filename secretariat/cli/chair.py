"""The chair's turns at a terminal: see them, pass one, offer and answer a swap."""

from typing import Annotated

import typer

from secretariat.cli.terminal import By, do, office_here, out, say

chair = typer.Typer(no_args_is_help=True, help="Whose turn the chair is.")
Meeting = Annotated[str, typer.Argument(help="such as SOM15")]
Why = Annotated[str, typer.Option("--reason")]


@chair.command()
def turns() -> None:
    """Every turn since the first chair, and the next ones."""
    from rich.table import Table

    from secretariat import chair as reading
    from secretariat.words import member_name

    _, office = office_here()
    with office.store.read() as session:
        found = reading.seen(session, office.programme)
    table = Table("Meeting", "Chair", "Agreed", "Place", "Passed", "Meets", box=None)
    for each in found:
        turn = each.turn
        name = member_name(office.programme, turn.member) if turn.member else "nobody"
        passed = ", ".join(member_name(office.programme, code) for code in turn.passed)
        swapped = f", from {member_name(office.programme, turn.swapped)}" if turn.swapped else ""
        meets = each.meets.words if each.meets else ""
        table.add_row(turn.som, name + swapped, turn.agreed or "in turn", each.place, passed, meets)
    out.print(table)
    if not found:
        say("Nobody has been agreed to chair yet.")


@chair.command("pass")
def pass_turn(som: Meeting, reason: Why, by: By = "") -> None:
    """Let a turn go by; the member is first for the meeting after."""
    from schemas.turn_acts import PassTurn
    from secretariat.typed import act_from

    do(act_from(PassTurn, som=som, reason=reason), by)


@chair.command()
def swap(
    som: Meeting,
    reason: Why,
    other: Annotated[str, typer.Option("--with", help="code of a member")],
    by: By = "",
) -> None:
    """Offer a turn to another member, for that one's own."""
    from schemas.turn_acts import OfferSwap
    from secretariat.typed import act_from

    do(act_from(OfferSwap, som=som, other=other, reason=reason), by)


@chair.command()
def accept(som: Meeting, by: By = "") -> None:
    """Take a turn that was offered, and give one's own."""
    from schemas.turn_acts import AcceptSwap
    from secretariat.typed import act_from

    do(act_from(AcceptSwap, som=som), by)


@chair.command()
def decline(som: Meeting, reason: Why, by: By = "") -> None:
    """Keep one's own turn."""
    from schemas.turn_acts import DeclineSwap
    from secretariat.typed import act_from

    do(act_from(DeclineSwap, som=som, reason=reason), by)

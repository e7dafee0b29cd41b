"""Acts on the chair's turns: whose it is, passed, offered for another's."""

from sqlmodel import Session, col, select

from schemas.programme import Programme
from schemas.tables import Som, Term
from schemas.turn_acts import AcceptSwap, DeclineSwap, OfferSwap, PassTurn
from schemas.turn_tables import PassedTurn, Swap
from secretariat import rotation
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, handles
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, OneOf, UnknownError
from secretariat.rotation import Said, Turn

AHEAD = 6


def said(session: Session) -> Said:
    """What members have said of turns so far."""
    passed: dict[str, tuple[str, ...]] = {}
    for each in session.exec(select(PassedTurn).order_by(col(PassedTurn.passed_at))):
        passed[each.som] = (*passed.get(each.som, ()), each.member)
    return Said(
        agreed={term.som: (term.member, term.agreement) for term in session.exec(select(Term))},
        passed=passed,
        swaps={
            swap.som: (swap.member, swap.other)
            for swap in session.exec(select(Swap).where(Swap.state == "accepted"))
        },
    )


def turns(session: Session, programme: Programme, ahead: int = AHEAD) -> list[Turn]:
    """Every turn known so far, and those of the next meetings; none before the first chair."""
    known = said(session)
    first = min(known.agreed, key=rotation.number, default=None)
    if first is None:
        return []
    latest = max(map(rotation.number, known.agreed))
    count = latest - rotation.number(first) + 1 + ahead
    return rotation.turns(programme.turn_order, known, first, count)


def turn(session: Session, programme: Programme, som: str) -> Turn | None:
    """The turn of one meeting, as far ahead as it may be."""
    found = turns(session, programme, ahead=100)
    return next((each for each in found if each.som == som), None)


@handles(PassTurn, may="task-force secretariat chair")
def pass_turn(desk: Desk, act: PassTurn) -> None:
    """Let a turn go by: the next in line has it, and who passed is first after that."""
    member = _of_whom(desk, act.som)
    _check_speaks(desk, member)
    desk.record("chair.passed", act.som, member=member, reason=act.reason)
    _tell(desk, act.som, None)


@handles(OfferSwap, may="task-force secretariat chair")
def offer_swap(desk: Desk, act: OfferSwap) -> None:
    member = _of_whom(desk, act.som)
    _check_speaks(desk, member)
    desk.member(act.other)
    if act.other == member:
        raise BadInputError(marked("It is {member}’s own turn."), member=member)
    present = desk.session.get(Swap, act.som)
    if present and present.state == "offered":
        if present.other == act.other:
            return
        raise ConflictError(
            marked("{som} is offered to {other}, who has not answered yet."),
            som=act.som,
            other=present.other,
        )
    facts = {"member": member, "other": act.other, "reason": act.reason}
    desk.record("chair.swap-offered", act.som, **facts)
    _tell(desk, act.som, act.other)


@handles(AcceptSwap, may="task-force secretariat chair")
def accept_swap(desk: Desk, act: AcceptSwap) -> None:
    swap = _open_swap(desk, act.som)
    if _of_whom(desk, act.som) != swap.member:
        raise ConflictError(
            marked("{som} is no longer {member}’s turn."), som=act.som, member=swap.member
        )
    desk.record("chair.swap-accepted", act.som, member=swap.member, other=swap.other)
    _tell(desk, act.som, swap.member)


@handles(DeclineSwap, may="task-force secretariat chair")
def decline_swap(desk: Desk, act: DeclineSwap) -> None:
    swap = _open_swap(desk, act.som)
    facts = {"member": swap.member, "other": swap.other, "reason": act.reason}
    desk.record("chair.swap-declined", act.som, **facts)
    _tell(desk, act.som, swap.member)


def _of_whom(desk: Desk, som: str) -> str:
    """Whose turn it is, where it can still change. Raises ConflictError, UnknownError."""
    found = turn(desk.session, desk.programme, som)
    if found is None or found.member is None:
        raise UnknownError(marked("Nobody’s turn is known for {som}."), som=som)
    term = desk.session.get(Term, som)
    if term and term.took_office_at:
        raise ConflictError(
            marked("{member} already holds the chair for {som}."), member=term.member, som=som
        )
    if desk.session.get(Som, som):
        raise ConflictError(
            marked("{som} is already planned in {member}; its turn stands."),
            som=som,
            member=found.member,
        )
    return found.member


def _open_swap(desk: Desk, som: str) -> Swap:
    """The offer to answer, by whoever may. Raises ConflictError, NotAllowedError."""
    swap = desk.session.get(Swap, som)
    if swap is None or swap.state != "offered":
        raise ConflictError(marked("No swap of {som} waits for an answer."), som=som)
    _check_speaks(desk, swap.other, steward=False)
    return swap


def _check_speaks(desk: Desk, member: str, *, steward: bool = True) -> None:
    """The task force of a member speaks for it; so does the steward, but it never accepts."""
    may = {desk.programme.task_force(member)} | ({desk.bodies.steward} if steward else set())
    if desk.by not in may:
        raise NotAllowedError(
            marked("That is for {listed} to say; not for {by}."),
            listed=OneOf(sorted(may)),
            by=desk.by,
        )


def _tell(desk: Desk, som: str, member: str | None) -> None:
    """Write to whoever it concerns: the other member, else who is next, and the steward."""
    event = desk.events[-1]
    if member is None:
        following = turn(desk.session, desk.programme, som)
        member = following.member if following else None
    bodies = [desk.programme.task_force(member)] if member else []
    for body in [*bodies, desk.bodies.steward]:
        for contact in desk.contacts(body, "head"):
            desk.mail(
                f"{som}#{event.kind}#{desk.now.isoformat()}>{contact.slug}",
                contact,
                "turn",
                som=som,
                event=event.kind,
                **event.data,
            )

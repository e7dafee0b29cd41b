"""What the minutes say: which items were reached, and what was decided and is asked of whom."""

from schemas.anchor import Anchor
from schemas.meeting_acts import Decide, MinuteItem, WithdrawDecision
from schemas.meeting_tables import AgendaItem, Decision
from schemas.tables import Som
from secretariat import rotation
from secretariat.agenda import next_number
from secretariat.catalogues import marked
from secretariat.commands.agenda import carry_over, known_body, standing_item, withdraw
from secretariat.commands.obligations import refit
from secretariat.commands.office import Desk, handles
from secretariat.commands.wanted import decisions_of
from secretariat.errors import BadInputError, ConflictError, UnknownError
from secretariat.readmodels import row

STEERS = "secretariat chair"


@handles(MinuteItem, may=STEERS)
def minute_item(desk: Desk, act: MinuteItem) -> None:
    """Also once the meeting is closed: what moves on to the next one follows the minutes."""
    som = _begun(desk, act.som)
    item = standing_item(desk, act.som, act.item)
    if (item.reached, item.summary) == (act.reached, act.summary):
        return
    desk.record(
        "agenda.item-minuted",
        item.id,
        som=act.som,
        number=item.number,
        reached=act.reached,
        summary=act.summary,
    )
    if som.closed_at:
        _follow(desk, item)


def _follow(desk: Desk, item: AgendaItem) -> None:
    """Minuted after the close: put the item on the next agenda, or take it off again."""
    following = desk.session.get(Som, rotation.following(item.som))
    if not item.reached and following and not following.closed_at:
        carry_over(desk, following.name)
    carried = desk.session.get(AgendaItem, item.carried_to) if item.carried_to else None
    if item.reached and carried and carried.stands and carried.reached is None:
        withdraw(desk, carried, f"It was reached at {item.som} after all.")
        refit(desk, carried.som)


@handles(Decide, may=STEERS)
def decide(desk: Desk, act: Decide) -> None:
    """Minute a decision; the same text for the same body is the same decision."""
    _begun(desk, act.som)
    _check(desk, act)
    known = decisions_of(desk, act.som)
    if any(d.withdrawn_at is None and (d.text, d.body) == (act.text, act.body) for d in known):
        return
    number = next_number(decision.number for decision in known)
    desk.record(
        "decision.recorded",
        f"{act.som}/decision-{number}",
        som=act.som,
        number=number,
        text=act.text,
        body=act.body,
        do_by=act.do_by.isoformat() if act.do_by else None,
        item=act.item,
    )
    refit(desk, act.som)


def _check(desk: Desk, act: Decide) -> None:
    """Whether somebody can be asked for it, and in time."""
    known_body(desk, act.body)
    if act.item:
        standing_item(desk, act.som, act.item)
    _somebody_asks(desk)
    if act.do_by and act.do_by < desk.calendar(act.body).today(desk.now):
        raise BadInputError(
            marked("{do_by} is past where {body} works; give a day to come."),
            do_by=act.do_by,
            body=act.body,
        )


@handles(WithdrawDecision, may=STEERS)
def withdraw_decision(desk: Desk, act: WithdrawDecision) -> None:
    decision = row(desk.session, Decision, f"{act.som}/decision-{act.decision}")
    if decision.withdrawn_at is None:
        desk.record(
            "decision.withdrawn",
            decision.id,
            som=act.som,
            number=decision.number,
            body=decision.body,
            text=decision.text,
            reason=act.reason,
        )
        refit(desk, act.som)


def _begun(desk: Desk, name: str) -> Som:
    """A meeting that can have been held by now. Raises UnknownError, ConflictError."""
    som = row(desk.session, Som, name)
    anchor = Anchor.model_validate(som.anchor)
    today = desk.calendar(desk.programme.secretariat).today(desk.now)
    if som.closed_at is None and anchor.first > today:
        raise ConflictError(
            marked("It is {today}: {name}, {when}, is still to be held and has no minutes yet."),
            today=today,
            name=name,
            when=anchor.words,
        )
    return som


def _somebody_asks(desk: Desk) -> None:
    asking = (m.asks for function in desk.programme.functions for m in function.milestones)
    if "decided" not in asking:
        raise UnknownError(
            marked(
                "No milestone of {name} asks for decisions; add one to the programme file, with "
                "“asks: decided”."
            ),
            name=desk.programme.name,
        )

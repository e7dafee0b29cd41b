"""Acts on a meeting's agenda; what was not reached moves on to the next meeting."""

from sqlmodel import col, select

from schemas.meeting_acts import AddItem, CarryOver, ChangeItem, WithdrawItem
from schemas.meeting_tables import AgendaItem
from schemas.tables import Som
from secretariat import rotation
from secretariat.agenda import item_key, moves_on, next_number
from secretariat.catalogues import marked
from secretariat.commands.obligations import refit
from secretariat.commands.office import Desk, handles
from secretariat.errors import ConflictError, UnknownError
from secretariat.readmodels import row

STEERS = "secretariat chair"


@handles(AddItem, may=STEERS)
def add_item(desk: Desk, act: AddItem) -> None:
    """Add an item; the very same one that is there already is not added again."""
    open_som(desk, act.som)
    known_body(desk, act.presenter)
    items = items_of(desk, act.som)
    same = [item for item in items if item.stands and item.title == act.title]
    if same and act.number in (None, same[0].number):
        return
    if any(item.number == act.number for item in items):
        raise ConflictError(
            marked("{som} has an item {number} already. Change that one, or leave the number out."),
            som=act.som,
            number=act.number,
        )
    _add(desk, act, number=act.number or next_number(item.number for item in items))
    refit(desk, act.som)


def _add(desk: Desk, act: AddItem, *, number: int, carried_from: str | None = None) -> None:
    desk.record(
        "agenda.item-added",
        item_key(act.som, number),
        som=act.som,
        number=number,
        title=act.title,
        presenter=act.presenter,
        paper=act.paper,
        carried_from=carried_from,
    )


@handles(ChangeItem, may=STEERS)
def change_item(desk: Desk, act: ChangeItem) -> None:
    open_som(desk, act.som)
    known_body(desk, act.presenter)
    item = standing_item(desk, act.som, act.item)
    said = act.model_dump(include={"title", "presenter", "paper"}, exclude_none=True)
    new = {name: value for name, value in said.items() if getattr(item, name) != value}
    if not new:
        return
    if new.get("paper", item.paper) and not new.get("presenter", item.presenter):
        raise ConflictError(
            marked("Item {item} has no presenter to ask for a paper; name one too."), item=act.item
        )
    desk.record("agenda.item-changed", item.id, som=act.som, number=item.number, **new)
    refit(desk, act.som)


@handles(WithdrawItem, may=STEERS)
def withdraw_item(desk: Desk, act: WithdrawItem) -> None:
    open_som(desk, act.som)
    item = row(desk.session, AgendaItem, item_key(act.som, act.item))
    if item.stands:
        withdraw(desk, item, act.reason)
        refit(desk, act.som)


def withdraw(desk: Desk, item: AgendaItem, reason: str) -> None:
    desk.record("agenda.item-withdrawn", item.id, som=item.som, number=item.number, reason=reason)


@handles(CarryOver, may=f"{STEERS} engine")
def carry_over_to(desk: Desk, act: CarryOver) -> None:
    if row(desk.session, Som, act.som).closed_at is None:
        carry_over(desk, act.som)


def carry_over(desk: Desk, to: str) -> None:
    """Put on a meeting's agenda what closed meetings before it did not reach; safe to repeat."""
    number = next_number(item.number for item in items_of(desk, to))
    for item in _left_over(desk, to):
        asked = AddItem(som=to, title=item.title, presenter=item.presenter, paper=item.paper)
        _add(desk, asked, number=number, carried_from=item.id)
        number += 1
    refit(desk, to)


def _left_over(desk: Desk, to: str) -> list[AgendaItem]:
    """Items of the closed meetings before this one that nobody has taken up, in their order."""
    closed = select(Som.name).where(col(Som.closed_at).is_not(None))
    query = select(AgendaItem).where(col(AgendaItem.som).in_(closed))
    before = [
        item
        for item in desk.session.exec(query)
        if moves_on(item) and rotation.number(item.som) < rotation.number(to)
    ]
    return sorted(before, key=lambda item: (rotation.number(item.som), item.number))


def items_of(desk: Desk, som: str) -> list[AgendaItem]:
    """All items, those withdrawn too."""
    query = select(AgendaItem).where(AgendaItem.som == som)
    return list(desk.session.exec(query.order_by(col(AgendaItem.number))))


def standing_item(desk: Desk, som: str, number: int) -> AgendaItem:
    """Raises UnknownError, ConflictError: it was withdrawn."""
    item = desk.session.get(AgendaItem, item_key(som, number))
    if item is None:
        raise UnknownError(
            marked("The agenda of {som} has no item {number}."), som=som, number=number
        )
    if not item.stands:
        raise ConflictError(
            marked("Item {number} of {som} was withdrawn: {withdrawn_why}"),
            number=number,
            som=som,
            withdrawn_why=item.withdrawn_why,
        )
    return item


def open_som(desk: Desk, name: str) -> Som:
    """A meeting that is planned and not over. Raises UnknownError, ConflictError."""
    som = row(desk.session, Som, name)
    if som.closed_at:
        raise ConflictError(f"{name} was closed on {som.closed_at:%Y-%m-%d}; nothing was changed.")
    return som


def known_body(desk: Desk, slug: str | None) -> None:
    known = [body.slug for body in desk.programme.bodies if body.is_asked]
    if slug is not None and slug not in known:
        raise UnknownError(
            marked("“{slug}” is no body of {name} that can be asked. Those are: {listed}."),
            slug=slug,
            name=desk.programme.name,
            listed=", ".join(known),
        )

"""Acts on Senior Officials Meetings and on the chair that hosts them."""

from typing import Any

from sqlmodel import col, func, select

from schemas.acts import AgreeChair, CloseSom, PlanSom, PostponeSom, PrepareSom, RunFlow, TakeChair
from schemas.anchor import Anchor
from schemas.meeting_acts import SetVenue
from schemas.programme import Cadence, Function
from schemas.tables import Cycle, Entry, Som, Term
from secretariat import calendars, cycles, rotation, runs
from secretariat.agenda import next_quarter
from secretariat.catalogues import marked
from secretariat.commands.agenda import carry_over, open_som
from secretariat.commands.obligations import follow, open_cycles
from secretariat.commands.office import Desk, handles
from secretariat.errors import BadInputError, ConflictError
from secretariat.readmodels import row


@handles(AgreeChair, may="secretariat chair")
def agree_chair(desk: Desk, act: AgreeChair) -> None:
    desk.member(act.member)
    term = desk.session.get(Term, act.som)
    if term and term.took_office_at:
        raise ConflictError(
            marked("{member} already holds the chair for {som}."), member=term.member, som=act.som
        )
    if term is None or (term.member, term.agreement) != (act.member, act.agreement):
        desk.record("chair.agreed", act.som, member=act.member, agreement=act.agreement)


@handles(TakeChair, may="secretariat chair")
def take_chair(desk: Desk, act: TakeChair) -> None:
    term = desk.session.get(Term, act.som)
    if term is None:
        raise ConflictError(marked("Nobody is agreed to chair {som} yet."), som=act.som)
    if term.took_office_at:
        return
    if present := desk.term():
        desk.record("chair.left", present.som, member=present.member)
    desk.record("chair.taken", act.som, member=term.member)


@handles(PlanSom, may="secretariat chair engine")
def plan_som(desk: Desk, act: PlanSom) -> None:
    """Plan a meeting; planning the same again changes nothing."""
    desk.member(act.host)
    planned = desk.session.get(Som, act.som)
    if planned and (planned.host, planned.anchor) == (act.host, str(act.on)):
        if act.venue:
            set_venue(desk, SetVenue(som=act.som, venue=act.venue))
        return
    if planned:
        raise ConflictError(
            marked(
                "{som} is already planned in {host}, {when}. Postpone it on its page, or with: "
                "secretariat som postpone {som} --to {on} --reason …"
            ),
            som=act.som,
            host=planned.host,
            when=_words(planned.anchor),
            on=act.on,
        )
    term = desk.session.get(Term, act.som)
    if term and term.member != act.host:
        raise ConflictError(
            marked("{som} is agreed to be chaired by {member}, not {host}."),
            som=act.som,
            member=term.member,
            host=act.host,
        )
    _not_past(desk, act.on)
    desk.record("som.planned", act.som, host=act.host, anchor=str(act.on), **_notice(desk, act.on))
    if act.venue:
        desk.record("som.venue-set", act.som, venue=act.venue)
    carry_over(desk, act.som)
    if not act.on.tentative:
        _invite(desk, act.som, act.host, act.on)


@handles(SetVenue, may="secretariat chair")
def set_venue(desk: Desk, act: SetVenue) -> None:
    """Where it is held; calendars that have its day are told the place."""
    som = open_som(desk, act.som)
    anchor = Anchor.model_validate(som.anchor)
    if som.venue != act.venue:
        desk.record("som.venue-set", act.som, venue=act.venue)
        if not anchor.tentative:
            _invite(desk, act.som, som.host, anchor)


@handles(PrepareSom, may="secretariat chair")
def prepare_som(desk: Desk, act: PrepareSom) -> None:
    """Plan the meeting and ask for the flow run that prepares it; both or neither."""
    plan_som(desk, PlanSom(som=act.som, host=act.host, on=act.on, venue=act.venue))
    runs.ask(desk.session, *act.run, by=desk.by, now=desk.now)


@handles(RunFlow, may="secretariat chair")
def run_flow(desk: Desk, act: RunFlow) -> None:
    """Ask for a run of a function's flow, for one cycle or all that are open."""
    function = desk.function(act.function)
    if act.cycle and function.cadence is Cadence.PER_SOM:
        row(desk.session, Som, act.cycle)
    elif act.cycle:
        _not_over(desk, function, act.cycle)
    runs.ask(desk.session, *act.run, by=desk.by, now=desk.now)


@handles(PostponeSom, may="secretariat chair")
def postpone_som(desk: Desk, act: PostponeSom) -> None:
    """Move a meeting, and in the same act everything that hangs on it."""
    som = row(desk.session, Som, act.som)
    if som.closed_at:
        raise ConflictError(f"{act.som} was closed on {som.closed_at:%Y-%m-%d}; it cannot move.")
    _not_past(desk, act.to)
    if som.anchor != str(act.to):
        facts = {"anchor": str(act.to), "was": som.anchor, "reason": act.reason}
        facts |= {"source": act.source} if act.source else {}
        was = Anchor.model_validate(som.anchor)
        why = desk.record("som.postponed", act.som, **facts, **_notice(desk, act.to))
        if not (was.tentative and act.to.tentative):
            _invite(desk, act.som, som.host, act.to, was=str(was), reason=act.reason)
        moved = open_cycles(desk, act.som)
        for cycle in moved:
            desk.record("cycle.moved", cycle.id, anchor=str(act.to))
        follow(desk, moved, why)


@handles(CloseSom, may="secretariat chair")
def close_som(desk: Desk, act: CloseSom) -> None:
    """The meeting was held. If the next chair is agreed, it takes office and plans its meeting."""
    som = row(desk.session, Som, act.som)
    if som.closed_at:
        return
    held = Anchor.model_validate(som.anchor)
    _not_ahead(desk, held)
    desk.record("som.closed", act.som, host=som.host)
    following = desk.session.get(Term, rotation.following(act.som))
    if following and not following.took_office_at:
        take_chair(desk, TakeChair(som=following.som))
    _open_the_next(desk, following, held, act.next_on)


def _open_the_next(desk: Desk, term: Term | None, held: Anchor, on: Anchor | None) -> None:
    """Plan the meeting of an agreed chair, and put on its agenda what was not reached."""
    if term is None:
        return
    if desk.session.get(Som, term.som):
        carry_over(desk, term.som)
        return
    today = desk.calendar(desk.programme.secretariat).today(desk.now)
    when = on or next_quarter(held, desk.programme.meets_every, today)
    plan_som(desk, PlanSom(som=term.som, host=term.member, on=when))


def _invite(
    desk: Desk, som: str, host: str, on: Anchor, *, was: str = "", reason: str = ""
) -> None:
    """Write to those who meet once there is a day, and again when it moves or is open again."""
    told = select(func.count()).select_from(Entry)
    before = desk.session.exec(told.where(Entry.subject == som, col(Entry.kind).in_(_TOLD))).one()
    venue = row(desk.session, Som, som).venue or ""
    bodies = [*desk.programme.task_forces(), desk.programme.chair, desk.programme.secretariat]
    people = {each.slug: each for body in bodies for each in desk.contacts(body, "head")}
    for contact in people.values():
        desk.mail(
            f"meeting#{som}#{before}>{contact.slug}",
            contact,
            "meeting",
            som=som,
            host=host,
            anchor=str(on),
            was=was,
            reason=reason,
            venue=venue,
            sequence=before,
        )


_TOLD = ("som.planned", "som.postponed", "som.venue-set")
"""What those who meet are told of: each takes the place of what their calendars had."""


def _notice(desk: Desk, anchor: Anchor) -> dict[str, Any]:
    """Where a firm day is not worked and which day all members work: to be known, no refusal."""
    everywhere = calendars.of_all(desk.programme)
    free = {} if anchor.tentative else calendars.not_working(everywhere, anchor.day)
    following = calendars.common(everywhere, anchor.day) if free else None
    return {"not_worked_in": free, "next_common": str(following)} if following else {}


def _not_past(desk: Desk, anchor: Anchor) -> None:
    today = desk.calendar(desk.programme.secretariat).today(desk.now)
    if anchor.day < today:
        raise BadInputError(
            marked("{when} is past; today is {today}."), when=anchor.words, today=today
        )


def _not_ahead(desk: Desk, anchor: Anchor) -> None:
    today = desk.calendar(desk.programme.secretariat).today(desk.now)
    if anchor.first > today:
        raise ConflictError(
            marked("It is {today}: the meeting of {when} is still to be held."),
            today=today,
            when=anchor.words,
        )


def _not_over(desk: Desk, function: Function, cycle: str) -> None:
    """A cycle that was never opened is not opened once it is over."""
    anchor = cycles.last_day(cycle, function.cadence)
    if desk.session.get(Cycle, f"{function.slug}/{cycle}") is None:
        _not_past(desk, anchor)


def _words(anchor: str) -> str:
    return Anchor.model_validate(anchor).words

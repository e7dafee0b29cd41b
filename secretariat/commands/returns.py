"""Acts on returns: a body's figures are saved, handed in, sent back and verified."""

from typing import Any

from sqlmodel import col, func, select

from schemas.figure_acts import StateFigure
from schemas.figure_tables import Statement
from schemas.programme import Contact
from schemas.return_acts import (
    Given,
    RequestCorrection,
    SaveReturn,
    SubmitReturn,
    VerifyReturn,
)
from schemas.return_tables import FigureReturn
from schemas.tables import Holding, Obligation, Urgency
from secretariat import ladder, returns
from secretariat.catalogues import marked
from secretariat.commands import figures, promises, reminders
from secretariat.commands.office import Desk, handles
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, OneOf
from secretariat.readmodels import row
from secretariat.returns import Asked

TEMPLATE = "return"
CORRECTED_WITHIN = 10
"""Working days a body has to correct its figures."""

IN_ALREADY = marked(
    "These figures were handed in already, receipt no. {number}. To change them, ask whoever "
    "verifies them to send them back."
)
NOT_YET = marked("The return for {key} was not handed in yet.")
_NOT_TO_JUDGE = {
    "correction": marked("The return for {key} was sent back."),
    "verified": marked("The return for {key} was verified."),
}
VERIFIED = marked("These figures were verified on {day}; they can be changed no more.")


def asked_of(desk: Desk, obligation: Obligation) -> list[Asked]:
    """The figures an obligation asks of its body, each with what it was last time."""
    programme = desk.programme
    milestone = returns.milestone_of(programme, obligation.function, obligation.milestone)
    found = [programme.indicator(slug) for slug in (milestone.figures if milestone else ())]
    period = returns.period_before(obligation.cycle.partition("/")[2])
    return [
        Asked(indicator, about, _before(desk, indicator.slug, period, about))
        for indicator in found
        if indicator
        for about in _abouts(desk, obligation, indicator.of)
    ]


def _abouts(desk: Desk, obligation: Obligation, of: str) -> list[str]:
    """Whom a body's figures are about: its own country, the pairs it keeps, or the region."""
    body = desk.programme.body(obligation.body)
    if of == "member" and body and body.member:
        return [body.member]
    if of == "region":
        return [figures.REGION]
    query = select(Holding.receiver).where(
        Holding.function == obligation.function, Holding.owner == obligation.body
    )
    lengths = {"member": 1, "pair": 2}
    receivers = sorted(set(desk.session.exec(query)))
    kept = [each for each in receivers if len(each.split("-")) == lengths[of]]
    return [each for each in kept if desk.programme.member(each.split("-")[0])] or [figures.REGION]


def _before(desk: Desk, indicator: str, period: str, about: str) -> int | None:
    query = select(Statement.value).where(
        Statement.indicator == indicator,
        Statement.period == period,
        Statement.about == about,
        col(Statement.withdrawn_at).is_(None),
        col(Statement.planned).is_(False),
    )
    return desk.session.exec(query.order_by(col(Statement.number).desc())).first()


@handles(SaveReturn)
def save_return(desk: Desk, act: SaveReturn) -> None:
    """Keep what there is so far; the same saved again changes nothing."""
    obligation, present = _own(desk, act.obligation)
    _refuse(returns.misplaced(asked_of(desk, obligation), act.figures))
    draft = _kept(act.figures)
    if present and present.state == "submitted":
        raise ConflictError(IN_ALREADY, number=present.number)
    if present is None or present.draft != draft:
        desk.record("return.saved", obligation.id, **_whose(obligation), draft=draft)


@handles(SubmitReturn)
def submit_return(desk: Desk, act: SubmitReturn) -> None:
    """Hand figures in: what was asked is done by it, and a receipt goes out."""
    obligation, present = _own(desk, act.obligation)
    _refuse(returns.faults(asked_of(desk, obligation), act.figures))
    handed_in = _kept(act.figures)
    if present and present.state == "submitted":
        if present.figures == handed_in:
            return
        raise ConflictError(IN_ALREADY, number=present.number)
    number = 1 + (desk.session.exec(select(func.sum(FigureReturn.submissions))).one() or 0)
    late = desk.now >= obligation.do_by
    desk.record(
        "return.submitted",
        obligation.id,
        **_whose(obligation),
        figures=handed_in,
        number=number,
        late=late,
        contact=desk.contact,
    )
    if obligation.done_at is None:
        desk.record("obligation.done", obligation.id, body=desk.by, contact=desk.contact, note="")
    _tell_of_receipt(desk, obligation, row(desk.session, FigureReturn, obligation.id))


def _tell_of_receipt(desk: Desk, obligation: Obligation, kept: FigureReturn) -> None:
    sender = desk.programme.contact(desk.contact or "")
    own = [sender] if sender and sender.body == obligation.body else []
    for contact in {
        c.slug: c for c in [*desk.contacts(obligation.body, "focal-point"), *own]
    }.values():
        _mail(desk, kept, contact, "received", urgency=Urgency.DUTY)
    for contact in desk.contacts(promises.answering_body(desk, obligation.body), "head"):
        _mail(desk, kept, contact, "to-verify")


def _mail(desk: Desk, kept: FigureReturn, contact: Contact, what: str, **more: Any) -> None:
    assert kept.submitted_at
    desk.mail(
        f"{kept.id}#{what}{kept.number}>{contact.slug}",
        contact,
        TEMPLATE,
        obligation=kept.id,
        answer=what,
        number=kept.number,
        late=kept.late,
        received_at=kept.submitted_at.isoformat(),
        figures=kept.figures,
        **more,
    )


@handles(RequestCorrection)
def request_correction(desk: Desk, act: RequestCorrection) -> None:
    """Ask the body once more, with a whole ladder; every mail of it says the reason."""
    obligation, _ = _to_judge(desk, act.obligation)
    desk.record(
        "return.correction-requested", obligation.id, body=obligation.body, reason=act.reason
    )
    rungs, work = reminders.rungs_of(obligation), desk.calendar(obligation.body)
    due_on = work.shift(work.today(desk.now), CORRECTED_WITHIN)
    times = ladder.dated(rungs, work.office_hour(desk.now), due_on, work)
    desk.record(
        "obligation.reopened",
        obligation.id,
        body=obligation.body,
        asked_at=times.asked_at.isoformat(),
        acknowledge_by=times.acknowledge_by.isoformat(),
        due_on=times.due_on.isoformat(),
        do_by=times.do_by.isoformat(),
        anew=True,
    )
    reminders.arm(desk, obligation, times, range(len(rungs.steps)))
    reminders.set_ends(desk, obligation)


@handles(VerifyReturn)
def verify_return(desk: Desk, act: VerifyReturn) -> None:
    """Vouch for figures: each is stated, with the return as its source."""
    obligation, kept = _to_judge(desk, act.obligation)
    desk.record("return.verified", obligation.id, body=obligation.body, by=desk.by, note=act.note)
    for given in map(Given.model_validate, kept.figures):
        if given.value is not None:
            figures.keep(desk, _statement(desk, kept, given), by=kept.body)
    for contact in desk.contacts(obligation.body, "focal-point"):
        _mail(desk, kept, contact, "verified")


def _statement(desk: Desk, kept: FigureReturn, given: Given) -> StateFigure:
    body = desk.programme.body(kept.body)
    assert kept.submitted_at
    return StateFigure(
        indicator=given.indicator,
        period=kept.period,
        about=given.about,
        value=given.value or 0,
        parts=given.parts,
        source=f"Return no. {kept.number} of {body.name if body else kept.body} for {kept.period}, "
        f"submitted {kept.submitted_at:%-d %B %Y}, verified {desk.now:%-d %B %Y}",
        note=given.note,
    )


def _own(desk: Desk, key: str) -> tuple[Obligation, FigureReturn | None]:
    """What asks the acting body for figures, and its return so far; a verified one is closed."""
    obligation = _asking(desk, key)
    if desk.by != obligation.body:
        raise NotAllowedError(
            marked("{key} is asked of {body}; its figures are for it to give."),
            key=key,
            body=obligation.body,
        )
    present = desk.session.get(FigureReturn, key)
    if present and present.verified_at:
        raise ConflictError(VERIFIED, day=present.verified_at.date())
    return obligation, present


def _to_judge(desk: Desk, key: str) -> tuple[Obligation, FigureReturn]:
    """A return that waits to be verified, by somebody other than who gave it."""
    obligation = _asking(desk, key)
    may = judges(desk, obligation.body)
    if desk.by not in may:
        raise NotAllowedError(
            marked("To verify the figures of {body} is for {listed}."),
            body=obligation.body,
            listed=OneOf(sorted(may)),
        )
    kept = desk.session.get(FigureReturn, key)
    if kept is None or kept.state != "submitted":
        raise ConflictError(_NOT_TO_JUDGE.get(kept.state if kept else "", NOT_YET), key=key)
    return obligation, kept


def judges(desk: Desk, body: str) -> set[str]:
    """Who verifies a body's figures: whoever steers, but nobody their own."""
    steward, chair = desk.bodies.steward, desk.programme.chair
    return {steward, chair} - {body} or {steward}


def _asking(desk: Desk, key: str) -> Obligation:
    obligation = row(desk.session, Obligation, key)
    if not returns.answered_by_figures(desk.programme, obligation.function, obligation.milestone):
        raise BadInputError(marked("{key} asks for no figures."), key=key)
    return obligation


def _refuse(found: list[returns.Fault]) -> None:
    """Raises BadInputError with every fault there is."""
    if found:
        said = " ".join(
            f"{fault.key}, {fault.part}: {fault.words.format(**fault.facts)}" for fault in found
        )
        raise BadInputError(marked("Nothing was changed. {said}"), said=said)


def _kept(given: list[Given]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in given]


def _whose(obligation: Obligation) -> dict[str, str]:
    return {
        "function": obligation.function,
        "period": obligation.cycle.partition("/")[2],
        "body": obligation.body,
    }

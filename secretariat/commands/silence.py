"""The silence procedure: a draft is circulated, and adopted unless a government objects in time."""

from datetime import date, datetime

from sqlmodel import col, select

from schemas.meeting_acts import CirculateStatement, ObjectToStatement
from schemas.meeting_tables import Document, Objection, Silence
from schemas.programme import Contact, Function, Milestone
from schemas.tables import Obligation, Timer, Urgency
from secretariat.agenda import next_number
from secretariat.catalogues import marked
from secretariat.commands.agenda import open_som
from secretariat.commands.filing import newest
from secretariat.commands.office import Desk, fires, handles
from secretariat.errors import BadInputError, ConflictError, UnknownError
from secretariat.readmodels import row

STEERS = "secretariat chair"
TIMER, TEMPLATE = "silence", "statement"


@handles(CirculateStatement, may=STEERS)
def circulate_statement(desk: Desk, act: CirculateStatement) -> None:
    """Circulate the newest draft; a newer one takes the place of one still under silence."""
    open_som(desk, act.som)
    asked, draft, days = _draft(desk, act.som)
    rounds = rounds_of(desk, act.som)
    for earlier in rounds[-1:]:
        if earlier.state == "adopted":
            raise ConflictError(
                marked("The joint statement of {som} is adopted already."), som=act.som
            )
        if earlier.state == "open" and earlier.document == draft.id:
            return
        desk.stop_timers(earlier.id, TIMER)
    until = act.until or _working_days_everywhere(desk, days)
    silence = _begin(desk, act.som, next_number(each.number for each in rounds), draft, until)
    if asked.done_at is None:
        note = f"{draft.name}, {until}"
        desk.record("obligation.done", asked.id, body=desk.by, contact=desk.contact, note=note)
    _tell(desk, silence, "circulated", _governments(desk, "focal-point"))


def _begin(desk: Desk, som: str, number: int, draft: Document, until: date) -> Silence:
    """Let silence on a draft last until a day is over everywhere. Raises BadInputError: it is."""
    ends_at = _over_everywhere(desk, until)
    if ends_at <= desk.now:
        raise BadInputError(
            marked("{until} is past; give the governments a day to come."), until=until
        )
    key = f"{som}/statement-{number}"
    desk.record(
        "statement.circulated",
        key,
        som=som,
        number=number,
        document=draft.id,
        name=draft.name,
        version=draft.version,
        last_day=until.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    desk.set_timer(TIMER, key, ends_at)
    return row(desk.session, Silence, key)


@handles(ObjectToStatement, may="task-force")
def object_to_statement(desk: Desk, act: ObjectToStatement) -> None:
    """One objection breaks the silence; others may join it until its last day is over."""
    silence = row(desk.session, Silence, act.statement)
    if desk.session.get(Objection, (silence.id, desk.by)):
        return
    if silence.state == "replaced":
        raise ConflictError(
            marked("A newer draft was circulated in place of this one; object to that one.")
        )
    if silence.state == "adopted" or silence.ends_at <= desk.now:
        raise ConflictError(
            marked(
                "The silence on this draft ended with {until}: it is adopted. Take it up with the "
                "secretariat before the meeting."
            )
            if not _objections(desk, silence)
            else marked("The time to object to this draft ended with {until}."),
            until=silence.until,
        )
    desk.record("statement.objected", silence.id, som=silence.som, body=desk.by, reason=act.reason)
    desk.stop_timers(silence.id, TIMER)
    steering = [*desk.contacts("", "secretariat"), *desk.contacts("", "chair")]
    _tell(desk, silence, "objected", steering, body=desk.by, reason=act.reason)


@fires(TIMER)
def _adopt(desk: Desk, timer: Timer) -> None:
    """Nobody objected in time."""
    silence = desk.session.get(Silence, timer.subject)
    if silence is None or silence.state != "open":
        return
    draft = desk.session.get_one(Document, silence.document)
    desk.record(
        "statement.adopted", silence.id, som=silence.som, name=draft.name, version=draft.version
    )
    steering = [*desk.contacts("", "secretariat"), *desk.contacts("", "chair")]
    _tell(desk, silence, "adopted", [*_governments(desk, "focal-point"), *steering])


def rounds_of(desk: Desk, som: str) -> list[Silence]:
    """Every time a draft was circulated, the last one last."""
    query = select(Silence).where(Silence.som == som)
    return list(desk.session.exec(query.order_by(col(Silence.number))))


def _objections(desk: Desk, silence: Silence) -> list[Objection]:
    return list(desk.session.exec(select(Objection).where(Objection.silence == silence.id)))


def _draft(desk: Desk, som: str) -> tuple[Obligation, Document, int]:
    """Who was asked for the statement, its newest draft, and the programme's days of silence."""
    function, milestone = _statement(desk)
    query = select(Obligation).where(
        Obligation.cycle == f"{function.slug}/{som}", Obligation.milestone == milestone.slug
    )
    asked = list(desk.session.exec(query.order_by(Obligation.id)))
    drafts = [(one, draft) for one in asked if (draft := newest(desk.session, one.id))]
    if not drafts:
        raise ConflictError(
            marked(
                "No draft of the joint statement of {som} is filed yet. File it first: "
                "secretariat som file {som} --step {slug} draft.pdf"
            ),
            som=som,
            slug=milestone.slug,
        )
    assert milestone.silence
    one, draft = max(drafts, key=lambda pair: pair[1].filed_at)
    return one, draft, milestone.silence


def _statement(desk: Desk) -> tuple[Function, Milestone]:
    """The step of the programme that has a silence procedure. Raises UnknownError."""
    for function in desk.programme.functions:
        for milestone in function.milestones:
            if milestone.silence:
                return function, milestone
    raise UnknownError(
        marked("No milestone of {name} has a silence procedure; give one “silence: 10”."),
        name=desk.programme.name,
    )


def _working_days_everywhere(desk: Desk, days: int) -> date:
    """The day by whose end every government has had so many working days."""
    calendars = [desk.calendar(body) for body in desk.programme.task_forces()]
    return max(work.shift(work.today(desk.now), days) for work in calendars)


def _over_everywhere(desk: Desk, day: date) -> datetime:
    """The instant (UTC) at which a day is over in the last of the countries."""
    return max(desk.calendar(body).end_of(day) for body in desk.programme.task_forces())


def _governments(desk: Desk, role: str) -> list[Contact]:
    bodies = desk.programme.task_forces()
    return [each for body in bodies for one in (role, "head") for each in desk.contacts(body, one)]


def _tell(
    desk: Desk,
    silence: Silence,
    kind: str,
    people: list[Contact],
    body: str = "",
    reason: str = "",
) -> None:
    """Each person once."""
    for contact in {each.slug: each for each in people}.values():
        desk.mail(
            f"{silence.id}#{kind}{body}>{contact.slug}",
            contact,
            TEMPLATE,
            urgency=Urgency.DUTY,
            silence=silence.id,
            kind=kind,
            body=body,
            reason=reason,
        )

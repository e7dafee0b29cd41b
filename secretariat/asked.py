"""What is asked of whom, and how far is each? Its ladder, its mails, and what one may do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from schemas.figures import StrandSeen
from schemas.programme import Contact, Function, LadderStep, Milestone, Programme
from schemas.return_tables import FigureReturn
from schemas.tables import Entry, Mail, Obligation, Reply, Timer
from secretariat import closeup, figures, maillog, returns, words
from secretariat.catalogues import marked
from secretariat.commands import promises, reminders
from secretariat.commands.figures import spoken_for
from secretariat.commands.office import Desk
from secretariat.commands.returns import judges
from secretariat.languages import ENGLISH, Language
from secretariat.ownership import ENGINE
from secretariat.readmodels import row


@dataclass(frozen=True)
class StepSeen:
    """A step of the ladder: when it comes (UTC), if it is still to, and its mails so far."""

    step: LadderStep
    comes_at: datetime | None
    mails: list[Mail]
    told_with: str

    @property
    def fell_away(self) -> bool:
        """It was to be taken, and what it waits for had happened before."""
        return not (self.comes_at or self.mails or self.told_with)


@dataclass(frozen=True)
class ObligationSeen:
    obligation: Obligation
    function: Function | None
    milestone: Milestone | None
    strand: StrandSeen | None
    steps: list[StepSeen]
    mails: list[Mail]
    snoozes_left: int
    answers: str
    replies: list[tuple[Reply, Contact | None]]
    history: list[Entry]
    kept: FigureReturn | None
    verifies: set[str]

    def possible(self, by: str, programme: Programme) -> list[str]:
        """The acts a body may do now; ``answers`` is who says yes or no to more time."""
        if self.kept and self.kept.state == "submitted":
            return ["verify-return", "request-correction"] if by in self.verifies else []
        acts = possible(self.obligation, by, programme, self.answers, self.snoozes_left)
        figures = returns.answered_by_figures(
            programme, self.obligation.function, self.obligation.milestone
        )
        ends = not figures or by == self.answers != self.obligation.body
        return [act for act in acts if act != "done" or ends]


def possible(
    obligation: Obligation, by: str, programme: Programme, answers: str, snoozes_left: int
) -> list[str]:
    if obligation.done_at:
        return []
    steers = by in (programme.secretariat, programme.chair)
    acts = ["acknowledge", "done"] if by == obligation.body or steers else []
    if by == obligation.body and snoozes_left > 0:
        acts.append("snooze")
    if by == obligation.body and not obligation.wanted_on:
        acts.append("ask-extension")
    if obligation.wanted_on and steers and (by != obligation.body or by == answers):
        acts += ["grant-extension", "refuse-extension"]
    return acts


def asked(
    session: Session, *, body: str = "", done: bool = False, most: int | None = None
) -> list[Obligation]:
    """What is asked of everybody or of one body, what is late or due first at the top."""
    query = select(Obligation).where(*_which(body, done))
    query = query.order_by(col(Obligation.do_by), col(Obligation.id))
    return list(session.exec(query.limit(most)))


def count(
    session: Session, *, body: str = "", done: bool = False, late_at: datetime | None = None
) -> int:
    """How much that is in all, or how much of it is late at a moment."""
    query = select(func.count()).where(*_which(body, done))
    return session.exec(query.where(col(Obligation.do_by) <= late_at) if late_at else query).one()


def _which(body: str, done: bool) -> list[ColumnElement[bool]]:
    at = col(Obligation.done_at)
    which: list[ColumnElement[bool]] = [at.is_not(None) if done else at.is_(None)]
    return [*which, col(Obligation.body) == body] if body else which


def obligation(
    session: Session,
    programme: Programme,
    key: str,
    now: datetime,
    *,
    present: Session | None = None,
) -> ObligationSeen:
    """As it is at ``now``; ``present`` knows the mails where ``session`` is of a past store.

    Raises UnknownError.
    """
    found = row(session, Obligation, key)
    rungs = reminders.rungs_of(found)
    kept, at = (present, now) if present else (session, None)
    mails = maillog.of_obligation(kept, key, at)
    waiting = {
        timer.step: timer.due_at
        for timer in session.exec(
            select(Timer).where(
                Timer.subject == key, Timer.kind == "step", col(Timer.claimed_at).is_(None)
            )
        )
    }
    desk = Desk(session, programme, now, ENGINE)
    function = programme.function(found.function)
    milestone = function.milestone(found.milestone) if function else None
    return ObligationSeen(
        obligation=found,
        function=function,
        milestone=milestone,
        strand=_strand(session, programme, found, function, milestone),
        steps=[
            _step(step, None if found.done_at else waiting.get(n), mails)
            for n, step in enumerate(rungs.steps)
        ],
        mails=mails,
        snoozes_left=rungs.snoozes - found.snoozes,
        answers=promises.answering_body(desk, found.body),
        replies=closeup.replies(kept, programme, [key], at)[key],
        history=closeup.history(session, Entry.subject == key),
        kept=session.get(FigureReturn, key),
        verifies=judges(desk, found.body),
    )


def _strand(
    session: Session,
    programme: Programme,
    found: Obligation,
    function: Function | None,
    milestone: Milestone | None,
) -> StrandSeen | None:
    """The strand whose stages are asked for, with the receivers the asked body answers for."""
    if function is None or milestone is None or milestone.strand is None:
        return None
    strands = {each.slug: each for each in figures.strands(session, programme, function)}
    strand = strands[milestone.strand]
    own = spoken_for(programme, function, found.body)
    return strand.model_copy(update={"receivers": {each: strand.receivers[each] for each in own}})


def _step(step: LadderStep, comes_at: datetime | None, mails: list[Mail]) -> StepSeen:
    reminding = [mail for mail in mails if mail.template == reminders.TEMPLATE]
    own = [mail for mail in reminding if mail.context["step"] == step.name]
    with_it = [m.context["step"] for m in reminding if step.name in m.context.get("also", ())]
    return StepSeen(step, comes_at, own, with_it[-1] if with_it else "")


def state(obligation: Obligation, now: datetime) -> str:
    """In a word where it stands, to be translated where it is shown."""
    if obligation.done_at:
        return marked("done")
    if obligation.do_by <= now:
        return marked("late")
    if obligation.snoozed_until and not _is_over(obligation, now):
        return marked("put off")
    if obligation.acknowledged_at:
        return marked("acknowledged")
    if obligation.asked_at > now:
        return marked("to be asked")
    unseen = obligation.acknowledge_by <= now
    return marked("not acknowledged") if unseen else marked("asked")


def _is_over(obligation: Obligation, now: datetime) -> bool:
    assert obligation.snoozed_until
    return obligation.snoozed_until <= now.date()


def title(programme: Programme, obligation: Obligation, language: Language = ENGLISH) -> str:
    """“Country paper handed in (SOM preparation, SOM14)”."""
    return language.phrase(
        "{milestone} ({function}, {cycle})",
        milestone=words.step_title(programme, obligation.title, language),
        function=words.function_name(programme, obligation.function, language),
        cycle=obligation.cycle.partition("/")[2],
    )

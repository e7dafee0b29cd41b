"""What does everybody need to know of one meeting? Facts, both plans, agenda, papers, minutes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from schemas.anchor import Anchor
from schemas.events import Event
from schemas.meeting_tables import (
    AgendaItem,
    Attendee,
    Decision,
    Delegation,
    Document,
    Objection,
    Silence,
)
from schemas.programme import Cadence, Function, Milestone, Programme
from schemas.tables import Cycle, Entry, Obligation, PlannedMilestone, Som, Term
from secretariat import agenda, asked, calendars, closeup, ledger, rotation, words
from secretariat.agenda import Dated
from secretariat.catalogues import marked
from secretariat.commands import filing
from secretariat.languages import ENGLISH, Language
from secretariat.readmodels import row


@dataclass(frozen=True)
class Move:
    """One time a meeting was put off: to when, from when, why, and where that is said."""

    at: datetime
    by: str
    was: Anchor
    now: Anchor
    reason: str
    source: str


@dataclass(frozen=True)
class Effect:
    """What a postponement did to one thing that hangs on the meeting."""

    about: str
    said: str
    why: str = ""


@dataclass(frozen=True)
class Step:
    """A milestone in both plans, and how many of those asked for it have done it."""

    dated: Dated
    asked: int
    done: int


@dataclass(frozen=True)
class ItemSeen:
    """An agenda item with what was asked and handed in for it.

    ``inferred``: the past it comes from does not say so; it is somebody's reading.
    """

    item: AgendaItem
    inferred: bool
    paper: Obligation | None
    documents: list[Document]
    state: str


@dataclass(frozen=True)
class SilenceSeen:
    silence: Silence
    draft: Document
    objections: list[Objection]


@dataclass(frozen=True)
class DelegationSeen:
    """A government's delegation: asked for, counted, and, where nobody erased them, its names."""

    obligation: Obligation
    delegation: Delegation | None
    names: list[Attendee]


@dataclass(frozen=True)
class DecisionSeen:
    decision: Decision
    obligation: Obligation | None
    state: str


@dataclass(frozen=True)
class MeetingSeen:
    som: Som
    anchor: Anchor
    term: Term | None
    moves: list[Move]
    steps: list[Step]
    effects: list[Effect]
    items: list[ItemSeen]
    handed_in: list[tuple[Obligation, list[Document], bool]]
    statement: list[SilenceSeen]
    delegations: list[DelegationSeen]
    decisions: list[DecisionSeen]
    history: list[Entry]

    @property
    def was(self) -> Anchor:
        """When it was to be at first."""
        return self.moves[0].was if self.moves else self.anchor


def meeting(
    session: Session,
    programme: Programme,
    name: str,
    now: datetime,
    language: Language = ENGLISH,
) -> MeetingSeen:
    """Raises UnknownError."""
    som = row(session, Som, name)
    moves = list(_moves(session, name))
    obligations = _obligations(session, name)
    steps = list(_steps(session, programme, som, moves, obligations))
    papers = _documents(session, obligations)
    return MeetingSeen(
        som=som,
        anchor=Anchor.model_validate(som.anchor),
        term=session.get(Term, name),
        moves=moves,
        steps=[step for _, step in steps],
        effects=list(_effects(session, programme, som, moves, steps, language)) if moves else [],
        items=_items(session, programme, name, obligations, papers, now),
        handed_in=list(_handed_in(session, programme, obligations, papers)),
        statement=_statement(session, name),
        delegations=list(_delegations(session, programme, obligations)),
        decisions=_decisions(session, programme, name, obligations, now),
        history=closeup.history(session, _about(name)),
    )


def _about(name: str) -> ColumnElement[bool]:
    """Entries about a meeting: itself, what stands under its name, what is handed in for it."""
    subject = col(Entry.subject)
    handed_in = col(Entry.kind).in_(("document.filed", "delegation.named"))
    return or_(
        subject == name,
        subject.startswith(f"{name}/", autoescape=True),
        handed_in & subject.contains(f"/{name}/", autoescape=True),
    )


# -- both plans ------------------------------------------------------------------------------------


def _moves(session: Session, name: str) -> Iterator[Move]:
    query = select(Entry).where(Entry.subject == name, Entry.kind == "som.postponed")
    for entry in session.exec(query.order_by(col(Entry.seq))):
        data = ledger.event(entry).data
        yield Move(
            entry.at,
            entry.by,
            Anchor.model_validate(data["was"]),
            Anchor.model_validate(data["anchor"]),
            data["reason"],
            data.get("source", ""),
        )


def _steps(
    session: Session,
    programme: Programme,
    som: Som,
    moves: list[Move],
    obligations: list[Obligation],
) -> Iterator[tuple[Function, Step]]:
    """Every dated step of every function held per SOM, in the order of the present plan.

    What was dated before the first postponement stands in the ledger; the rest is counted.
    """
    present = Anchor.model_validate(som.anchor)
    first = moves[0].was if moves else present
    known = _first_days(session, som.name)
    held = select(PlannedMilestone).join(Cycle, col(Cycle.id) == PlannedMilestone.cycle)
    planned = {each.id: each for each in session.exec(held.where(Cycle.name == som.name))}
    asked: dict[str, list[Obligation]] = defaultdict(list)
    for obligation in obligations:
        asked[f"{obligation.cycle}/{obligation.milestone}"].append(obligation)
    found = []
    for function in programme.functions:
        if function.cadence is not Cadence.PER_SOM:
            continue
        for milestone in function.milestones:
            key = f"{function.slug}/{som.name}/{milestone.slug}"
            here = asked[key]
            days = _days(programme, milestone, first, present, planned.get(key), known.get(key))
            dated = Dated(function.name, milestone.title, *days, first.tentative, present.tentative)
            done = sum(o.done_at is not None for o in here)
            found.append((function, Step(dated, len(here), done)))
    yield from sorted(found, key=lambda pair: (pair[1].dated.now, pair[1].dated.title))


def _days(
    programme: Programme,
    milestone: Milestone,
    first: Anchor,
    present: Anchor,
    planned: PlannedMilestone | None,
    known: Event | None,
) -> tuple[date, date]:
    work = calendars.of_member(programme, None)
    counted = work.shift(first.day, milestone.offset)
    kept = known and known.data.get("anchor") == str(first)
    was = date.fromisoformat(known.data["due_on"]) if known and kept else counted
    now = planned.due_on if planned else work.shift(present.day, milestone.offset)
    return was, now


def _first_days(session: Session, name: str) -> dict[str, Event]:
    """How each milestone of the meeting's cycles was dated at first."""
    query = select(Entry).where(
        Entry.kind == "milestone.planned", col(Entry.subject).contains(f"/{name}/", autoescape=True)
    )
    found: dict[str, Event] = {}
    for entry in session.exec(query.order_by(col(Entry.seq))):
        found.setdefault(entry.subject, ledger.event(entry))
    return found


def _effects(
    session: Session,
    programme: Programme,
    som: Som,
    moves: list[Move],
    steps: list[tuple[Function, Step]],
    language: Language,
) -> Iterator[Effect]:
    """In words what hangs on the meeting, and how far it has moved along."""
    was, present = moves[0].was, Anchor.model_validate(som.anchor)
    yield _effect_on_chair(session, programme, som, was, present, language)
    theirs: dict[str, list[Step]] = defaultdict(list)
    for function, step in steps:
        theirs[function.slug].append(step)
    for function in programme.functions:
        if found := theirs.get(function.slug):
            counts = sum(s.asked for s in found), sum(s.done for s in found)
            said = agenda.said_of_move([step.dated for step in found], *counts, language)
            name = language.text_of(programme, function.name)
            yield Effect(name, said, language.text_of(programme, function.knock_on))
    following = session.get(Som, rotation.following(som.name))
    if following and not following.closed_at:
        on = Anchor.model_validate(following.anchor)
        when = words.anchor_name(on, language)
        said = agenda.said_of_next(following.name, on, when, present, language)
        yield Effect(following.name, said)
    if programme.closes:
        body = words.name_of(programme, programme.secretariat, language)
        yield Effect(body, agenda.said_of_closing(body, programme.closes, present, language))


def _effect_on_chair(
    session: Session, programme: Programme, som: Som, was: Anchor, now: Anchor, language: Language
) -> Effect:
    following = rotation.following(som.name)
    agreed = session.get(Term, following)
    successor = words.member_name(programme, agreed.member, language) if agreed else ""
    term = session.get(Term, som.name)
    member = words.member_name(programme, term.member if term else som.host, language)
    in_office = term is not None and term.took_office_at is not None and term.left_at is None
    said = agenda.said_of_term(
        member, som.name, was, now, successor, in_office=in_office, language=language
    )
    return Effect(language.gettext("The chair"), said)


# -- what is prepared ------------------------------------------------------------------------------


def _obligations(session: Session, name: str) -> list[Obligation]:
    cycles = session.exec(select(Cycle.id).where(Cycle.name == name)).all()
    query = select(Obligation).where(col(Obligation.cycle).in_(cycles))
    return list(session.exec(query.order_by(col(Obligation.do_by), col(Obligation.id))))


def _documents(session: Session, obligations: list[Obligation]) -> dict[str, list[Document]]:
    """The versions handed in for each obligation, the newest first."""
    found: dict[str, list[Document]] = defaultdict(list)
    keys = [obligation.id for obligation in obligations]
    query = select(Document).where(col(Document.obligation).in_(keys))
    for document in session.exec(query.order_by(col(Document.version).desc())):
        found[document.obligation].append(document)
    return found


def _items(
    session: Session,
    programme: Programme,
    name: str,
    obligations: list[Obligation],
    papers: dict[str, list[Document]],
    now: datetime,
) -> list[ItemSeen]:
    slugs = _slugs(programme, "presenters")
    query = select(AgendaItem).where(AgendaItem.som == name).order_by(col(AgendaItem.number))
    inferred = _inferred(session, name)
    found = []
    for item in session.exec(query):
        ends = tuple(f"/{slug}-{item.number}@{item.presenter}" for slug in slugs)
        paper = next((o for o in obligations if o.id.endswith(ends)), None) if ends else None
        documents = papers.get(paper.id, []) if paper else []
        state = _paper_state(item, paper, documents, now)
        found.append(ItemSeen(item, item.id in inferred, paper, documents, state))
    return found


def _inferred(session: Session, name: str) -> set[str]:
    """The items whose entry in the ledger says that they are inferred."""
    about = col(Entry.subject).startswith(f"{name}/", autoescape=True)
    query = select(Entry).where(Entry.kind == "agenda.item-added", about)
    return {e.subject for e in session.exec(query) if ledger.event(e).data.get("inferred")}


def _slugs(programme: Programme, asks: str) -> list[str]:
    return [m.slug for f in programme.functions for m in f.milestones if m.asks == asks]


def _paper_state(
    item: AgendaItem, paper: Obligation | None, documents: list[Document], now: datetime
) -> str:
    if documents:
        return f"version {documents[0].version} handed in"
    if not item.paper:
        return marked("no paper")
    if paper is None:
        return marked("not asked for yet")
    return marked("done, without a document") if paper.done_at else asked.state(paper, now)


def _handed_in(
    session: Session,
    programme: Programme,
    obligations: list[Obligation],
    papers: dict[str, list[Document]],
) -> Iterator[tuple[Obligation, list[Document], bool]]:
    """What takes a document: its versions, and whether another is still taken."""
    for obligation in obligations:
        taken = filing.taken(session, programme, obligation)
        if taken.kind == "document":
            yield obligation, papers.get(obligation.id, []), not taken.closed_by


def _statement(session: Session, name: str) -> list[SilenceSeen]:
    """Every round, the newest first."""
    query = select(Silence).where(Silence.som == name).order_by(col(Silence.number).desc())
    return [
        SilenceSeen(
            silence,
            session.get_one(Document, silence.document),
            list(session.exec(select(Objection).where(Objection.silence == silence.id))),
        )
        for silence in session.exec(query)
    ]


def _delegations(
    session: Session, programme: Programme, obligations: list[Obligation]
) -> Iterator[DelegationSeen]:
    for obligation in obligations:
        if filing.taken(session, programme, obligation).kind == "delegation":
            yield DelegationSeen(
                obligation,
                session.get(Delegation, obligation.id),
                filing.attendees(session, obligation.id),
            )


def _decisions(
    session: Session,
    programme: Programme,
    name: str,
    obligations: list[Obligation],
    now: datetime,
) -> list[DecisionSeen]:
    slugs = _slugs(programme, "decided")
    query = select(Decision).where(Decision.som == name).order_by(col(Decision.number))
    found = []
    for decision in session.exec(query):
        ends = tuple(f"/{slug}-{decision.number}@{decision.body}" for slug in slugs)
        of_it = next((o for o in obligations if o.id.endswith(ends)), None) if ends else None
        state = asked.state(of_it, now) if of_it else marked("not asked yet")
        state = marked("withdrawn") if decision.withdrawn_at else state
        found.append(DecisionSeen(decision, of_it, state))
    return found

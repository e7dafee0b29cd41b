"""Which sections do a function's dossier and the chair's have in common?"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlmodel import col, select

from schemas.anchor import Anchor
from schemas.events import Event
from schemas.phase import Phase, Transferred
from schemas.programme import Contact, Function
from schemas.tables import Cycle, Entry, Holding, Obligation, PlannedMilestone
from secretariat import ledger, words
from secretariat.dossier import wording
from secretariat.dossier.languages import language_name, own_name
from secretariat.dossier.shapes import Section
from secretariat.dossier.view import View, capital, in_words, one_line, section, table
from secretariat.ownership import transferred

PROVISIONAL = "\nprovisional"
PLANNING = ("milestone.planned", "cycle.moved", "obligation.moved")
"""What the engine dates anew whenever a meeting moves: the calendar shows what came of it."""


def how_far(held: list[Holding]) -> str:
    """“Partly: 5 of 12 holdings”, counting those that are government-led or completed."""
    phases = [Phase(holding.phase) for holding in held]
    beyond = sum(phase in (Phase.GOVERNMENT_LED, Phase.COMPLETED) for phase in phases)
    ways = {Transferred.FULLY: "Fully", Transferred.PARTLY: "Partly", Transferred.NOT: "Not yet"}
    return f"{ways[transferred(phases)]}: {beyond} of {len(held)} holdings"


def deadlines(view: View, asked: list[Obligation]) -> Iterable[tuple[str, str]]:
    """How much is open, how much of it late, and what is due next, as facts."""
    late = sum(obligation.do_by <= view.now for obligation in asked)
    yield "Open obligations", f"{len(asked)}, {late or 'none'} late" if asked else "None"
    coming = [obligation for obligation in asked if obligation.do_by > view.now]
    if coming:
        first = min(coming, key=lambda obligation: obligation.do_by)
        by = view.last_day(first.do_by, first.body)
        yield "Next deadline", f"{by}: {first.title}, asked of {view.name(first.body)}"


def holdings(view: View, title: str, found: Sequence[Holding]) -> Section:
    """Who owns each duty at each receiver."""
    slugs = {holding.function for holding in found}
    rows = (
        (
            _duty(view, holding, slugs),
            wording.receiver(view.programme, holding.receiver),
            view.name(holding.owner),
            _phase(view, holding),
            view.day(holding.since),
        )
        for holding in found
    )
    columns = {"Duty": 32, "Receiver": 22, "Owner": 22, "Phase": 20, "Since": 22}
    return section(title, table(columns, rows, "There is no holding yet."))


def _duty(view: View, holding: Holding, among: set[str]) -> str:
    """A duty's name, with its function's where duties of several stand together."""
    function = view.programme.function(holding.function)
    if function is None:
        return holding.duty
    name = next((duty.name for duty in function.duties if duty.slug == holding.duty), holding.duty)
    return f"{function.name}: {name}" if len(among) > 1 else name


def _phase(view: View, holding: Holding) -> str:
    phase = capital(Phase(holding.phase).words)
    if holding.offered_to and holding.answer_by:
        answer_by = view.last_day(holding.answer_by, holding.offered_to)
        phase += f", offered to {view.name(holding.offered_to)}, answer by {answer_by}"
    if holding.follow_up:
        phase += f", suspended until {view.day(holding.follow_up)}"
    if holding.custody_of:
        phase += f", in custody for {view.name(holding.custody_of)}"
    return phase


def calendar(view: View, functions: list[Function]) -> Section:
    """The cycles of the functions, and the dated steps of those that are open."""
    slugs = {function.slug for function in functions}
    cycles = view.session.exec(
        select(Cycle).where(col(Cycle.function).in_(slugs)).order_by(col(Cycle.opened_at))
    ).all()
    rows = (
        (
            _cycle(view, cycle.id, slugs),
            capital(Anchor.model_validate(cycle.anchor).words),
            view.day(cycle.opened_at),
            view.day(cycle.closed_at) if cycle.closed_at else "Open",
        )
        for cycle in cycles
    )
    running = [cycle.id for cycle in cycles if cycle.closed_at is None]
    columns = {"Cycle": 36, "Counted from": 28, "Opened": 22, "Closed": 22}
    return section(
        "Calendar",
        table(columns, rows, "No cycle was opened yet."),
        *([_milestones(view, slugs, running)] if running else []),
    )


def _milestones(view: View, slugs: set[str], cycles: list[str]) -> Section:
    query = select(PlannedMilestone).where(col(PlannedMilestone.cycle).in_(cycles))
    planned = view.session.exec(
        query.order_by(col(PlannedMilestone.due_on), col(PlannedMilestone.id))
    )
    asked = view.session.exec(select(Obligation).where(col(Obligation.cycle).in_(cycles))).all()
    rows = (
        (
            in_words(milestone.due_on) + (PROVISIONAL if milestone.provisional else ""),
            milestone.title,
            _cycle(view, milestone.cycle, slugs),
            _done(milestone, asked),
        )
        for milestone in planned
    )
    columns = {"Day": 28, "Milestone": 42, "Cycle": 28, "Done": 18}
    return section("Milestone dates", table(columns, rows, "No milestone lies in an open cycle."))


def _done(milestone: PlannedMilestone, asked: Iterable[Obligation]) -> str:
    """How many of the bodies asked have done it."""
    here = [o for o in asked if f"{o.cycle}/{o.milestone}" == milestone.id]
    return f"{sum(o.done_at is not None for o in here)} of {len(here)}" if here else "Not asked yet"


def _cycle(view: View, cycle: str, among: set[str]) -> str:
    """“SOM13”, or “SOM hosting, SOM13” where cycles of several functions stand together."""
    slug, _, name = cycle.partition("/")
    function = view.programme.function(slug)
    return f"{function.name}, {name}" if function and len(among) > 1 else name


def obligations(view: View, asked: list[Obligation]) -> Section:
    """What is asked and not done, the next deadline first."""
    slugs = {obligation.function for obligation in asked}
    rows = (
        (
            view.name(o.body),
            o.title,
            _cycle(view, o.cycle, slugs),
            view.last_day(o.acknowledge_by, o.body),
            view.last_day(o.do_by, o.body) + (PROVISIONAL if o.provisional else ""),
            _state(view, o),
        )
        for o in asked
    )
    columns = {
        "Asked of": 21, "What": 26, "Cycle": 18, "Acknowledge by": 23, "Do by": 22, "State": 20
    }  # fmt: skip
    return section("Open obligations", table(columns, rows, "Nothing is open."))


def _state(view: View, obligation: Obligation) -> str:
    if obligation.do_by <= view.now:
        return "Late"
    if obligation.acknowledged_at:
        return "Acknowledged"
    if obligation.asked_at > view.now:
        return f"To be asked\n{view.last_day(obligation.asked_at, obligation.body)}"
    return "Not acknowledged" if obligation.acknowledge_by <= view.now else "Asked"


def contacts(view: View, bodies: set[str], chairs: Iterable[str | None]) -> Section:
    """The role mailboxes of the bodies; of the chair's office, those of the members ``chairs``."""
    here = set(chairs)
    found = (
        contact
        for body in view.programme.bodies
        if body.slug in bodies
        for contact in view.programme.contacts
        if contact.body == body.slug and (contact.member in here or contact.member is None)
    )
    rows = (
        (
            _office(view, contact),
            capital(contact.role.replace("-", " ")),
            contact.email,
            language_name(contact.language),
        )
        for contact in found
    )
    columns = {"Body": 32, "Role": 14, "Mailbox": 40, "Language": 30}
    return section(
        "Contacts",
        "Mailboxes belong to a role, so that they outlast the person who reads them.",
        table(columns, rows, "No contact is known."),
        governments(view),
    )


def _office(view: View, contact: Contact) -> str:
    member = view.member(contact.member)
    return f"{view.name(contact.body)}, {member.name}" if member else view.name(contact.body)


def governments(view: View) -> Section:
    """The members by their own names, and who leads their task force."""
    bodies = {body.slug: body for body in view.programme.bodies}
    rows = (
        (
            member.name,
            own_name(member),
            language_name(member.language),
            bodies[view.programme.task_force(member.code)].lead,
            member.zone,
        )
        for member in view.programme.members
    )
    columns = {"Government": 19, "Own name": 18, "Language": 31, "Led by": 39, "Time zone": 27}
    return section("Governments", table(columns, rows, ""))


def documents(view: View, entries: list[Entry]) -> Section:
    """The letters that came with acts."""
    rows = (
        (view.day(entry.at), _sentence(view, entry), _letter(view, letter))
        for entry in entries
        if (letter := ledger.event(entry).data.get("letter"))
    )
    columns = {"Day": 21, "Act": 52, "Letter": 30}
    return section(
        "Documents",
        table(columns, rows, "No letter came with an act yet; those that do are listed here."),
    )


def history(view: View, entries: list[Entry]) -> Section:
    """What happened, by day."""
    told = (entry for entry in entries if entry.kind not in PLANNING)
    rows = (
        (day, "\n".join(_sentence(view, entry) for entry in group))
        for day, group in groupby(told, key=lambda entry: view.day(entry.at))
    )
    return section(
        "History", table({"Day": 20, "What happened": 80}, rows, "Nothing has happened yet.")
    )


def _letter(view: View, letter: dict[str, str]) -> str:
    """Which document it was, whoever keeps a copy can tell by its digest."""
    filed_by, digest = view.name(letter["filed_by"]), letter["sha256"][:16]
    return one_line(f"{letter['document']}, filed by {filed_by}, SHA-256 {digest}…")


def _sentence(view: View, entry: Entry) -> str:
    told = one_line(words.sentence(view.programme, ledger.event(entry), entry.by))
    return told if told.endswith(".") else f"{told}."


def lessons(view: View, entries: list[Entry]) -> Section:
    """What people wrote when they did, declined, returned or postponed something."""
    rows = (
        (
            view.day(entry.at),
            view.name(entry.by),
            words.title_of(view.programme, event),
            one_line(said),
        )
        for entry in entries
        if (said := _said(event := ledger.event(entry)))
    )
    columns = {"Day": 21, "From": 20, "About": 30, "In their words": 42}
    return section(
        "Lessons",
        table(columns, rows, "Nobody has handed a note or a reason in yet."),
    )


def _said(event: Event) -> str:
    return str(event.data.get("note") or event.data.get("reason") or "")


def proof(view: View) -> Section:
    seq, _, seal = view.head().partition(":")
    if not seal:
        return section("Where this comes from", "The ledger was still empty.")
    return section(
        "Where this comes from",
        f"All of it is read from the programme “{view.programme.name}” and from its ledger as of "
        f"{view.day(view.now)} ({view.programme.zone}). Each entry of the ledger seals the one "
        "before it: where the entry below bears the same seal, the history is the same, unchanged.",
        f"Entry {seq}, sealed {seal}",
    )

"""What must whoever takes a function over know about it?"""

from sqlmodel import col, or_, select

from schemas.programme import Cadence, Function, Ladder
from schemas.tables import Entry, Holding, Obligation
from secretariat import board, cycles
from secretariat.dossier import common, wording
from secretariat.dossier.shapes import Block, Facts, Points, Section
from secretariat.dossier.view import View, capital, in_words, section, table


def sections(view: View, function: Function) -> tuple[Section, ...]:
    held = _holdings(view, function)
    entries = _entries(view, function)
    asked = [o for o in board.open_obligations(view.session) if o.function == function.slug]
    return (
        _glance(view, function, held, asked),
        _method(view, function),
        common.calendar(view, [function]),
        common.holdings(view, "Holdings", held),
        common.obligations(view, asked),
        common.contacts(view, _concerned(view, function, held), _chairs(view)),
        common.documents(view, entries),
        common.history(view, entries),
        common.lessons(view, entries),
        common.proof(view),
    )


def _holdings(view: View, function: Function) -> list[Holding]:
    query = select(Holding).where(Holding.function == function.slug)
    return list(view.session.exec(query.order_by(Holding.id)))


def _glance(
    view: View, function: Function, held: list[Holding], asked: list[Obligation]
) -> Section:
    owners = sorted({view.name(holding.owner) for holding in held})
    facts = [
        ("Moves to", wording.receivers(view.programme, function)),
        ("Comes round", wording.CADENCES[function.cadence]),
        ("Transferred", f"{common.how_far(held)} are government-led or completed"),
        ("Owned by", ", ".join(owners) or "Nobody yet"),
        *common.deadlines(view, asked),
    ]
    if view.programme.closes:
        secretariat = view.name(view.programme.secretariat)
        facts.append((f"{secretariat} closes", in_words(view.programme.closes)))
    return section("At a glance", Facts(tuple(facts)))


def _method(view: View, function: Function) -> Section:
    """Duties, milestones and ladders in words: how it is done, whoever does it."""
    found = [view.programme.ladder(function, milestone) for milestone in function.milestones]
    ladders = {ladder.slug: ladder for ladder in found}
    blocks: list[Block] = [
        section("Duties", Points(tuple(duty.name for duty in function.duties))),
        _milestones(view, function),
        *(_ladder(view, ladders[slug]) for slug in sorted(ladders)),
    ]
    if function.receiver == "pairs":
        blocks.append(_mechanisms(view))
    return section("How it is done", *blocks)


def _milestones(view: View, function: Function) -> Section:
    rows = (
        (
            milestone.title,
            wording.when(function, milestone),
            wording.asks(view.programme, milestone),
            wording.asked(milestone),
            view.programme.ladder(function, milestone).slug,
        )
        for milestone in function.milestones
    )
    columns = {"Milestone": 34, "Due": 26, "Asks": 24, "Asked": 20, "Ladder": 14}
    return section(
        "Milestones",
        table(columns, rows, "It has none."),
        "Working days are those of the country that is asked: its weekends and public holidays "
        "do not count.",
    )


def _ladder(view: View, ladder: Ladder) -> Section:
    within = wording.working_days(ladder.acknowledge_within)
    lasts = wording.working_days(ladder.acknowledgement_lasts)
    return section(
        f"The ladder “{ladder.slug}”",
        f"Whoever is asked acknowledges within {within} and does it by its day. An "
        f"acknowledgement lasts {lasts}; then, if it is not due yet, they are asked anew. "
        "Once it is done, no further step is taken.",
        Points(tuple(wording.step(view.programme, step) for step in ladder.steps)),
    )


def _mechanisms(view: View) -> Section:
    rows = (
        (
            wording.receiver(view.programme, "-".join(mechanism.pair)),
            wording.receiver(view.programme, mechanism.lead),
            capital(mechanism.note) or ("Inferred" if mechanism.inferred else ""),
        )
        for mechanism in view.programme.mechanisms
    )
    columns = {"Pair": 30, "Accountable": 20, "Note": 50}
    return section("Bilateral mechanisms", table(columns, rows, "There is none."))


def _concerned(view: View, function: Function, held: list[Holding]) -> set[str]:
    """The bodies a successor will write to."""
    programme = view.programme
    owners = [holding.owner for holding in held]
    asked = {
        body
        for milestone in function.milestones
        for body in cycles.asked(
            milestone, programme, view.steward, owners, view.chair.troika.in_office
        )
    }
    receivers = {holding.takes_over for holding in held}
    return {programme.secretariat, programme.chair, *asked, *owners, *receivers}


def _chairs(view: View) -> set[str | None]:
    return {view.chair.troika.in_office, view.chair.troika.incoming}


def _entries(view: View, function: Function) -> list[Entry]:
    """What the ledger tells of a function, and of the meetings it is held for."""
    own = col(Entry.subject).startswith(f"{function.slug}/", autoescape=True)
    if function.cadence is not Cadence.PER_SOM:
        return view.entries(own)
    return view.entries(or_(own, col(Entry.kind).startswith("som.")))

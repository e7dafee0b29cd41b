"""What must the next chair know?"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import col, or_, select

from schemas.anchor import Anchor
from schemas.programme import Function
from schemas.tables import Entry, Holding, Som, Term
from secretariat import board
from secretariat.commands.turns import turns
from secretariat.dossier import common, wording
from secretariat.dossier.languages import with_own_name
from secretariat.dossier.shapes import Facts, Section
from secretariat.dossier.view import View, capital, section, table
from secretariat.rotation import Turn, number


def sections(view: View) -> tuple[Section, ...]:
    office = view.programme.chair
    owned = view.session.exec(
        select(Holding).where(Holding.owner == office).order_by(Holding.id)
    ).all()
    functions = [f for f in view.programme.functions if f.receiver == "chair"]
    asked = [o for o in board.open_obligations(view.session) if o.body == office]
    troika = view.chair.troika
    entries = _entries(view)
    return (
        section("At a glance", Facts((*_troika(view), *common.deadlines(view, asked)))),
        _terms(view),
        _meetings(view),
        _functions(view, functions),
        common.holdings(view, "What the chair's office owns", owned),
        common.calendar(view, functions),
        common.obligations(view, asked),
        common.contacts(
            view,
            {view.programme.secretariat, office, *view.programme.task_forces()},
            {troika.outgoing, troika.in_office, troika.incoming},
        ),
        common.documents(view, entries),
        common.history(view, entries),
        common.lessons(view, entries),
        common.proof(view),
    )


def _troika(view: View) -> Iterable[tuple[str, str]]:
    """Outgoing, in office, incoming: the three governments the chair's rights pass between."""
    troika = view.chair.troika
    places = {
        "Outgoing": troika.outgoing,
        "In office": troika.in_office,
        "Incoming": troika.incoming,
    }
    for place, code in places.items():
        member = view.member(code)
        yield place, with_own_name(member) if member else "Nobody"
    yield "Turns", ", ".join(_turn(view, turn) for turn in turns(view.session, view.programme))


def _turn(view: View, turn: Turn) -> str:
    """“SOM14 Viet Nam (informal)”."""
    name = _member(view, turn.member) if turn.member else "nobody"
    return f"{turn.som} {name}" + (f" ({turn.agreed})" if turn.agreed else "")


def _terms(view: View) -> Section:
    rows = (
        (
            term.som,
            _member(view, term.member),
            capital(f"{term.agreement}ly"),
            _day(view, term.took_office_at),
            _day(view, term.left_at),
        )
        for term in sorted(view.session.exec(select(Term)), key=lambda term: number(term.som))
    )
    columns = {"Meeting": 16, "Chaired by": 26, "Agreed": 18, "Took office": 22, "Left": 22}
    return section(
        "Terms",
        "A government holds the chair for one Senior Officials Meeting (SOM). Closing the meeting "
        "passes the chair on to its agreed successor.",
        table(columns, rows, "No term is agreed yet."),
    )


def _meetings(view: View) -> Section:
    rows = (
        (
            som.name,
            _member(view, som.host),
            capital(Anchor.model_validate(som.anchor).words),
            capital(Anchor.model_validate(som.postponed_from).words) if som.postponed_from else "",
            _day(view, som.closed_at),
        )
        for som in sorted(view.session.exec(select(Som)), key=lambda som: number(som.name))
    )
    columns = {"Meeting": 16, "Host": 22, "Date": 26, "Postponed from": 26, "Closed": 20}
    return section("Meetings", table(columns, rows, "No meeting is planned yet."))


def _functions(view: View, functions: list[Function]) -> Section:
    """Everything that moves to the chair, and how far it has come."""
    held = view.session.exec(select(Holding).order_by(Holding.id)).all()
    rows = (
        (
            function.name,
            function.what,
            wording.CADENCES[function.cadence],
            common.how_far([holding for holding in held if holding.function == function.slug]),
        )
        for function in functions
    )
    columns = {"Function": 22, "What": 38, "Comes round": 26, "Transferred": 24}
    return section("Functions of the chair", table(columns, rows, "None moves to the chair."))


def _entries(view: View) -> list[Entry]:
    """Terms, meetings, and whatever the chair receives or is asked for."""
    mine = [
        col(Entry.subject).endswith(f"@{name}", autoescape=True)
        for name in {"chair", view.programme.chair}
    ]
    return view.entries(
        or_(col(Entry.kind).startswith("chair."), col(Entry.kind).startswith("som."), *mine)
    )


def _member(view: View, code: str) -> str:
    member = view.member(code)
    return member.name if member else code


def _day(view: View, at: datetime | None) -> str:
    return view.day(at) if at else ""

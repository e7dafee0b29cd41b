"""The pages of what came in for a year: who is missing, how complete, each indicator drawn."""

from base64 import b64encode
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import col, select

from schemas.meeting_acts import FileDocument
from schemas.programme import Programme
from schemas.returns import Collected
from schemas.tables import Obligation
from secretariat import collection, figures, indicators
from secretariat.catalogues import marked
from secretariat.commands.filing import taken
from secretariat.commands.office import Office
from secretariat.dossier.files import Form as Kind
from secretariat.dossier.files import file_name
from secretariat.dossier.files import render as file_of
from secretariat.dossier.paper import paper_of
from secretariat.errors import UnknownError
from secretariat.indicators import Measured
from secretariat.languages import Language
from secretariat.rights import Right
from secretariat.sheets.table import TYPES, as_csv
from secretariat.typed import act_from
from secretariat.web import bars, signin
from secretariat.web.dossiers import printed
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()
_ENDS = ("unavailable", "note", "state", "late")


@router.get("/returns", dependencies=[needs(Right.READ_BOARD)])
def show_latest(request: Request, at: str | None = None) -> Response:
    """The latest year; of a past day, the latest then."""
    office: Office = request.app.state.parts.office
    look = looking(request, at)
    with look.store.read() as session:
        years = collection.years(session, office.programme)
    if not years:
        return render(request, "no_returns.html")
    return RedirectResponse(f"/returns/{years[0]}{look.kept}", 303)


@router.get("/returns/{year}", dependencies=[needs(Right.READ_BOARD)])
def show_returns(request: Request, year: str, at: str | None = None) -> Response:
    """What came in for a year, now or at the end of a past day."""
    found, tables, years = _collected(request, year, at)
    language, programme = language_at(request), request.app.state.parts.office.programme
    return render(
        request,
        "returns.html",
        found=found,
        years=years,
        tables=[_drawn(table, programme, language) for table in tables],
        arrived=sum(each.arrived for each in found.returns),
        said=lambda figure: bars.said(figure, language),
        geometry=bars,
        papers=_papers_asked(request),
    )


def _drawn(table: Measured, programme: Programme, language: Language) -> dict[str, Any]:
    names = ("name", "area", "unit", "period", "figures", "parts", "has_before", "stated")
    facts = {name: getattr(table, name) for name in (*names, "contradictions")}
    drawn = bars.bars(table.figures, programme, language)
    return {**facts, "total": table.total(programme, language), "bars": drawn}


def _collected(
    request: Request, year: str, at: str | None
) -> tuple[Collected, list[Measured], list[str]]:
    office: Office = request.app.state.parts.office
    look = looking(request, at)
    guarded = not signin.may(request, Right.READ_COUNTS)
    with look.store.read() as session:
        programme = office.programme
        found = collection.collected(session, programme, look.now, year, guarded=guarded)
        years = collection.years(session, programme)
        if year not in years:
            raise UnknownError(marked("Nobody was asked for figures of “{year}”."), year=year)
        tables = indicators.measured(found, figures.figures(session, programme))
    return found, tables, years


@router.get("/returns/{year}/paper.pdf", dependencies=[needs(Right.READ_BOARD)])
def show_pdf(request: Request, year: str, at: str | None = None) -> Response:
    return _paper(request, year, at, Kind.PDF)


@router.get("/returns/{year}/paper.docx", dependencies=[needs(Right.READ_BOARD)])
def show_docx(request: Request, year: str, at: str | None = None) -> Response:
    return _paper(request, year, at, Kind.DOCX)


@router.post("/returns/{year}/paper", dependencies=[needs(Right.ACT)])
def hand_in(request: Request, year: str, obligation: Annotated[str, Form()]) -> Response:
    """The paper as the document an item of a meeting's agenda asks of who is signed in."""
    by = signin.acting(request)
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        paper = paper_of(session, office.programme, year, office.clock.now())
    content = b64encode(file_of(paper, Kind.PDF))
    name = file_name(paper, Kind.PDF)
    act = act_from(FileDocument, obligation=obligation, name=name, content=content)
    office.do(act, by=by.body, contact=by.slug)
    return RedirectResponse(f"/obligations/{quote(obligation, safe='/@')}", 303)


def _papers_asked(request: Request) -> list[Obligation]:
    """The papers items of an agenda ask of the body that is signed in, and still take."""
    by = signin.contact(request)
    if by is None:
        return []
    office: Office = request.app.state.parts.office
    query = select(Obligation).where(Obligation.body == by.body).order_by(col(Obligation.id))
    with office.store.read() as session:
        return [
            each
            for each in session.exec(query)
            if (takes := taken(session, office.programme, each)).kind == "document"
            and takes.milestone
            and takes.milestone.asks == "presenters"
            and not takes.closed_by
        ]


def _paper(request: Request, year: str, at: str | None, form: Kind) -> Response:
    """The paper for a meeting, as of now or of a past day."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session:
        return printed(paper_of(session, office.programme, year, moment), form)


@router.get("/api/returns", dependencies=[needs(Right.READ_BOARD)])
def returns_as_json(
    request: Request, year: str, function: str = "", at: str | None = None
) -> Collected:
    """The returns of a year for programs; small parts only for who is signed in."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    guarded = not signin.may(request, Right.READ_COUNTS)
    with store.read() as session:
        return collection.collected(
            session, office.programme, moment, year, function=function, guarded=guarded
        )


@router.get("/returns/{year}/figures.csv", dependencies=[needs(Right.READ_BOARD)])
def returns_as_csv(request: Request, year: str, at: str | None = None) -> Response:
    """Every figure of a year, one line each; no cell of it is a formula."""
    found, _, _ = _collected(request, year, at)
    parts = list(dict.fromkeys(p for r in found.returns for f in r.figures for p in f.parts))
    columns = ("period", "indicator", "figure", "about", "unit", "value", *parts, *_ENDS)
    rows = [
        (
            *(each.period, each.indicator, each.name, each.about, each.unit, each.value),
            *(each.parts.get(part) for part in parts),
            *(each.unavailable, each.note, each.state, "late" if one.late else ""),
        )
        for one in found.returns
        for each in one.figures
    ]
    name = f"figures-{found.year}.csv"
    return Response(
        as_csv(columns, rows),
        media_type=TYPES["csv"],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )

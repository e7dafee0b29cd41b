"""The pages of what came in for a year: who is missing, how complete, each indicator drawn."""

import csv
import io
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from schemas.returns import Collected
from secretariat import collection, figures, indicators
from secretariat.commands.office import Office
from secretariat.dossier.files import Form, file_name
from secretariat.dossier.files import render as file_of
from secretariat.dossier.paper import paper_of
from secretariat.errors import UnknownError
from secretariat.indicators import Measured
from secretariat.sheets.commas import inert
from secretariat.web import bars, signin
from secretariat.web.dossiers import TYPES
from secretariat.web.render import render

router = APIRouter()
_ENDS = ("unavailable", "note", "state", "late")


@router.get("/returns")
def show_latest(request: Request) -> Response:
    """The latest year."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        years = collection.years(session, office.programme)
    if not years:
        raise UnknownError("Nobody was asked for figures yet.")
    return RedirectResponse(f"/returns/{years[0]}", 303)


@router.get("/returns/{year}")
def show_returns(request: Request, year: str, at: str | None = None) -> Response:
    """What came in for a year, now or at the end of a past day."""
    found, tables, years, past = _collected(request, year, at)
    return render(
        request,
        "returns.html",
        found=found,
        years=years,
        tables=[_drawn(table) for table in tables],
        arrived=sum(each.arrived for each in found.returns),
        said=bars.said,
        geometry=bars,
        past=past,
        at_query=f"?at={at}" if at else "",
    )


def _drawn(table: Measured) -> dict[str, Any]:
    names = ("name", "area", "unit", "period", "figures", "parts", "total", "has_before", "stated")
    facts = {name: getattr(table, name) for name in (*names, "contradictions")}
    return {**facts, "bars": bars.bars(table.figures)}


def _collected(
    request: Request, year: str, at: str | None
) -> tuple[Collected, list[Measured], list[str], bool]:
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    guarded = signin.contact(request) is None
    with store.read() as session:
        programme = office.programme
        found = collection.collected(session, programme, moment, year, guarded=guarded)
        years = collection.years(session, programme)
        if year not in years:
            raise UnknownError(f"Nobody was asked for figures of “{year}”.")
        tables = indicators.measured(found, figures.figures(session, programme))
    return found, tables, years, store is not office.store


@router.get("/returns/{year}/paper.pdf")
def show_pdf(request: Request, year: str, at: str | None = None) -> Response:
    return _paper(request, year, at, Form.PDF)


@router.get("/returns/{year}/paper.docx")
def show_docx(request: Request, year: str, at: str | None = None) -> Response:
    return _paper(request, year, at, Form.DOCX)


def _paper(request: Request, year: str, at: str | None, form: Form) -> Response:
    """The paper for a meeting, as of now or of a past day."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session:
        paper = paper_of(session, office.programme, year, moment)
    disposition = f'attachment; filename="{file_name(paper, form)}"'
    return Response(
        file_of(paper, form),
        media_type=TYPES[form],
        headers={"Content-Disposition": disposition},
    )


@router.get("/api/returns")
def returns_as_json(
    request: Request, year: str, function: str = "", at: str | None = None
) -> Collected:
    """The returns of a year for programs; small parts only for who is signed in."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    guarded = signin.contact(request) is None
    with store.read() as session:
        return collection.collected(
            session, office.programme, moment, year, function=function, guarded=guarded
        )


@router.get("/returns/{year}/figures.csv")
def returns_as_csv(request: Request, year: str, at: str | None = None) -> Response:
    """Every figure of a year, one line each; no cell of it is a formula."""
    found, _, _, _ = _collected(request, year, at)
    parts = list(dict.fromkeys(p for r in found.returns for f in r.figures for p in f.parts))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["period", "indicator", "figure", "about", "unit", "value", *parts, *_ENDS])
    for one in found.returns:
        for each in one.figures:
            row = [each.period, each.indicator, each.name, each.about, each.unit, each.value]
            row += [each.parts.get(part, "") for part in parts]
            row += [each.unavailable, each.note, each.state, "late" if one.late else ""]
            writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
    name = f"figures-{found.year}.csv"
    return Response(
        out.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )

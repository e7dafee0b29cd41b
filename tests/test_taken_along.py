"""What leaves as a file, a calendar or for a program: the same as on the pages, and harmless."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from icalendar import Calendar
from openpyxl import load_workbook
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from sqlmodel import select

from schemas.acts import Done, PostponeSom
from schemas.anchor import Anchor
from schemas.programme import Programme
from schemas.return_acts import SubmitReturn, VerifyReturn
from schemas.tables import Entry, Holding, Obligation
from secretariat import listed
from secretariat.sheets.table import as_csv
from secretariat.sheets.table_book import as_xlsx
from tests.served import opened_site
from tests.test_doors import bearer
from tests.test_obligations import HOST, a_cycle
from tests.test_returns import KEY as RETURN
from tests.test_returns import figures
from tests.test_web import Site

OUR_NAME = {"Host": "localhost"}
CONFORMS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def read(
    blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A board to be read."""
    with opened_site(blank, commit, tmp_path_factory.mktemp("taken")) as found:
        yield found


def count(site: Site, table: Any) -> int:
    with site.bench.office.store.read() as session:
        return len(session.exec(select(table)).all())


def of(site: Site, path: str, **headers: str) -> Any:
    return site.browser.get(path, headers=headers)


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", listed.TABLES)
def test_every_table_is_the_same_as_csv_and_as_workbook(read: Site, name: str) -> None:
    lines = list(csv.reader(io.StringIO(of(read, f"/tables/{name}.csv").text.lstrip("\ufeff"))))
    book = load_workbook(io.BytesIO(of(read, f"/tables/{name}.xlsx").content))
    cells = list(book[name].iter_rows(values_only=True))
    assert [list(map(as_text, row)) for row in cells] == lines
    assert lines[0] == list(listed.TABLES[name].columns)


def test_the_page_leads_to_every_table(read: Site) -> None:
    page = of(read, "/tables").text
    for name in listed.TABLES:
        assert f'href="/tables/{name}.csv"' in page


def as_text(cell: Any) -> str:
    return "" if cell is None else str(cell.date() if hasattr(cell, "date") else cell)


@pytest.mark.parametrize(
    ("name", "table"), [("holdings", Holding), ("obligations", Obligation), ("ledger", Entry)]
)
def test_nothing_is_left_out_of_a_table(read: Site, name: str, table: Any) -> None:
    rows = list(csv.reader(io.StringIO(of(read, f"/tables/{name}.csv").text)))
    assert len(rows) == count(read, table) + 1 > 10


def test_no_cell_is_taken_for_a_formula() -> None:
    rows = [("=HYPERLINK(1)", "+1", "@x", "-2", "a\x07b", None, True, date(2019, 1, 3), 4)]
    columns = tuple("abcdefghi")
    assert as_csv(columns, rows).decode("utf-8-sig").splitlines()[1].startswith("'=HYPERLINK(1),'+")
    [_, cells] = load_workbook(io.BytesIO(as_xlsx("t", columns, rows)))["t"].iter_rows()
    assert [cell.data_type for cell in cells[:5]] == ["s"] * 5
    assert cells[0].value == "=HYPERLINK(1)"


def test_a_table_of_a_past_day_says_what_was_then(read: Site) -> None:
    then = of(read, "/tables/ledger.csv?at=2017-01-01").text.splitlines()
    assert len(then) == 1


def lines(site: Site, name: str, at: str = "") -> list[dict[str, str]]:
    text = of(site, f"/tables/{name}.csv?at={at}" if at else f"/tables/{name}.csv").text
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def test_figures_leave_as_asked_as_handed_in_and_as_stated_and_none_that_may_point_at_somebody(
    blank: Path, commit: Programme, tmp_path: Path
) -> None:
    with opened_site(blank, commit, tmp_path) as site:
        a_cycle(site.bench.office, "indicator-collection", "2018")
        before = [line for line in lines(site, "returns") if line["obligation"] == RETURN]
        assert {(line["state"], line["value"]) for line in before} == {("asked", "")}
        handed_in = figures(women=846, men=2, children=100, adults=748)
        site.bench.office.do(SubmitReturn(obligation=RETURN, figures=handed_in), by="tf-kh")
        [after] = [line for line in lines(site, "returns") if line["value"]]
        assert (after["indicator"], after["state"]) == ("persons-referred", "submitted")
        told = [after[part] for part in ("value", "women", "men", "children", "adults")]
        assert told == ["848", "not shown", "under 5", "100", "748"]
        assert lines(site, "figures") == []
        site.bench.office.do(VerifyReturn(obligation=RETURN), by="un-act")
        [stated] = lines(site, "figures")
        assert [stated[part] for part in ("value", "women", "men", "children", "adults")] == told
        assert "Return no. 1 of Cambodia" in stated["source"]
        assert lines(site, "figures", at="2018-12-31") == []


def test_a_table_there_is_not_is_said(read: Site) -> None:
    answer = of(read, "/tables/secrets.csv")
    assert answer.status_code == 404
    assert "There are holdings" in answer.text


# -- calendars -------------------------------------------------------------------------------------


def events(site: Site, whose: str) -> dict[str, Any]:
    """The events of a calendar by their address on the board, as an independent reader has them."""
    calendar = Calendar.from_ical(of(site, f"/calendar/{whose}.ics").content)
    return {str(event["url"]).partition("8000")[2]: event for event in calendar.walk("VEVENT")}


def test_a_body_follows_what_is_asked_of_it_and_the_meetings(read: Site) -> None:
    found = events(read, "tf-vn")
    with read.bench.office.store.read() as session:
        asked = select(Obligation.id).where(Obligation.body == "tf-vn")
        own = {f"/obligations/{key}" for key in session.exec(asked)}
    assert own
    assert {key for key in found if key.startswith("/obligations/")} == own
    assert found["/meetings/SOM14"]["dtstart"].dt == found["/meetings/SOM14"].start


def test_a_calendar_is_in_the_language_of_the_contact_it_is_asked_for(read: Site) -> None:
    assert of(read, "/calendar/tf-vn-head.ics").status_code == 200
    assert of(read, "/calendar/nobody.ics").status_code == 404


def test_what_moves_moves_in_the_calendar_and_what_is_done_leaves_it(
    blank: Path, commit: Programme, tmp_path: Path
) -> None:
    with opened_site(blank, commit, tmp_path) as site:
        office, key = site.bench.office, f"/obligations/{HOST}"
        before = events(site, "tf-vn")[key]
        later = Anchor.model_validate("2020-09-08")
        office.do(PostponeSom(som="SOM14", to=later, reason="Rain."), by="un-act")
        a_cycle(office, "som-hosting", "SOM14")
        moved = events(site, "tf-vn")[key]
        office.do(Done(obligation=HOST), by="tf-vn")
        assert (moved["uid"], moved["sequence"] > before["sequence"]) == (before["uid"], True)
        assert moved.start > before.start
        assert key not in events(site, "tf-vn")


# -- programs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table"), [("holdings", Holding), ("obligations", Obligation), ("ledger", Entry)]
)
def test_page_by_page_a_program_gets_everything_once(read: Site, name: str, table: Any) -> None:
    seen, after = [], ""
    while True:
        page = of(read, f"/api/{name}?limit=7&after={after or 0 if name == 'ledger' else after}")
        seen += [item.get("id") or item["seq"] for item in page.json()["items"]]
        after = page.json()["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == count(read, table)


def test_what_a_program_has_already_is_not_sent_again(read: Site) -> None:
    first = of(read, "/api/status")
    again = of(read, "/api/status", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert of(read, "/api/status", **{"If-None-Match": '"other"'}).status_code == 200


def test_the_ledger_for_programs_holds_no_data_that_may_be_too_small_to_tell(read: Site) -> None:
    [first, *_] = of(read, "/api/ledger?limit=1").json()["items"]
    assert "data" not in first
    assert first["words"]


@pytest.mark.parametrize(
    "path", ["/api/obligations?limit=0", "/api/ledger?after=x", "/api/nothing", "/api/status?at=x"]
)
def test_what_is_asked_wrongly_is_answered_as_a_problem(read: Site, path: str) -> None:
    answer = of(read, path)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


def test_nothing_a_program_may_send_breaks_the_api(read: Site) -> None:
    """Asked at random by the description the API gives of itself, as who may act."""
    headers = bearer(read, "un-act-head")
    described = schemathesis.openapi.from_asgi("/api/openapi.json", read.app, headers=OUR_NAME)
    tried = set()
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(max_examples=15, database=None)
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers={**OUR_NAME, **headers})
            tried.add(case.operation.label)
            case.validate_response(answer, checks=CONFORMS)

        ask()
    assert tried >= {"GET /api/ledger", "GET /api/obligations", "POST /api/acts"}

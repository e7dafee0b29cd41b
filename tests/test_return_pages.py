"""The doors of a return: the form of a link, a file, signed in, a program; and what all see."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document as Docx
from httpx import Response
from hypothesis import given as drawn
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlmodel import select

from flows import collecting, steps
from schemas.acts import PlanSom
from schemas.anchor import Anchor
from schemas.meeting_acts import AddItem
from schemas.meeting_tables import Document, StoredFile
from schemas.return_acts import RequestCorrection, SubmitReturn, VerifyReturn
from schemas.return_tables import FigureReturn
from schemas.tables import Mail, Obligation
from secretariat import small
from secretariat.languages import LANGUAGES
from secretariat.settings import Settings
from secretariat.store import opened
from secretariat.timers import tick
from tests.conftest import BARE, cli, reading
from tests.test_obligations import Opened, a_chair, a_cycle
from tests.test_returns import KEY, figures
from tests.test_web import LINKS, Site

TYPED = {
    "persons-referred@KH:value": "848",
    "persons-referred@KH:women": "430",
    "persons-referred@KH:men": "418",
    "persons-referred@KH:children": "100",
    "persons-referred@KH:adults": "748",
    "policy-changes@KH:unavailable": "Not counted yet.",
    "cases-investigated@KH:value": "31",
    "persons-convicted@KH:unavailable": "Not counted yet.",
    "persons-reached@KH:unavailable": "Not counted yet.",
}


@pytest.fixture
def site(open_office: Opened, tmp_path: Path) -> Site:
    bench = open_office("2018-10-01T03:00")
    a_cycle(bench.office, "indicator-collection", "2018")
    bench.until("2018-11-12T03:00")
    return Site(bench, tmp_path)


def link(site: Site, contact: str = "tf-kh-focal-point") -> str:
    with site.bench.office.store.write() as session:
        now = site.bench.clock.now()
        return LINKS.mint(session, "obligation", KEY, contact, now + timedelta(days=90), now)


def send(site: Site, path: str, **form: str) -> Response:
    nonce = LINKS.nonce(path.rpartition("/")[2])
    return site.browser.post(f"{path}/return", data={"nonce": nonce, **form})


def upload(site: Site, path: str, content: bytes) -> Response:
    nonce = LINKS.nonce(path.rpartition("/")[2])
    files = {"file": ("figures.xlsx", content)}
    return site.browser.post(f"{path}/return/file", data={"nonce": nonce}, files=files)


def kept(site: Site) -> FigureReturn | None:
    with site.bench.office.store.read() as session:
        return session.get(FigureReturn, KEY)


def template(site: Site, path: str, **cells: Any) -> bytes:
    """The template of a link with some cells of its sheet on protection filled in."""
    book = load_workbook(io.BytesIO(site.browser.get(f"{path}/return.xlsx").content))
    for cell, value in cells.items():
        book["protection"][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# -- by a mailed link ------------------------------------------------------------------------------


def test_figures_are_handed_in_by_the_form_of_a_mailed_link_without_an_account(site: Site) -> None:
    path = link(site)
    assert 'name="persons-referred@KH:women"' in site.browser.get(path).text
    assert send(site, path, answer="submit", **TYPED).headers["location"] == path
    found = kept(site)
    assert found
    assert (found.state, found.submitted_by) == ("submitted", "tf-kh-focal-point")
    page = site.browser.get(path).text
    assert "Receipt no. 1." in page
    assert "848 (430 women, 418 men, 100 children and 748 adults)" in page
    assert "<textarea" not in page


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(site: Site) -> None:
    path = link(site)
    wrong = {"persons-referred@KH:value": "many", "cases-investigated@KH:value": ""}
    answer = send(site, path, answer="submit", **TYPED | wrong)
    assert answer.status_code == 422
    first = answer.text.index("“many” is no count")
    assert answer.text.index('value="many"') < first < answer.text.index('value="430"')
    assert "Give the figure, or say why it is not available." in answer.text
    assert "Not counted yet." in answer.text
    assert "2 figures cannot be taken as they are" in answer.text
    assert kept(site) is None


def test_a_draft_is_kept_and_shown_again_and_is_nothing_handed_in(site: Site) -> None:
    path = link(site)
    typed = {"persons-referred@KH:value": "848", "answer": "save"}
    assert send(site, path, **typed).status_code == 303
    assert 'value="848"' in site.browser.get(path).text
    found = kept(site)
    assert found
    assert found.state == "draft"
    assert send(site, path, **typed).status_code == 303
    again = kept(site)
    assert again
    assert again.version == found.version


def test_a_form_sent_twice_is_handed_in_once(site: Site) -> None:
    path = link(site)
    for _ in range(2):
        assert send(site, path, answer="submit", **TYPED).status_code == 303
    found = kept(site)
    assert found
    assert found.submissions == 1


def test_the_last_period_is_a_hint_beside_the_field_and_no_value_in_it(site: Site) -> None:
    site.sign_in("tf-kh-focal-point")
    form = {"indicator": "cases-investigated", "period": "2017", "about": "KH", "value": "40"}
    site.browser.post("/api/acts", json={"act": "state-figure", "source": "x", **form})
    page = site.browser.get(link(site)).text
    assert "Last time: 40" in page
    assert 'name="cases-investigated@KH:value" value=""' in page


def test_nobody_hands_in_who_did_not_open_the_page_or_is_of_another_body(site: Site) -> None:
    path = link(site)
    assert site.browser.post(f"{path}/return", data={"nonce": "no", **TYPED}).status_code == 403
    assert site.browser.post("/link/none/return", data=TYPED).status_code == 404
    above = link(site, "un-act-head")
    assert "<textarea" not in site.browser.get(above).text
    assert send(site, above, answer="submit", **TYPED).status_code == 403
    assert kept(site) is None


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_the_form_is_in_the_contact_s_language(site: Site, code: str) -> None:
    speaking = reading(site.bench.office.programme, {"tf-kh-focal-point": code})
    object.__setattr__(site.bench.office, "programme", speaking)
    path = link(site)
    page = site.browser.get(path).text
    wrong = send(site, path, answer="submit", **TYPED | {"cases-investigated@KH:value": "x"}).text
    for english in ("Hand in", "Not available because", "women", "is no count", "Total"):
        assert f">{english}" not in page + wrong
    assert "is no count" not in wrong
    refused = upload(site, path, template(site, path, E3="many")).text
    assert "is text, not a number" not in refused
    assert "persons-referred@KH:value" in page


# -- files -----------------------------------------------------------------------------------------


def test_a_filled_in_workbook_becomes_a_draft_to_look_at(site: Site) -> None:
    path = link(site)
    content = template(site, path, E3=848, F3=430, G3=418, H3=100, I3=748)
    assert upload(site, path, content).status_code == 303
    page = site.browser.get(path).text
    assert 'name="persons-referred@KH:women" value="430"' in page
    found = kept(site)
    assert found
    assert found.state == "draft"


def test_a_wrong_file_is_told_cell_by_cell_and_nothing_of_it_is_taken(site: Site) -> None:
    path = link(site)
    answer = upload(site, path, template(site, path, E3=848, F3="many", G3=-1))
    assert answer.status_code == 422
    assert "Sheet “protection”, row 3, column “women”: “many” is text" in answer.text
    assert "Sheet “protection”, row 3, column “men”: -1 is below zero." in answer.text
    assert kept(site) is None
    assert upload(site, path, b"0" * 1_200_000).status_code == 400
    assert upload(site, path, b"").status_code == 422


def test_a_file_goes_in_at_the_terminal_and_its_faults_come_out(
    lived: Settings, tmp_path: Path
) -> None:
    here = BARE | {"SECRETARIAT_DATA_DIR": str(lived.directory)}
    china = "indicator-collection/2018/indicators-reported@tf-cn"
    form = tmp_path / "cn.xlsx"
    assert cli("returns", "template", china, "-o", str(form), environment=here).returncode == 0
    book = load_workbook(form)
    for sheet in book.worksheets[1:]:
        for row in range(3, sheet.max_row + 1):
            heading = [cell.value for cell in sheet[1]].index("unavailable") + 1
            sheet.cell(row, heading).value = "Being verified."
    book["protection"]["E3"] = "many"
    book.save(form)
    refused = cli("returns", "import", china, str(form), "--submit", environment=here)
    assert refused.returncode == 2
    assert "Sheet “protection”, row 3, column “Total”: “many” is text" in refused.stdout
    book["protection"]["E3"] = None
    book.save(form)
    done = cli("returns", "import", china, str(form), "--submit", environment=here)
    assert "handed its figures in late, receipt no. 6" in done.stdout
    shown = cli("returns", "show", "2018", environment=here)
    assert "submitted, late" in shown.stdout


# -- signed in, and programs -----------------------------------------------------------------------


def test_signed_in_the_same_form_stands_on_the_obligation_s_page(site: Site) -> None:
    page = f"/obligations/{KEY}"
    assert "<textarea" not in site.browser.get(page).text
    site.sign_in("tf-kh-focal-point")
    assert 'name="persons-referred@KH:women"' in site.browser.get(page).text
    wrong = site.browser.post(f"/return/form/{KEY}", data={"answer": "submit"})
    assert wrong.status_code == 422
    assert "5 figures cannot be taken" in wrong.text
    assert site.browser.post(f"/return/form/{KEY}", data={"answer": "submit", **TYPED})
    assert "Receipt no. 1." in site.browser.get(page).text
    assert site.browser.get(f"/return/template/{KEY}.csv").text.count("\n") > 5


def test_nobody_else_reads_what_a_body_has_not_handed_in_yet(site: Site) -> None:
    send(site, link(site), answer="save", **TYPED)
    assert ",430," in site.browser.get(f"{link(site)}/return.csv").text
    assert ",430," not in site.browser.get(f"{link(site, 'un-act-head')}/return.csv").text
    site.sign_in("tf-th-focal-point")
    assert ",430," not in site.browser.get(f"/return/template/{KEY}.csv").text
    assert "430" not in site.browser.get(f"/obligations/{KEY}").text


def test_whoever_steers_verifies_or_sends_back_on_the_same_page(site: Site) -> None:
    send(site, link(site), answer="submit", **TYPED)
    site.sign_in("un-act-head")
    page = f"/obligations/{KEY}"
    assert "Send them back" in site.browser.get(page).text
    site.browser.post(page, data={"act": "request-correction", "reason": "Children?"})
    found = kept(site)
    assert found
    assert (found.state, found.correction) == ("correction", "Children?")
    assert "Correction asked for: Children?" in site.browser.get(link(site)).text


def test_the_mail_of_a_correction_says_why(site: Site) -> None:
    send(site, link(site), answer="submit", **TYPED)
    office = site.bench.office
    office.do(RequestCorrection(obligation=KEY, reason="Children?"), by="un-act")
    site.bench.until("2018-11-13T03:00")
    tick(office)
    with office.store.write() as session:
        query = select(Mail).where(Mail.obligation == KEY, Mail.template == "obligation")
        last = session.exec(query).all()[-1]
        composer = site.app.state.parts.composer
        composer.freeze(session, last, site.bench.clock.now())
        assert b"Correction asked for: Children?" in (last.content or b"")


def test_a_program_hands_in_by_the_same_act_and_reads_what_came(site: Site) -> None:
    site.sign_in("tf-kh-focal-point")
    act = SubmitReturn(obligation=KEY, figures=figures()).model_dump(mode="json")
    assert site.browser.post("/api/acts", json=act).status_code == 200
    found = site.browser.get("/api/returns?year=2018").json()
    [mine] = [one for one in found["returns"] if one["body"] == "tf-kh"]
    assert (mine["state"], mine["given"]) == ("submitted", 1)
    bad = {**act, "figures": []}
    problem = site.browser.post("/api/acts", json=bad)
    assert (problem.status_code, problem.headers["content-type"]) == (
        400, "application/problem+json",
    )  # fmt: skip


# -- what everybody sees ---------------------------------------------------------------------------


def test_the_year_shows_china_missing_and_each_government_s_rates(replayed: Settings) -> None:
    here = BARE | {"SECRETARIAT_DATA_DIR": str(replayed.directory)}
    shown = cli("returns", "show", "2018", "--json", environment=here).stdout
    assert '"who": "China"' in shown
    rates = dict(re.findall(r'"who": "([^"]+)".*?"timeliness": (\d+)', shown, re.DOTALL))
    assert rates == {
        "Cambodia": "100", "China": "0", "Lao PDR": "100", "Myanmar": "100", "Thailand": "100",
        "Viet Nam": "100", "All": "83",
    }  # fmt: skip


def small_parts(site: Site) -> None:
    typed = {
        "persons-referred@KH:women": "845",
        "persons-referred@KH:men": "3",
    }
    assert send(site, link(site), answer="submit", **TYPED | typed).status_code == 303
    site.bench.office.do(VerifyReturn(obligation=KEY), by="un-act")


def test_small_parts_are_told_to_nobody_who_is_not_signed_in(site: Site) -> None:
    small_parts(site)
    pages = ("/returns/2018", "/returns/2018/figures.csv", "/api/returns?year=2018", "/figures",
             "/api/figures", "/functions/indicator-collection", f"/obligations/{KEY}",
             "/ledger")  # fmt: skip
    for page in pages:
        text = re.sub(r"<code>\w+</code>", "", site.browser.get(page).text)  # a seal has any digits
        assert "845" not in text, page
    assert "under 5" in site.browser.get("/returns/2018").text
    assert "handed its figures in" not in site.browser.get('/ledger?q="men":3').text
    site.sign_in("un-act-head")
    assert "845" in site.browser.get("/returns/2018").text
    assert "handed its figures in" in site.browser.get('/ledger?q="men":3').text


@drawn(women=st.integers(0, 12), men=st.integers(0, 12))
def test_no_small_part_can_be_told_from_what_is_shown(women: int, men: int) -> None:
    """Whatever is shown fits at least two different truths, if a part is small."""
    total = women + men
    told = small.guarded("persons", total, {"women": women, "men": men})
    fitting = [
        n for n in range(total + 1)
        if small.guarded("persons", total, {"women": n, "men": total - n}) == told
    ]  # fmt: skip
    if total and min(women, men) < small.SMALL:
        assert len(fitting) > 1
    else:
        assert told == {"women": women, "men": men}


def test_every_chart_has_a_text_alternative(site: Site) -> None:
    send(site, link(site), answer="submit", **TYPED)
    page = site.browser.get("/returns/2018").text
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 2  # where somebody gave a figure
    for chart in charts:
        assert 'role="img"' in chart
        assert "Cambodia: " in (re.search(r"<desc[^>]*>(.*?)</desc>", chart, re.DOTALL) or [""])[0]


def test_nothing_in_an_export_is_a_formula(site: Site) -> None:
    evil = {"cases-investigated@KH:note": '=HYPERLINK("http://x")'}
    send(site, link(site), answer="submit", **TYPED | evil)
    assert "'=HYPERLINK" in site.browser.get("/returns/2018/figures.csv").text


def test_a_year_nobody_was_asked_about_is_named(site: Site) -> None:
    assert site.browser.get("/returns/2013").status_code == 404
    assert site.browser.get("/returns").headers["location"] == "/returns/2018"
    before = site.browser.get("/returns?at=2017-10-01")
    assert (before.status_code, "Nobody was asked" in before.text) == (200, True)


# -- the paper -------------------------------------------------------------------------------------


def test_the_paper_has_every_figure_with_its_sources_and_who_is_missing(
    replayed: Settings, tmp_path: Path
) -> None:
    here = BARE | {"SECRETARIAT_DATA_DIR": str(replayed.directory)}
    for ending in ("pdf", "docx"):
        to = str(tmp_path / f"paper.{ending}")
        assert cli("returns", "paper", "2018", "-o", to, environment=here).returncode == 0
    pages = PdfReader(tmp_path / "paper.pdf").pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    document = Docx(str(tmp_path / "paper.docx"))
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    edited = " ".join([*(p.text for p in document.paragraphs), *cells])
    for text in (printed, edited):
        assert "Missing: China task force." in text
        assert "at least 1,589 persons; no figure of China, Lao PDR, Myanmar" in text
        assert "Return no. 2 of Cambodia task force, received on 5 December 2018" in text
        assert "848 + 401 + 340 = 1,589" in text
        assert "Yet to be reported." in text
    again = cli("returns", "paper", "2018", "-o", str(tmp_path / "paper.pdf"), environment=here)
    assert "exists already" in again.stderr


def test_the_replayed_returns_say_what_the_report_says(replayed: Settings) -> None:
    with opened(replayed.store_url).read() as session:
        found = session.exec(select(FigureReturn).order_by(FigureReturn.id)).all()
        china = session.get_one(Obligation, "indicator-collection/2018/indicators-reported@tf-cn")
    referred = {one.body: one.figures[0]["value"] for one in found}
    assert referred == {"tf-kh": 848, "tf-la": None, "tf-mm": None, "tf-th": 401, "tf-vn": 340}
    assert {one.state for one in found} == {"submitted"}
    assert china.done_at is None


def test_the_paper_becomes_the_document_of_an_item_of_the_agenda(lived: Settings) -> None:
    here = BARE | {"SECRETARIAT_DATA_DIR": str(lived.directory)}
    item = "som-preparation/SOM13/paper-2@un-act"
    filed = cli("returns", "paper", "2018", "--for", item, environment=here)
    assert filed.returncode == 0, filed.stderr
    with opened(lived.store_url).read() as session:
        [document] = session.exec(select(Document).where(Document.obligation == item)).all()
        assert document.name.startswith("paper-figures-2018")
        stored = session.get_one(StoredFile, document.sha256)
        assert "Figures of 2018" in PdfReader(io.BytesIO(stored.content)).pages[0].extract_text()
    assert "-o, or an obligation" in cli("returns", "paper", "2018", environment=here).stderr


def test_who_presents_hands_the_paper_in_from_the_page(site: Site) -> None:
    office = site.bench.office
    a_chair(office)
    office.do(PlanSom(som="SOM13", host="CN", on=Anchor.model_validate("2019-01-30")), by="un-act")
    item = AddItem(som="SOM13", title="The indicators", presenter="un-act", paper=True)
    office.do(item, by="un-act")
    a_cycle(office, "som-preparation", "SOM13")
    assert "Hand the paper in" not in site.browser.get("/returns/2018").text
    site.sign_in("un-act-head")
    key = "som-preparation/SOM13/paper-1@un-act"
    assert f'value="{key}"' in site.browser.get("/returns/2018").text
    site.browser.post("/returns/2018/paper", data={"obligation": key})
    with office.store.read() as session:
        assert session.exec(select(Document).where(Document.obligation == key)).one()


def test_the_flow_says_who_is_missing_what_to_verify_and_how_complete_it_is(
    replayed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETARIAT_DATA_DIR", str(replayed.directory))
    steps.the_office.cache_clear()
    year = ("indicator-collection", "2018")
    assert collecting.came_in.fn(*year) == (
        "2018: 5 of 6 returns came in; missing: China task force, late since 17 December 2018"
    )
    assert collecting.to_verify.fn(*year).startswith("2018: please verify: Cambodia task force, ")
    assert collecting.rates.fn(*year).startswith("2018: 10% complete, 83% in time; Cambodia 20%")
    steps.the_office.cache_clear()

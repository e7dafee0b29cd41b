"""What is another government's is not there: by id, in a search, in an export, in a pack."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlmodel import select

from schemas.acts import Done
from schemas.programme import Programme
from schemas.return_acts import Given, SaveReturn
from schemas.tables import Mail, Obligation
from tests.served import opened_site
from tests.test_agenda import PAPER, a_file, an_item, do
from tests.test_obligations import a_cycle
from tests.test_web import Site

PAPER_TEXT = "Two consultations were held in secret"
DRAFT = 4711


@pytest.fixture(scope="module")
def site(
    blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Cambodia has handed a paper in that is not circulated, and saved figures it has not said."""
    with opened_site(blank, commit, tmp_path_factory.mktemp("others")) as found:
        bench = found.bench
        a_cycle(bench.office, "som-preparation", "SOM14")
        an_item(bench)
        bench.until("2019-10-14T03:00")
        a_cycle(bench.office, "som-preparation", "SOM14")
        do(bench, a_file("paper.md", PAPER_TEXT.encode()), by="tf-kh")
        a_cycle(bench.office, "indicator-collection", "2018")
        saved = Given(indicator="cases-investigated", about="KH", value=DRAFT)
        bench.office.do(SaveReturn(obligation=draft(), figures=[saved]), by="tf-kh")
        yield found


def draft() -> str:
    return "indicator-collection/2018/indicators-reported@tf-kh"


def seen_by(site: Site, contact: str | None, path: str) -> tuple[int, str]:
    site.browser.cookies.clear()
    if contact:
        site.sign_in(contact)
    answer = site.browser.get(path)
    if answer.headers["content-type"] == "application/pdf":
        pages = PdfReader(io.BytesIO(answer.content)).pages
        return answer.status_code, " ".join(" ".join(p.extract_text() for p in pages).split())
    return answer.status_code, answer.text


def a_mail_of(site: Site, contact: str) -> int:
    with site.bench.office.store.read() as session:
        return session.exec(select(Mail.id).where(Mail.contact == contact)).first() or 0


def test_a_paper_not_yet_circulated_is_there_for_its_body_and_who_prepares(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/documents/{PAPER}?version=1"
    for contact in ("tf-kh-head", "un-act-head", "chair-cn-head"):
        assert seen_by(site, contact, path) == (200, PAPER_TEXT)
    missing = seen_by(site, "tf-th-head", f"/documents/{PAPER}?version=9")
    for contact in ("tf-th-head", "chair-mm-head", "donors-focal-point"):
        status, page = seen_by(site, contact, path)
        assert status == 404
        assert page.replace("#1", "#9").replace(contact, "tf-th-head").count(PAPER_TEXT) == 0
        assert f"{contact} asked for Document {PAPER}#1 of others" in caplog.text
    assert missing[0] == 404


def test_the_pack_withholds_the_text_of_a_paper_not_yet_circulated(site: Site) -> None:
    path = "/meetings/SOM14/pack.pdf"
    assert PAPER_TEXT in seen_by(site, "un-act-head", path)[1]
    assert PAPER_TEXT in seen_by(site, "tf-kh-head", path)[1]
    status, text = seen_by(site, "tf-th-head", path)
    assert (status, PAPER_TEXT in text) == (200, False)
    assert "It is handed in and not yet circulated." in text


def test_a_government_reads_its_own_mails_and_no_other(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = a_mail_of(site, "tf-kh-head"), a_mail_of(site, "tf-th-head")
    assert own
    assert other
    assert seen_by(site, "tf-kh-head", f"/mail/{own}")[0] == 200
    assert seen_by(site, "tf-kh-head", f"/mail/{other}")[0] == 404
    assert f"tf-kh-head asked for Mail {other} of others" in caplog.text
    for query in ("", "?to=tf-th", "?state=waiting"):
        page = seen_by(site, "tf-kh-head", f"/mail{query}")[1]
        assert f'href="/mail/{other}"' not in page
    assert f'href="/mail/{own}"' in seen_by(site, "tf-kh-head", "/mail")[1]
    assert f'href="/mail/{other}"' in seen_by(site, "un-act-head", "/mail")[1]


@pytest.mark.parametrize("contact", ["tf-th-head", "donors-focal-point", None])
def test_figures_saved_and_not_handed_in_are_found_nowhere_by_others(
    site: Site, contact: str | None
) -> None:
    search = f"/ledger?q={DRAFT}"
    assert draft() in seen_by(site, "tf-kh-head", search)[1]
    for path in (
        search,
        f"/obligations/{draft()}",
        "/returns/2018",
        "/returns/2018/figures.csv",
        "/tables/returns.csv",
        "/tables/figures.csv",
        "/api/returns?year=2018",
    ):
        text = (
            seen_by(site, contact, path)[1]
            .replace(f"q={DRAFT}", "")
            .replace(f'value="{DRAFT}"', "")
        )
        assert str(DRAFT) not in text, path
        assert path != search or draft() not in text
    assert draft() not in seen_by(site, contact, f"/search?q={DRAFT}")[1]  # it repeats the words
    if contact == "tf-th-head":
        template = seen_by(site, contact, f"/return/template/{draft()}.csv")
        assert str(DRAFT) not in template[1]


def test_once_papers_are_closed_they_are_everybody_s_who_meets(site: Site) -> None:
    office = site.bench.office
    with office.store.read() as session:
        closing = session.exec(
            select(Obligation).where(
                Obligation.cycle == "som-preparation/SOM14",
                Obligation.milestone == "document-pack",
            )
        ).all()
    for one in closing:
        office.do(Done(obligation=one.id), by=one.body)
    assert closing
    path = f"/documents/{PAPER}?version=1"
    for contact in ("tf-th-head", "donors-focal-point"):
        assert seen_by(site, contact, path) == (200, PAPER_TEXT)
    assert seen_by(site, "operations-focal-point", path)[0] == 403
    assert seen_by(site, None, path)[0] == 403

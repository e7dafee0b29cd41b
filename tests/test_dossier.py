"""The dossier: what a successor must know, on paper, in every script of the region."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document
from fastapi.testclient import TestClient
from pypdf import PdfReader

from notifications.compose import Composer
from notifications.links import SIGN_IN, Links
from schemas.acts import Done
from schemas.programme import Programme
from secretariat.cli import dossier as cli_dossier
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.dossier import Dossier, docx, dossier_of, fonts, pdf
from secretariat.dossier.shapes import Facts, Points, Section, Table, texts
from secretariat.errors import ConflictError, SecretariatError, UnknownError
from secretariat.replaying import as_of
from secretariat.settings import Settings
from secretariat.store import opened
from secretariat.web import sessions, signin
from secretariat.web.app import Parts, create_app
from tests.conftest import BARE, Bench, at, cli
from tests.test_obligations import HOST, a_meeting

OWN_NAMES = ("កម្ពុជា", "中国", "ລາວ", "မြန်မာ", "ไทย", "Việt Nam")
LANGUAGES = ("Khmer · ខ្មែរ", "Chinese · 中文", "Lao · ລາວ", "Burmese · မြန်မာ", "Thai · ไทย")
SENTENCES = (
    "ការប្រជុំត្រូវបានពន្យារពេល ព្រោះខ្វះធនធាន។",
    "会议推迟到二〇一九年第一季度。",
    "ກອງປະຊຸມຖືກເລື່ອນອອກໄປ ຍ້ອນຂາດແຄນງົບປະມານ.",
    "အရင်းအမြစ် နည်းပါးသောကြောင့် အစည်းအဝေးကို ရွှေ့ဆိုင်းခဲ့သည်။",
    "การประชุมถูกเลื่อนออกไปเพราะงบประมาณไม่เพียงพอ",
    "Cuộc họp được hoãn lại vì thiếu nguồn lực.",
)


def the_dossier(
    settings: Settings, commit: Programme, name: str, moment: str = "2019-01-03T03:00"
) -> Dossier:
    with as_of(opened(settings.store_url), at(moment)).read() as session:
        return dossier_of(session, commit, name, at(moment))


@pytest.fixture(scope="module")
def hosting(replayed: Settings, commit: Programme) -> Dossier:
    return the_dossier(replayed, commit, "som-hosting")


@pytest.fixture(scope="module")
def chair(replayed: Settings, commit: Programme) -> Dossier:
    return the_dossier(replayed, commit, "chair")


def saying(dossier: Dossier, *notes: str) -> Dossier:
    """The dossier with these notes as its only lessons."""
    table = Table(("In their words",), (1,), tuple((note,) for note in notes))
    return replace(dossier, sections=(Section("Lessons", (table,)),))


def words(text: str) -> str:
    return " ".join(text.split())


def pdf_text(content: bytes) -> str:
    """The text of a PDF. Each glyph of a cluster carries the whole cluster: it is read once."""
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(content)]
    return words(re.sub(r"([\u0e80-\u17ff]{2,}?)\1+", r"\1", "\n".join(pages)))


def docx_text(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    lines = [paragraph.text for paragraph in document.paragraphs]
    for table in document.tables:
        lines += [cell.text for row in table.rows for cell in row.cells]
    return words("\n".join(lines))


def section(dossier: Dossier, title: str) -> str:
    """A section as lines of text, one a row."""
    found = next(section for section in dossier.sections if section.title == title)
    return "\n".join(_lines(found))


def _lines(block: object) -> list[str]:
    if isinstance(block, Section):
        return [block.title, *(line for inner in block.blocks for line in _lines(inner))]
    if isinstance(block, str):
        return [block]
    if isinstance(block, Points):
        return list(block.items)
    assert isinstance(block, Facts | Table)
    return [words(" | ".join(row)) for row in block.rows]


# -- what it says ---------------------------------------------------------------------------------


def test_a_function_s_dossier_says_what_it_is_how_it_is_done_and_where_it_stands(
    hosting: Dossier,
) -> None:
    assert "Fully: 2 of 2 holdings" in section(hosting, "At a glance")
    assert "30 June 2020" in section(hosting, "At a glance")
    method = section(hosting, "How it is done")
    assert "Host confirms date and venue | 80 working days before the SOM" in method
    assert "Delegation named | 20 working days before the SOM | Each of the 6 task forces" in method
    assert "6 working days after the asking, unless it is acknowledged: it climbs to the head." in (
        method
    )
    assert "SOM13 | First quarter of 2019 | 16 July 2018 | Open" in section(hosting, "Calendar")
    held = "Venue and budget | The chair | Chair's office | Government-led | 3 December 2018"
    assert held in section(hosting, "Holdings")
    contacts = section(hosting, "Contacts")
    assert "Chair's office, China | Focal point | focal-point.chair@cn.example" in contacts
    assert "chair@kh.example" not in contacts


def test_its_history_and_lessons_are_the_ledger_s(hosting: Dossier) -> None:
    history = section(hosting, "History")
    assert "SOM13 was postponed to first quarter of 2019: Resources are limited in China." in (
        history
    )
    assert (
        "UN-ACT offered “Venue and budget” (SOM hosting, the chair) to Chair's office." in history
    )
    assert "indicator" not in history.lower()
    lessons = section(hosting, "Lessons")
    assert "10 September 2018 | UN-ACT | SOM13 | Resources are limited in China." in lessons
    assert "China will host in the first quarter of 2019; the day follows." in lessons


def test_a_day_due_is_the_asked_body_s_own_day(hosting: Dossier) -> None:
    """It ends in Yangon half an hour after midnight in Bangkok, and is 4 March all the same."""
    row = "Myanmar task force | Delegation named | SOM13 | 18 February 2019 | 4 March 2019"
    assert row in section(hosting, "Open obligations")


def test_what_is_late_is_called_so(replayed: Settings, commit: Programme) -> None:
    later = the_dossier(replayed, commit, "som-hosting", "2019-03-04T17:15")
    states = {
        line.partition(" | ")[0]: line.rpartition(" | ")[2]
        for line in section(later, "Open obligations").split("\n")
        if "Delegation named" in line
    }
    assert states["Viet Nam task force"] == "Late"
    assert states["Myanmar task force"] == "Acknowledged"
    assert "11, 8 late" in section(later, "At a glance")


def test_the_chair_s_dossier_has_troika_terms_functions_and_what_it_owns(
    chair: Dossier, commit: Programme
) -> None:
    glance = section(chair, "At a glance")
    assert "In office | China · 中国" in glance
    assert "Incoming | Viet Nam · Việt Nam" in glance
    assert "SOM13 | China | Formally | 22 January 2018" in section(chair, "Terms")
    assert "SOM14 | Viet Nam | Informally" in section(chair, "Terms")
    assert "SOM13 | China | First quarter of 2019 | Fourth quarter of 2018" in section(
        chair, "Meetings"
    )
    functions = section(chair, "Functions of the chair")
    assert all((f.name in functions) == (f.receiver == "chair") for f in commit.functions)
    assert "SOM hosting: Venue and budget" in section(chair, "What the chair's office owns")
    assert "The chair's office has no staff for the follow-up yet." in section(chair, "Lessons")


def test_every_function_has_a_dossier_that_can_be_printed(
    replayed: Settings, commit: Programme
) -> None:
    with opened(replayed.store_url).read() as session:
        made = [dossier_of(session, commit, f.slug, at("2019-01-03")) for f in commit.functions]
    for dossier in made:
        assert not fonts.missing(texts(dossier))
        assert PdfReader(io.BytesIO(pdf.render(dossier))).pages


def test_the_past_is_told_as_it_was(replayed: Settings, commit: Programme) -> None:
    before = the_dossier(replayed, commit, "som-hosting", "2018-02-20T03:00")
    assert "offered to Chair's office, answer by 30 March 2018" in section(before, "Holdings")
    assert "postponed" not in section(before, "History")
    nothing = the_dossier(replayed, commit, "chair", "2016-01-01T00:00")
    assert "In office | Nobody" in section(nothing, "At a glance")
    assert nothing.head == "0"


def test_an_unknown_name_is_refused_with_those_there_are(
    replayed: Settings, commit: Programme
) -> None:
    with pytest.raises(UnknownError, match=r"no function “tea”.*chair, chair-rotation, som-host"):
        the_dossier(replayed, commit, "tea")


# -- what it looks like ---------------------------------------------------------------------------


def test_pdf_and_docx_say_the_same(hosting: Dossier, chair: Dossier) -> None:
    for dossier in (hosting, chair):
        printed, written = pdf_text(pdf.render(dossier)), docx_text(docx.render(dossier))
        for said in ("Resources are limited in China.", "focal-point.chair@vn.example", *OWN_NAMES):
            assert said in printed
            assert said in written
        assert dossier.short_head in printed
        assert dossier.head.partition(":")[2] in written


def test_names_and_languages_stand_in_all_six_scripts(hosting: Dossier) -> None:
    printed = pdf_text(pdf.render(hosting))
    for said in (*OWN_NAMES, *LANGUAGES, "Vietnamese · Tiếng Việt"):
        assert said in printed


def test_sentences_of_all_six_scripts_have_a_font_for_every_character(hosting: Dossier) -> None:
    assert not fonts.missing(SENTENCES)
    content = pdf.render(saying(hosting, *SENTENCES))
    used = {
        font.get_object()["/BaseFont"].partition("+")[2].partition("-")[0]
        for page in PdfReader(io.BytesIO(content)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert used == {family.replace(" ", "") for family in fonts.FAMILIES}


def test_the_pdf_is_archivable_accessible_and_has_an_outline(hosting: Dossier) -> None:
    reader = PdfReader(io.BytesIO(pdf.render(hosting)))
    assert reader.metadata is not None
    assert reader.metadata.title == "SOM hosting: handover dossier"
    assert reader.metadata.creation_date == hosting.at
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert root["/Lang"] == "en"  # type: ignore[index]
    xmp = root["/Metadata"].get_object().get_data().decode()  # type: ignore[index]
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    titles = [entry["/Title"] for entry in reader.outline if not isinstance(entry, list)]
    assert [title.split(" ", 1)[1] for title in titles] == [s.title for s in hosting.sections]
    assert {(page.mediabox.width // 1, page.mediabox.height // 1) for page in reader.pages} == {
        (595, 841)
    }
    pages = len(reader.pages)
    assert all(f"of {pages}" in page.extract_text() for page in reader.pages)


def test_the_same_dossier_gives_the_same_bytes(replayed: Settings, commit: Programme) -> None:
    first, second = (the_dossier(replayed, commit, "regional-liaison") for _ in range(2))
    assert pdf.render(first) == pdf.render(second)
    assert docx.render(first) == docx.render(second)


def test_table_headers_are_repeated_on_every_page(hosting: Dossier) -> None:
    long = saying(hosting, *(f"note {number}" for number in range(200)))
    reader = PdfReader(io.BytesIO(pdf.render(long)))
    assert len(reader.pages) > 3
    assert all("In their words" in page.extract_text() for page in reader.pages)
    table = Document(io.BytesIO(docx.render(long))).tables[0]
    assert "w:tblHeader" in table.rows[0]._tr.xml


# -- what people write stays what they wrote ------------------------------------------------------

MARKUP = (
    '#read("/etc/passwd")',
    "*bold* _slanted_ = Heading $x^2$ `code` @label <tag> // gone \\u{41}",
    '#set page(width: 1pt) #panic("no") ]) #[',
    "<w:p>&amp;</w:p> ]]> {{ name }}",
)


def test_markup_in_a_note_stays_text(hosting: Dossier) -> None:
    dossier = saying(hosting, *MARKUP)
    printed, written = pdf_text(pdf.render(dossier)), docx_text(docx.render(dossier))
    for note in MARKUP:
        assert words(note) in printed
        assert words(note) in written


def test_a_note_goes_the_whole_way_from_the_ledger(open_office: Callable[[str], Bench]) -> None:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    office = bench.office
    office.do(Done(obligation=HOST, note=f"{MARKUP[0]}\n{SENTENCES[0]}"), by="tf-vn")
    with office.store.read() as session:
        dossier = dossier_of(session, office.programme, "som-hosting", bench.clock.now())
    assert f"{MARKUP[0]} {SENTENCES[0]}" in section(dossier, "Lessons")
    assert MARKUP[0] in pdf_text(pdf.render(dossier))


def test_what_has_no_font_or_no_place_in_xml_is_given_by_number_and_said(
    hosting: Dossier,
) -> None:
    dossier = saying(hosting, "bell \x07, smile 😀, half \ud800, Ethiopic ሀ, private \ue000")
    printed, written = pdf_text(pdf.render(dossier)), docx_text(docx.render(dossier))
    for number in ("[U+0007]", "[U+D800]"):
        assert number in printed
        assert number in written
    for number in ("[U+1F600]", "[U+1200]", "[U+E000]"):
        assert number in printed
    assert "No font here shows these characters (Ethiopic" in printed
    assert "😀" in written


def test_without_the_fonts_of_a_script_a_sentence_says_which(
    hosting: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "FAMILIES", {"Noto Sans": fonts.FAMILIES["Noto Sans"]})
    fonts._files.cache_clear()
    fonts._covered.cache_clear()
    try:
        printed = pdf_text(pdf.render(saying(hosting, *SENTENCES)))
    finally:
        monkeypatch.undo()
        fonts._files.cache_clear()
        fonts._covered.cache_clear()
    assert "(CJK, Khmer, Lao, Myanmar, Thai, signs)" in printed
    assert "[U+1780]" in printed


@pytest.mark.parametrize(
    "long",
    ["x" * 1_000_000, "ไทย a " * 2_000 + "中" * 300_000],
    ids=["one word", "scripts by turns and no spaces"],
)
def test_a_reason_of_a_megabyte_survives(hosting: Dossier, long: str) -> None:
    dossier = saying(hosting, long)
    printed = pypdfium2.PdfDocument(pdf.render(dossier))
    assert len(printed) > 3
    last = printed[len(printed) - 1].get_textpage().get_text_bounded()
    assert long[-2] in last
    assert words(long) in docx_text(docx.render(dossier))


# -- the doors ------------------------------------------------------------------------------------


@pytest.fixture
def desk(replayed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory in which somebody works on the replayed store."""
    monkeypatch.setenv("SECRETARIAT_DATA_DIR", str(replayed.data_dir))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_both_files_and_says_where(replayed: Settings, tmp_path: Path) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(replayed.data_dir)}
    done = cli("dossier", "chair", "--at", "2018-12-31", environment=environment, cwd=tmp_path)
    names = ["dossier-chair-2018-12-31.docx", "dossier-chair-2018-12-31.pdf"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(str(tmp_path / name) in done.stdout for name in names)


def test_the_command_overwrites_nothing(desk: Path) -> None:
    edited = desk / "edited.docx"
    edited.write_text("mine")
    with pytest.raises(ConflictError, match="exists already"):
        cli_dossier.make("chair", to=edited)
    assert edited.read_text() == "mine"


def test_the_command_writes_the_one_file_it_is_told(desk: Path) -> None:
    cli_dossier.make("chair", to=desk / "Chair.PDF")
    cli_dossier.make("chair", to=desk, form="docx")
    assert (desk / "Chair.PDF").read_bytes().startswith(b"%PDF")
    assert {path.suffix for path in desk.iterdir()} == {".PDF", ".docx"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "tea"}, "There is no function “tea”"),
    ({"name": "chair", "form": "odt"}, "choose pdf or docx"),
    ({"name": "chair", "to": Path("/nowhere/at-all.pdf")}, "cannot be written to"),
    ({"name": "chair", "to": Path("no-such-directory")}, "neither a directory nor"),
    ({"name": "chair", "to": Path("chair.pdf"), "form": "docx"}, "ending in .docx"),
    ({"name": "chair", "at": "soon"}, "no date such as"),
]


@pytest.mark.parametrize(("asked", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_the_command_refuses_with_a_sentence(desk: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(SecretariatError, match=re.escape(said)):
        cli_dossier.make(**asked)
    assert not list(desk.iterdir())


def test_the_board_gives_it_to_who_has_signed_in(
    replayed: Settings, commit: Programme, tmp_path: Path
) -> None:
    office = Office(opened(replayed.store_url), commit, VirtualClock(at("2019-01-03T03:00")))
    links = Links(lambda: ["k" * 32], "")
    composer = Composer(commit, links, "secretariat@board.example")
    parts = Parts(replayed, office, composer, tmp_path, dict)
    browser = TestClient(create_app(parts), base_url="http://localhost", follow_redirects=False)
    assert browser.get("/functions/som-hosting/dossier.pdf").status_code == 403
    with office.store.write() as session:
        now = sessions.now()
        url = links.mint(session, SIGN_IN, "tf-kh-head", "tf-kh-head", now + signin.LINK_LASTS, now)
    browser.post(url, data={"nonce": links.nonce(url.rpartition("/")[2])})
    got = browser.get("/functions/som-hosting/dossier.pdf")
    assert got.content.startswith(b"%PDF")
    assert "dossier-som-hosting-2019-01-03.pdf" in got.headers["content-disposition"]
    past = browser.get("/functions/chair/dossier.docx?at=2018-06-30")
    assert "30 June 2018" in docx_text(past.content)
    assert browser.get("/functions/tea/dossier.pdf").status_code == 404

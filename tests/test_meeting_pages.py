"""A meeting as people see it: its page, links to hand in and to object, the pack, the terminal."""

import csv
import io
import json
import re
from base64 import b64encode
from datetime import timedelta
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlmodel import SQLModel, select

from flows import som_hosting, som_preparation, steps
from notifications.compose import Composer
from schemas.acts import PlanSom, PostponeSom
from schemas.meeting_acts import AddItem, CirculateStatement, Delegate, NameDelegation
from schemas.meeting_tables import Attendee, Document, Objection
from schemas.tables import Mail
from secretariat import meeting
from secretariat.filetypes import LARGEST
from secretariat.installation import open_office
from secretariat.settings import Settings
from secretariat.store import Store
from tests.conftest import BARE, at, cli
from tests.test_agenda import DRAFT, NAMED, PAPER, PDF, a_file, an_item, do
from tests.test_doors import bearer
from tests.test_obligations import Opened, a_chair, a_cycle, on
from tests.test_promises import store
from tests.test_web import LINKS, Site

__all__ = ["store"]  # the pages are the same on both databases
PAGE = "/meetings/SOM14"


@pytest.fixture
def site(open_office: Opened, tmp_path: Path) -> Site:
    """SOM14 was put off from the first quarter of 2020; one item wants a paper of Cambodia."""
    bench = open_office("2019-10-14T03:00")
    a_chair(bench.office)
    bench.office.do(PlanSom(som="SOM14", host="VN", on=on("2020-Q1")), by="un-act")
    for function in ("som-hosting", "som-preparation"):
        a_cycle(bench.office, function, "SOM14")
    an_item(bench)
    moved = PostponeSom(som="SOM14", to=on("2020-06-09"), reason="Illness.", source="A letter")
    bench.office.do(moved, by="un-act")
    return Site(bench, tmp_path)


def linked(site: Site, purpose: str, subject: str, contact: str) -> str:
    """The path of a mailed link."""
    with site.bench.office.store.write() as session:
        now = site.bench.clock.now()
        return LINKS.mint(session, purpose, subject, contact, now + timedelta(days=60), now)


def hand_in(site: Site, path: str, name: str = "paper.pdf", content: bytes = PDF) -> int:
    nonce = LINKS.nonce(path.rpartition("/")[2])
    answer = site.browser.post(
        f"{path}/document", data={"nonce": nonce}, files={"file": (name, content)}
    )
    return answer.status_code


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in SQLModel.metadata.sorted_tables
        }


# -- the page --------------------------------------------------------------------------------------


def test_the_page_tells_both_plans_the_reason_the_source_and_what_it_set_off(site: Site) -> None:
    page = site.browser.get(PAGE).text
    for words in (
        "SOM14 in Viet Nam",
        "first quarter of 2020, date not fixed",
        "<strong>9 June 2020</strong>, by UN-ACT: Illness.",
        "A letter",
        "Both plans",
        "Viet Nam is to hold the chair until SOM14 is closed, about 70 days later",
        "nothing was asked for yet",  # civil society: its cycle was never opened
        "while that is put off, it stays in planning",
        "UN-ACT closes 21 days or more after the new date",
        "Referral mechanisms",
    ):
        assert words in page, words
    row = re.search(r"Delegation named.*?</tr>", page, re.DOTALL)
    assert row
    assert "3 Mar 2020, provisional" in row[0]
    assert "11 May 2020" in row[0]


def test_the_board_leads_to_the_page(site: Site) -> None:
    assert f'href="{PAGE}"' in site.browser.get("/").text


def test_the_demo_s_2018_tells_its_own_postponement(replayed: Settings) -> None:
    shown = cli("som", "show", "SOM13", environment=BARE | {
        "SECRETARIAT_DATA_DIR": str(replayed.directory)})  # fmt: skip
    for words in (
        "First planned: fourth quarter of 2018",
        "from fourth quarter of 2018 to first quarter of 2019: Resources are limited in China.",
        "Source: UN-ACT annual report 2018",
        "Civil society platform: 2 of 2 steps moved",
        "China holds the chair about 90 days longer",
    ):
        assert words in shown.stdout, words
    office = open_office(replayed)
    with office.store.read() as session:
        seen = meeting.meeting(session, office.programme, "SOM13", office.clock.now())
    assert [one.inferred for one in seen.items] == [True] * 10  # the report has no agenda


def test_reading_changes_nothing(site: Site) -> None:
    silence = under_silence(site)
    paths = [PAGE, linked(site, "silence", silence, "tf-kh-head")]
    paths += [linked(site, "obligation", key, "tf-kh-focal-point") for key in (PAPER, NAMED)]
    before = everything(site.bench.office.store)
    for path in paths:
        assert site.browser.get(path).status_code == 200
        assert site.browser.head(path).status_code == 200
    assert everything(site.bench.office.store) == before


def test_a_meeting_that_is_not_planned_has_no_page(site: Site) -> None:
    assert site.browser.get("/meetings/SOM99").status_code == 404


def test_the_page_of_a_past_day_shows_what_was_so_then(site: Site) -> None:
    page = site.browser.get(f"{PAGE}?at=2019-10-13").text
    assert "There is no meeting" in page
    site.bench.clock.advance_to(at("2019-12-01T03:00"))
    assert (
        "You look at <strong>20 November 2019</strong>"
        in site.browser.get(f"{PAGE}?at=2019-11-20").text
    )


def test_who_steers_acts_on_the_page_and_others_do_not(site: Site) -> None:
    form = {"act": "add-item", "title": "Budgets", "presenter": "tf-la", "paper": "true"}
    assert site.browser.post(PAGE, data=form).status_code == 403
    site.sign_in("tf-kh-head")
    assert "Put it on the agenda" not in site.browser.get(PAGE).text
    assert site.browser.post(PAGE, data=form).status_code == 403
    site.sign_in("un-act-head")
    assert "Put it on the agenda" in site.browser.get(PAGE).text
    seen = site.browser.post(PAGE, data=form | {"preview": "1"}).text
    assert "item 2 was put on the agenda of SOM14: Budgets" in seen
    assert site.browser.post(PAGE, data=form).headers["location"].startswith(f"{PAGE}?did=")
    assert "Budgets" in site.browser.get(PAGE).text


def test_what_somebody_wrote_is_never_markup(site: Site) -> None:
    do(site.bench, AddItem(som="SOM14", title="<script>alert(1)</script>", presenter="tf-kh"))
    assert "<script>" not in site.browser.get(PAGE).text


# -- handing in ------------------------------------------------------------------------------------


def test_a_paper_is_handed_in_by_its_mailed_link_and_again_in_a_later_version(site: Site) -> None:
    path = linked(site, "obligation", PAPER, "tf-kh-focal-point")
    assert hand_in(site, path) == 303
    assert hand_in(site, path, content=PDF + b"2") == 303
    assert (
        "already handed in by Cambodia task force"
        in site.browser.post(
            f"{path}/document",
            data={"nonce": LINKS.nonce(path.rpartition("/")[2])},
            files={"file": ("paper.pdf", PDF + b"2")},
        ).text
    )
    page = site.browser.get(path).text
    assert "version 2" in page
    got = site.browser.get(f"{path}/document?version=1")
    assert got.content == PDF
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_may_not_come_in_changes_nothing(site: Site) -> None:
    path = linked(site, "obligation", PAPER, "tf-kh-focal-point")
    before = everything(site.bench.office.store)
    assert hand_in(site, path, "paper.pdf", b"MZ") == 400
    assert hand_in(site, path, "paper.exe", PDF) == 400
    assert hand_in(site, path, "paper.pdf", PDF + bytes(LARGEST + 200_000)) == 400
    assert site.browser.post(f"{path}/document", data={"nonce": "guessed"}).status_code == 403
    assert everything(site.bench.office.store) == before


def test_a_link_gives_documents_of_its_own_object_only(site: Site) -> None:
    hand_in(site, linked(site, "obligation", PAPER, "tf-kh-focal-point"))
    others = linked(site, "obligation", NAMED, "tf-kh-focal-point")
    assert site.browser.get(f"{others}/document?version=1").status_code == 404
    assert hand_in(site, others) == 400
    assert site.browser.get(f"/documents/{PAPER}?version=1").status_code == 403
    site.sign_in("tf-kh-head")
    assert site.browser.get(f"/documents/{PAPER}?version=1").content == PDF


def test_a_document_is_filed_on_the_page_by_its_body_and_by_no_other(site: Site) -> None:
    for contact, status in (("tf-la-head", 403), ("tf-kh-head", 303)):
        site.sign_in(contact)
        answer = site.browser.post(f"/documents/{PAPER}", files={"file": ("a.pdf", PDF)})
        assert answer.status_code == status
    page = site.browser.get(PAGE).text
    assert "a.pdf, version 1" in page
    assert "Cambodia task force filed a.pdf, version 1: Paper handed in, no. 1" in page


def test_a_program_hands_a_paper_in_as_base64(site: Site) -> None:
    act = {"act": "file-document", "obligation": PAPER, "name": "a.pdf"}
    head = bearer(site, "tf-kh-head")
    wrong = site.browser.post("/api/acts", json=act | {"content": "%%%"}, headers=head)
    assert wrong.status_code == 400
    good = act | {"content": b64encode(PDF).decode()}
    assert site.browser.post("/api/acts", json=good, headers=head).status_code == 200
    with site.bench.office.store.read() as session:
        assert session.get_one(Document, f"{PAPER}#1").by == "tf-kh"


def test_a_name_in_another_script_comes_back_as_it_was(site: Site) -> None:
    site.sign_in("tf-kh-head")
    name = "ឯកសារ “1”.pdf"
    site.browser.post(f"/documents/{PAPER}", files={"file": (name, PDF)})
    with site.bench.office.store.read() as session:
        assert session.get_one(Document, f"{PAPER}#1").name == name
    header = site.browser.get(f"/documents/{PAPER}?version=1").headers["content-disposition"]
    assert "filename*=UTF-8''%E1%9E%AF" in header


def test_a_delegation_is_named_by_its_mailed_link(site: Site) -> None:
    path = linked(site, "obligation", NAMED, "tf-kh-focal-point")
    form = {"nonce": LINKS.nonce(path.rpartition("/")[2])}
    people = {"name-0": "Sok Dara", "title-0": "Director", "name-1": " ", "name-2": "=1+1"}
    assert site.browser.post(f"{path}/delegation", data=form).status_code == 400
    sent = form | people | {"head": "0"}
    assert site.browser.post(f"{path}/delegation", data=sent).status_code == 303
    page = site.browser.get(path).text
    assert "2 people are named." in page
    assert 'value="Sok Dara"' in page


def named(site: Site) -> None:
    people = [Delegate(name="Sok Dara", head=True), Delegate(name="=1+1")]
    do(site.bench, NameDelegation(obligation=NAMED, delegates=people), by="tf-kh")


def test_names_are_seen_by_those_who_prepare_the_meeting_and_nobody_else(site: Site) -> None:
    named(site)
    for contact, sees in (
        ("", False),
        ("tf-la-head", False),
        ("chair-vn-head", False),  # holds no chair yet
        ("tf-vn-head", True),  # the host
        ("chair-cn-head", True),
        ("un-act-head", True),
    ):
        if contact:
            site.sign_in(contact)
        assert ("Sok Dara" in site.browser.get(PAGE).text) is sees, contact
        listed = site.browser.get(f"{PAGE}/delegates.csv")
        assert (listed.status_code == 200) is sees, contact
    assert "2 named, with a head of delegation" in site.browser.get(PAGE).text


def test_a_spreadsheet_finds_no_formula_in_the_names(site: Site) -> None:
    named(site)
    site.sign_in("un-act-head")
    rows = list(csv.reader(io.StringIO(site.browser.get(f"{PAGE}/delegates.csv").text)))
    assert rows[1:] == [
        ["Cambodia task force", "Sok Dara", "", "yes"],
        ["Cambodia task force", "'=1+1", "", ""],
    ]


def test_names_are_erased_on_the_page_by_those_who_steer(site: Site) -> None:
    named(site)
    site.sign_in("tf-vn-head")
    assert site.browser.post(f"{PAGE}/forget").status_code == 403
    site.sign_in("un-act-head")
    assert site.browser.post(f"{PAGE}/forget").status_code == 303
    with site.bench.office.store.read() as session:
        assert session.exec(select(Attendee)).all() == []
    assert "2 named, with a head of delegation; the names are erased" in site.browser.get(PAGE).text


# -- silence ---------------------------------------------------------------------------------------


def under_silence(site: Site) -> str:
    do(site.bench, a_file("draft.pdf", obligation=DRAFT), by="chair")
    do(site.bench, CirculateStatement(som="SOM14"))
    return "SOM14/statement-1"


def written(site: Site, mail: Mail) -> str:
    """What a mail says when it is written now."""
    office = site.bench.office
    composer = Composer(office.programme, LINKS, "secretariat@board.example")
    with office.store.write() as session:
        found = session.get_one(Mail, mail.id)
        composer.freeze(session, found, office.clock.now())
        message = BytesParser(policy=SMTP).parsebytes(found.content or b"")
    plain = message.get_body(("plain",))
    assert plain
    return " ".join(plain.get_content().split())


def test_the_mail_of_a_draft_says_what_silence_means_and_leads_to_it(site: Site) -> None:
    under_silence(site)
    with site.bench.office.store.read() as session:
        query = select(Mail).where(Mail.template == "statement", Mail.contact == "tf-kh-head")
        mail = session.exec(query).one()
    text = written(site, mail)
    assert "adopted unless a government objects by the end of 28 October 2019" in text
    assert "If you agree, you need do nothing." in text
    assert "/link/" in text


def test_a_government_objects_by_its_link_with_a_reason(site: Site) -> None:
    path = linked(site, "silence", under_silence(site), "tf-kh-head")
    assert site.browser.get(f"{path}/document").content == PDF
    assert site.press(path, answer="object", words=" ").status_code == 400
    assert site.press(path, answer="accept", words="Yes.").status_code == 400
    assert site.press(path, answer="object", words="Article 3.").status_code == 303
    assert "Cambodia task force objected on" in site.browser.get(path).text
    assert "already objected" in site.press(path, answer="object", words="Article 4.").text
    with site.bench.office.store.read() as session:
        assert [o.reason for o in session.exec(select(Objection))] == ["Article 3."]


def test_an_objection_too_late_gets_a_clear_sentence(site: Site) -> None:
    first = linked(site, "silence", under_silence(site), "tf-kh-head")
    late = linked(site, "silence", "SOM14/statement-1", "tf-la-head")
    site.press(first, answer="object", words="Article 3.")
    site.bench.clock.advance_to(at("2019-10-29T03:00"))
    refused = site.press(late, answer="object", words="Article 4.")
    assert refused.status_code == 409
    assert "The time to object to this draft ended with 28 October 2019." in refused.text


def test_a_government_objects_on_the_page_and_the_secretariat_does_not(site: Site) -> None:
    form = {"statement": under_silence(site), "reason": "Article 3."}
    for contact, status in (("un-act-head", 403), ("tf-th-head", 303)):
        site.sign_in(contact)
        assert site.browser.post(f"{PAGE}/object", data=form).status_code == status
    assert "Thailand task force objected" in site.browser.get(PAGE).text


# -- the pack, the terminal, the flows -------------------------------------------------------------


def words_of(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.split())


def test_the_pack_has_agenda_papers_counts_and_statement_and_no_name(site: Site) -> None:
    do(site.bench, a_file("paper.md", b"# Referral\n\nTwo consultations were held."), by="tf-kh")
    named(site)
    under_silence(site)
    assert site.browser.get(f"{PAGE}/pack.pdf").status_code == 403
    site.sign_in("operations-focal-point")
    assert site.browser.get(f"{PAGE}/pack.pdf").status_code == 403
    assert "pack.pdf" not in site.browser.get(PAGE).text
    site.sign_in("un-act-head")
    assert "pack.pdf" in site.browser.get(PAGE).text
    text = words_of(site.browser.get(f"{PAGE}/pack.pdf").content)
    with site.bench.office.store.read() as session:
        digest = session.get_one(Document, f"{PAPER}#1").sha256
    assert digest in text.replace(" ", "")
    for words in (
        "Agenda pack as of",
        "Referral mechanisms",
        "Version 1 handed in",
        "Two consultations were held.",
        "is adopted unless a government objects by 28 October 2019",
        "First planned",
    ):
        assert words in text, words
    assert "Sok Dara" not in text


def test_a_meeting_is_prepared_at_a_terminal(lived: Settings, tmp_path: Path) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(lived.directory)}
    paper, pack = tmp_path / "paper.txt", tmp_path / "pack.pdf"
    paper.write_text("What was done.")

    def said(*arguments: str, code: int = 0) -> str:
        ran = cli("som", *arguments, environment=environment)
        assert ran.returncode == code, ran.stderr
        return ran.stdout + ran.stderr

    assert "was put on the agenda" in said(
        "add-item", "SOM13", "Budgets", "--presenter", "tf-la", "--paper"
    )
    assert "SOM13 is held at Beijing" in said("venue", "SOM13", "Beijing")
    assert "Several are asked" not in said("file", "SOM13", str(paper), "--item", "4")
    assert "Several are asked; choose one with --of" in said(
        "file", "SOM13", str(paper), "--step", "country-papers", code=2
    )
    assert "cannot be read" in said("file", "SOM13", "nowhere.pdf", "--item", "4", code=2)
    assert "Nobody is asked for that" in said("file", "SOM13", str(paper), "--item", "99", code=2)
    shown = json.loads(said("show", "SOM13", "--json"))
    assert shown["venue"] == "Beijing"
    assert shown["first_planned"] == "2018-Q4"
    assert [d["name"] for d in shown["documents"]] == ["paper.txt"]
    assert "Wrote" in said("pack", "SOM13", "-o", str(pack))
    assert pack.read_bytes().startswith(b"%PDF")
    assert "exists already" in said("pack", "SOM13", "-o", str(pack), code=2)
    copy = tmp_path / "copy.txt"
    said("save", shown["documents"][0]["id"], "-o", str(copy))
    assert copy.read_text() == "What was done."
    assert "tf-xx" in said("add-item", "SOM13", "A", "--presenter", "tf-xx", code=2)


def test_the_flows_say_what_is_missing_and_their_steps_are_safe_to_repeat(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = site.bench
    monkeypatch.setattr(steps, "the_office", lambda: bench.office)
    before = everything(bench.office.store)
    for _ in range(2):
        assert som_preparation.chase_the_papers.fn("SOM14") == (
            "SOM14: 0 of 1 papers handed in; missing: item 1 of Cambodia task force, to be asked"
        )
        assert som_preparation.see_to_the_statement.fn("SOM14").endswith("circulated yet")
        assert "0 of 1 items" in som_preparation.follow_the_minutes.fn("SOM14")
        assert som_preparation.carry_over.fn("SOM14") == (
            "SOM14: nothing carried over from earlier meetings"
        )
        assert "Viet Nam hosts, 9 June 2020; no venue" in som_hosting.host_date_and_venue.fn(
            "SOM14"
        )
        assert "first planned for first quarter of 2020" in (
            som_hosting.what_a_postponement_set_off.fn("SOM14")
        )
        assert "0 of 6 delegations named" in som_hosting.who_comes.fn("SOM14")
    assert everything(bench.office.store) == before

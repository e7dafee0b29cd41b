"""What a meeting is made of: agenda and papers, delegations, statement, minutes, what moves on."""

import io
import zipfile
from base64 import b64encode
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from schemas.act import Act
from schemas.acts import (
    AgreeChair,
    ApproveCalendar,
    CloseCycle,
    CloseSom,
    Done,
    PlanSom,
    PostponeSom,
)
from schemas.anchor import Anchor
from schemas.meeting_acts import (
    AddItem,
    CarryOver,
    ChangeItem,
    CirculateStatement,
    Decide,
    Delegate,
    FileDocument,
    MinuteItem,
    NameDelegation,
    ObjectToStatement,
    SetVenue,
    WithdrawDecision,
    WithdrawItem,
)
from schemas.meeting_tables import (
    AgendaItem,
    Attendee,
    Decision,
    Delegation,
    Document,
    Silence,
    StoredFile,
)
from schemas.tables import Entry, Mail, Obligation, Som, Term
from secretariat import agenda, filetypes, ledger, words
from secretariat.audit import differing
from secretariat.commands import Office, filing
from secretariat.errors import (
    BadInputError,
    ConflictError,
    NotAllowedError,
    SecretariatError,
    UnknownError,
)
from secretariat.timers import tick
from tests.conftest import Bench, at
from tests.test_obligations import Opened, a_chair, a_cycle, live_until, mailed, on

PAPER = "som-preparation/SOM14/paper-1@tf-kh"
DRAFT = "som-preparation/SOM14/draft-statement@chair"
PACK = "som-preparation/SOM14/document-pack@un-act"
NAMED = "som-hosting/SOM14/delegations-named@tf-kh"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\n"


@pytest.fixture
def bench(open_office: Opened) -> Bench:
    """SOM14, on 10 March 2020 in Viet Nam, with China in the chair, everybody asked."""
    found = open_office("2019-10-14T03:00")
    a_chair(found.office)
    found.office.do(PlanSom(som="SOM14", host="VN", on=on("2020-03-10")), by="un-act")
    for function in ("som-hosting", "som-preparation"):
        a_cycle(found.office, function, "SOM14")
    return found


def do(bench: Bench, act: Act, by: str = "un-act") -> list[str]:
    """The kinds of events that followed."""
    return [event.kind for event in bench.office.do(act, by=by)]


def an_item(bench: Bench, title: str = "Referral mechanisms", presenter: str = "tf-kh") -> None:
    do(bench, AddItem(som="SOM14", title=title, presenter=presenter, paper=True))


def a_file(name: str = "paper.pdf", content: bytes = PDF, obligation: str = PAPER) -> FileDocument:
    return FileDocument(obligation=obligation, name=name, content=b64encode(content))


def open_keys(office: Office, milestone: str) -> list[str]:
    with office.store.read() as session:
        query = select(Obligation.id).where(
            Obligation.milestone == milestone, col(Obligation.done_at).is_(None)
        )
        return list(session.exec(query.order_by(Obligation.id)))


def get(office: Office, table: type, key: str) -> object:
    with office.store.read() as session:
        return session.get(table, key)


def the(office: Office, key: str) -> Obligation:
    with office.store.read() as session:
        return session.get_one(Obligation, key)


# -- agenda and papers -----------------------------------------------------------------------------


def test_each_item_that_wants_a_paper_asks_its_presenter_for_it(bench: Bench) -> None:
    an_item(bench)
    an_item(bench, "Joint investigations", "tf-cn")
    do(bench, AddItem(som="SOM14", title="Opening", presenter="chair"))
    assert open_keys(bench.office, "paper") == [
        "som-preparation/SOM14/paper-1@tf-kh",
        "som-preparation/SOM14/paper-2@tf-cn",
    ]
    asked = the(bench.office, PAPER)
    assert asked.title == "Paper handed in: 1. Referral mechanisms"
    assert asked.due_on == date(2020, 2, 3)  # 25 working days of the secretariat before the meeting


def test_a_paper_nobody_hands_in_climbs_the_ladder_of_its_presenter(bench: Bench) -> None:
    an_item(bench)
    live_until(bench, "2020-02-20")
    assert mailed(bench.office, PAPER)[:3] == [
        ("request", "tf-kh-focal-point"),
        ("acknowledge-reminder", "tf-kh-focal-point"),
        ("unacknowledged-head", "tf-kh-head"),
    ]


def test_an_item_put_on_the_agenda_twice_stands_there_once(bench: Bench) -> None:
    an_item(bench)
    assert do(bench, AddItem(som="SOM14", title="Referral mechanisms", presenter="tf-kh")) == []
    with pytest.raises(ConflictError, match="has an item 1 already"):
        do(bench, AddItem(som="SOM14", title="Another", number=1))


def test_another_presenter_is_asked_in_place_of_the_one_before(bench: Bench) -> None:
    an_item(bench)
    do(bench, ChangeItem(som="SOM14", item=1, presenter="tf-la"))
    assert open_keys(bench.office, "paper") == ["som-preparation/SOM14/paper-1@tf-la"]


def test_an_item_in_other_words_is_asked_for_in_these(bench: Bench) -> None:
    an_item(bench)
    do(bench, ChangeItem(som="SOM14", item=1, title="Referral and support"))
    assert the(bench.office, PAPER).title == "Paper handed in: 1. Referral and support"


def test_a_withdrawn_item_asks_nobody_and_its_number_is_not_used_again(bench: Bench) -> None:
    an_item(bench)
    do(bench, WithdrawItem(som="SOM14", item=1, reason="No time."))
    assert open_keys(bench.office, "paper") == []
    an_item(bench, "Budgets")
    assert open_keys(bench.office, "paper") == ["som-preparation/SOM14/paper-2@tf-kh"]
    with pytest.raises(ConflictError, match=r"Item 1 of SOM14 was withdrawn: No time\."):
        do(bench, ChangeItem(som="SOM14", item=1, title="Again"))


def test_a_paper_moves_with_the_meeting(bench: Bench) -> None:
    an_item(bench)
    do(bench, PostponeSom(som="SOM14", to=on("2020-06-09"), reason="Illness."))
    assert the(bench.office, PAPER).due_on == date(2020, 4, 29)


def test_asking_again_changes_nothing(bench: Bench) -> None:
    an_item(bench)
    before = the(bench.office, PAPER)
    a_cycle(bench.office, "som-preparation", "SOM14")
    assert the(bench.office, PAPER) == before


def test_a_paper_is_counted_anew_by_changed_calendars_like_anything_asked(bench: Bench) -> None:
    an_item(bench)
    calendar = bench.office.programme.calendar
    changed = calendar.model_copy(update={"extra_holidays": (date(2020, 3, 2),)})
    office = Office(
        bench.office.store, bench.office.programme.changed(calendar=changed), bench.clock
    )
    office.do(ApproveCalendar(reason="A new holiday."), by="un-act")
    assert the(office, PAPER).due_on == date(2020, 1, 31)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (AddItem(som="SOM15", title="A"), UnknownError, "There is no meeting “SOM15”"),
        (AddItem(som="SOM14", title="A", presenter="tf-xx"), UnknownError, "is no body of COMMIT"),
        (ChangeItem(som="SOM14", item=9, title="A"), UnknownError, "has no item 9"),
        (MinuteItem(som="SOM14", item=1, reached=True), ConflictError, "is still to be held"),
        (Decide(som="SOM14", text="A", body="tf-kh"), ConflictError, "is still to be held"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    bench: Bench, act: Act, error: type[SecretariatError], words: str
) -> None:
    with pytest.raises(error, match=words):
        do(bench, act)


def test_the_agenda_is_for_those_who_steer(bench: Bench) -> None:
    with pytest.raises(NotAllowedError):
        do(bench, AddItem(som="SOM14", title="Ours"), by="tf-kh")


def test_a_paper_without_a_presenter_is_no_item() -> None:
    with pytest.raises(ValueError, match="name one, or ask for no paper"):
        AddItem(som="SOM14", title="A", paper=True)


# -- documents -------------------------------------------------------------------------------------


def test_handing_the_paper_in_does_what_was_asked(bench: Bench) -> None:
    an_item(bench)
    assert do(bench, a_file(), by="tf-kh") == ["document.filed", "obligation.done"]
    with bench.office.store.read() as session:
        filed = session.get_one(Document, f"{PAPER}#1")
        assert session.get_one(StoredFile, filed.sha256).content == PDF
        entry = session.exec(select(Entry).where(Entry.kind == "document.filed")).one()
    assert filed.sha256 in entry.data
    assert "%PDF" not in entry.data


def test_a_later_version_is_kept_beside_the_first_until_the_pack_is_sent(bench: Bench) -> None:
    an_item(bench)
    do(bench, a_file(), by="tf-kh")
    assert do(bench, a_file(), by="tf-kh") == []
    assert do(bench, a_file(content=PDF + b"more"), by="tf-kh") == ["document.filed"]
    do(bench, Done(obligation=PACK))
    with pytest.raises(ConflictError, match="No later version is taken: “Document pack sent”"):
        do(bench, a_file(content=PDF + b"late"), by="tf-kh")
    with bench.office.store.read() as session:
        assert [d.version for d in filing.versions(session, PAPER)] == [2, 1]


def test_only_the_asked_body_and_those_who_steer_hand_in(bench: Bench) -> None:
    an_item(bench)
    with pytest.raises(NotAllowedError):
        do(bench, a_file(), by="tf-la")
    assert do(bench, a_file(), by="chair")[0] == "document.filed"


def test_what_takes_no_document_is_given_none(bench: Bench) -> None:
    with pytest.raises(BadInputError, match="No document is handed in with"):
        do(bench, a_file(obligation=PACK))


def office_file(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as parts:
        for name in names:
            parts.writestr(name, "<xml/>")
    return written.getvalue()


DOCX = office_file("[Content_Types].xml", "word/document.xml")


def named(value: object) -> str | None:
    """Bytes of an archive hold the hour it was made, and would name a test anew each time."""
    return "content" if isinstance(value, bytes) else None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("A.PDF", PDF),
        ("a.docx", DOCX),
        ("a.xlsx", office_file("[Content_Types].xml", "xl/workbook.xml")),
        ("a.txt", "ຫົວຂໍ້\n".encode()),
        ("a.md", b"\xef\xbb\xbf# A heading\r\n"),
    ],
    ids=named,
)
def test_a_file_that_is_what_its_name_says_is_taken(name: str, content: bytes) -> None:
    filetypes.check(name, content)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"MZ\x90\x00", "not what its name says"),
        ("a.docx", PDF, "not what its name says"),
        ("a.docx", office_file("[Content_Types].xml", "xl/workbook.xml"), "not what its name says"),
        (
            "a.docx",
            office_file("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "macros",
        ),
        ("a.docx", DOCX[:40], "not what its name says"),
        ("a.txt", b"\x00\x01", "not what its name says"),
        ("a.txt", b"\xff\xfe", "not what its name says"),
        ("a.exe", b"MZ", "PDF, DOCX, XLSX, TXT or MD"),
        ("a.pdf.exe", PDF, "PDF, DOCX, XLSX, TXT or MD"),
        ("a", PDF, "PDF, DOCX, XLSX, TXT or MD"),
        ("a.pdf", b"", "empty"),
        ("a.pdf", PDF + bytes(filetypes.LARGEST), "larger than 10 MB"),
    ],
    ids=named,
)
def test_another_file_is_refused_whatever_it_is_called(
    name: str, content: bytes, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        filetypes.check(name, content)


@given(st.binary(max_size=200), st.sampled_from([*filetypes.TYPES]))
def test_any_bytes_are_taken_or_refused_and_nothing_breaks(content: bytes, ending: str) -> None:
    try:
        filetypes.check(f"a{ending}", content)
    except BadInputError:
        return
    assert ending in filetypes.TEXT or content[:4] in (b"%PDF", b"PK\x03\x04")


def test_directories_a_browser_puts_before_a_name_are_left_out() -> None:
    assert filetypes.plain_name("C:\\fakepath\\paper.pdf") == "paper.pdf"
    assert filetypes.plain_name("../../etc/paper.pdf") == "paper.pdf"


# -- delegations -----------------------------------------------------------------------------------


def a_delegation(*names: str, head: str = "") -> NameDelegation:
    people = [Delegate(name=name, title="Director", head=name == head) for name in names]
    return NameDelegation(obligation=NAMED, delegates=people)


def test_the_ledger_knows_how_many_come_and_no_name(bench: Bench) -> None:
    assert do(bench, a_delegation("Sok Dara", "Chan Thida", head="Sok Dara"), by="tf-kh") == [
        "delegation.named",
        "obligation.done",
    ]
    with bench.office.store.read() as session:
        assert session.get_one(Delegation, NAMED).count == 2
        assert [one.name for one in filing.attendees(session, NAMED)] == ["Sok Dara", "Chan Thida"]
        said = " ".join(entry.data for entry in session.exec(select(Entry)))
    assert "Sok" not in said
    assert "Director" not in said


def test_a_delegation_named_anew_takes_the_place_of_the_one_before(bench: Bench) -> None:
    do(bench, a_delegation("Sok Dara", "Chan Thida"), by="tf-kh")
    assert do(bench, a_delegation("Sok Dara", "Chan Thida"), by="tf-kh") == []
    assert do(bench, a_delegation("Chan Thida", head="Chan Thida"), by="tf-kh") == [
        "delegation.named"
    ]
    with bench.office.store.read() as session:
        assert [one.name for one in session.exec(select(Attendee))] == ["Chan Thida"]


def test_names_are_erased_and_the_ledger_stays_whole(bench: Bench) -> None:
    do(bench, a_delegation("Sok Dara"), by="tf-kh")
    with bench.office.store.write() as session:
        assert filing.forget_all(session, "SOM14") == 1
    with bench.office.store.read() as session:
        assert session.exec(select(Attendee)).all() == []
        assert session.get_one(Delegation, NAMED).count == 1
    assert differing(bench.office.store) == []


def test_a_delegation_has_one_head() -> None:
    people = [Delegate(name="A", head=True), Delegate(name="B", head=True)]
    with pytest.raises(ValueError, match="has one head"):
        NameDelegation(obligation=NAMED, delegates=people)


# -- the silence procedure -------------------------------------------------------------------------


def circulated(bench: Bench) -> Silence:
    do(bench, a_file("draft.pdf", obligation=DRAFT), by="chair")
    do(bench, CirculateStatement(som="SOM14"))
    found = get(bench.office, Silence, "SOM14/statement-1")
    assert isinstance(found, Silence)
    return found


def state_of(bench: Bench, number: int = 1) -> str:
    with bench.office.store.read() as session:
        return session.get_one(Silence, f"SOM14/statement-{number}").state


def an_objection(number: int = 1) -> ObjectToStatement:
    return ObjectToStatement(statement=f"SOM14/statement-{number}", reason="Article 3.")


def test_a_draft_is_adopted_when_nobody_objects_by_its_last_day(bench: Bench) -> None:
    silence = circulated(bench)
    bench.clock.advance_to(silence.ends_at - timedelta(minutes=1))
    tick(bench.office)
    assert state_of(bench) == "open"
    bench.clock.advance_to(silence.ends_at)
    tick(bench.office)
    assert state_of(bench) == "adopted"


def test_the_silence_lasts_eight_working_days_in_every_country(bench: Bench) -> None:
    """From 14 October 2019: Cambodia is off on the 15th and the 23rd, so it is the last."""
    assert circulated(bench).until == date(2019, 10, 28)


def test_each_government_is_told_once_and_those_who_steer_of_an_objection(bench: Bench) -> None:
    circulated(bench)
    do(bench, an_objection(), by="tf-kh")
    do(bench, an_objection(), by="tf-kh")
    with bench.office.store.read() as session:
        mails = session.exec(select(Mail).where(Mail.template == "statement")).all()
    told = [(mail.context["kind"], mail.contact) for mail in mails]
    assert len(told) == len(set(told)) == 12 + 2
    assert ("objected", "un-act-head") in told
    assert ("objected", "chair-cn-head") in told


def test_an_objection_stops_adoption_for_good(bench: Bench) -> None:
    silence = circulated(bench)
    do(bench, an_objection(), by="tf-kh")
    bench.clock.advance_to(silence.ends_at + timedelta(days=1))
    tick(bench.office)
    assert state_of(bench) == "broken"


def test_a_late_objection_is_refused_even_if_the_timer_was_late_too(bench: Bench) -> None:
    silence = circulated(bench)
    bench.clock.advance_to(silence.ends_at + timedelta(minutes=1))
    with pytest.raises(ConflictError, match="ended with 2019-10-28: it is adopted"):
        do(bench, an_objection(), by="tf-kh")
    tick(bench.office)
    assert state_of(bench) == "adopted"


def test_a_newer_draft_takes_the_place_of_one_under_silence(bench: Bench) -> None:
    circulated(bench)
    do(bench, a_file("draft.pdf", PDF + b"2", obligation=DRAFT), by="chair")
    do(bench, CirculateStatement(som="SOM14"))
    assert (state_of(bench, 1), state_of(bench, 2)) == ("replaced", "open")
    with pytest.raises(ConflictError, match="A newer draft was circulated"):
        do(bench, an_objection(1), by="tf-kh")
    live_until(bench, "2019-11-01")
    assert (state_of(bench, 1), state_of(bench, 2)) == ("replaced", "adopted")
    with pytest.raises(ConflictError, match="is adopted already"):
        do(bench, CirculateStatement(som="SOM14"))


def test_circulating_twice_is_circulating_once(bench: Bench) -> None:
    circulated(bench)
    assert do(bench, CirculateStatement(som="SOM14")) == []


def test_without_a_draft_nothing_is_circulated(bench: Bench) -> None:
    with pytest.raises(ConflictError, match="No draft of the joint statement of SOM14 is filed"):
        do(bench, CirculateStatement(som="SOM14"))


def test_a_day_that_is_past_gives_no_time_to_object(bench: Bench) -> None:
    do(bench, a_file("draft.pdf", obligation=DRAFT), by="chair")
    with pytest.raises(BadInputError, match="2019-10-13 is past"):
        do(bench, CirculateStatement(som="SOM14", until=date(2019, 10, 13)))


def test_only_governments_object(bench: Bench) -> None:
    circulated(bench)
    with pytest.raises(NotAllowedError):
        do(bench, an_objection(), by="un-act")


# -- minutes, decisions, what moves on -------------------------------------------------------------


def held(bench: Bench) -> None:
    an_item(bench)
    an_item(bench, "Joint investigations", "tf-cn")
    bench.clock.advance_to(at("2020-03-10T09:00"))


def test_a_decision_obliges_the_body_it_asks_and_is_reminded_of(bench: Bench) -> None:
    held(bench)
    decided = Decide(
        som="SOM14", text="Draft the framework.", body="tf-la", do_by=date(2020, 9, 30), item=1
    )
    assert do(bench, decided) == ["decision.recorded", "obligation.asked"]
    assert do(bench, decided) == []
    key = "som-preparation/SOM14/decision-1@tf-la"
    asked = the(bench.office, key)
    assert asked.due_on == date(2020, 9, 30)
    assert asked.title == "Decision carried out: Draft the framework."
    live_until(bench, "2020-04-01")
    assert mailed(bench.office, key) == [("request", "tf-la-focal-point"),
        ("unacknowledged-head", "tf-la-head")]  # fmt: skip
    with pytest.raises(ConflictError, match="is not over"):
        bench.office.do(CloseCycle(function="som-preparation", cycle="SOM14"), by="engine")


def test_a_decision_without_a_day_is_due_by_the_programme(bench: Bench) -> None:
    held(bench)
    do(bench, Decide(som="SOM14", text="Report.", body="tf-la"))
    assert the(bench.office, "som-preparation/SOM14/decision-1@tf-la").due_on == date(2020, 9, 10)


def test_a_withdrawn_decision_asks_nobody(bench: Bench) -> None:
    held(bench)
    do(bench, Decide(som="SOM14", text="Report.", body="tf-la"))
    withdrawn = WithdrawDecision(som="SOM14", decision=1, reason="Minuted twice.")
    assert do(bench, withdrawn) == ["decision.withdrawn", "obligation.released"]
    assert do(bench, withdrawn) == []
    found = get(bench.office, Decision, "SOM14/decision-1")
    assert isinstance(found, Decision)
    assert found.withdrawn_why == "Minuted twice."


def test_items_not_reached_move_to_the_next_meeting_of_an_agreed_chair(bench: Bench) -> None:
    held(bench)
    do(bench, MinuteItem(som="SOM14", item=1, reached=True, summary="Agreed."))
    do(bench, MinuteItem(som="SOM14", item=2, reached=False))
    do(bench, AgreeChair(som="SOM15", member="KH"))
    do(bench, CloseSom(som="SOM14"))
    with bench.office.store.read() as session:
        following = session.get_one(Som, "SOM15")
        carried = session.get_one(AgendaItem, "SOM15/item-1")
        assert session.get_one(Term, "SOM15").took_office_at
    assert (following.host, following.anchor) == ("KH", "2021-Q1")
    assert (carried.title, carried.carried_from) == ("Joint investigations", "SOM14/item-2")
    assert do(bench, CarryOver(som="SOM15")) == []


def test_what_waits_for_a_chair_moves_on_once_the_next_meeting_is_planned(bench: Bench) -> None:
    held(bench)
    do(bench, CloseSom(som="SOM14"))
    assert get(bench.office, Som, "SOM15") is None
    do(bench, PlanSom(som="SOM15", host="KH", on=on("2021-03-09")))
    with bench.office.store.read() as session:
        carried = session.exec(select(AgendaItem).where(AgendaItem.som == "SOM15")).all()
    assert [item.title for item in carried] == ["Referral mechanisms", "Joint investigations"]


def test_a_paper_of_what_moved_on_is_asked_for_there_and_no_longer_here(bench: Bench) -> None:
    held(bench)
    do(bench, AgreeChair(som="SOM15", member="KH"))
    do(bench, CloseSom(som="SOM14"))
    a_cycle(bench.office, "som-preparation", "SOM14")
    a_cycle(bench.office, "som-preparation", "SOM15")
    assert open_keys(bench.office, "paper") == [
        "som-preparation/SOM15/paper-1@tf-kh",
        "som-preparation/SOM15/paper-2@tf-cn",
    ]


def test_minutes_written_after_the_close_take_a_carried_item_off_again(bench: Bench) -> None:
    held(bench)
    do(bench, AgreeChair(som="SOM15", member="KH"))
    do(bench, CloseSom(som="SOM14"))
    do(bench, MinuteItem(som="SOM14", item=1, reached=True))
    carried = get(bench.office, AgendaItem, "SOM15/item-1")
    assert isinstance(carried, AgendaItem)
    assert carried.withdrawn_why == "It was reached at SOM14 after all."


def test_the_next_meeting_is_planned_for_the_day_that_is_given(bench: Bench) -> None:
    held(bench)
    do(bench, AgreeChair(som="SOM15", member="KH"))
    do(bench, CloseSom(som="SOM14", next_on=on("2021-05-04")))
    found = get(bench.office, Som, "SOM15")
    assert isinstance(found, Som)
    assert found.anchor == "2021-05-04"


@given(
    st.dates(date(1995, 1, 1), date(2190, 12, 31)),
    st.integers(1, 60),
    st.dates(date(1995, 1, 1), date(2190, 12, 31)),
)
def test_the_next_quarter_is_never_past_and_never_before_its_interval(
    held_on: date, months: int, today: date
) -> None:
    found = agenda.next_quarter(Anchor(day=held_on), months, today)
    assert found.tentative
    assert found.day >= today
    later = (found.day.year - held_on.year) * 12 + found.day.month - held_on.month
    assert later >= months


# -- venue and calendars ---------------------------------------------------------------------------


def test_the_venue_is_told_once_to_everybody_whose_calendar_has_the_day(bench: Bench) -> None:
    do(bench, SetVenue(som="SOM14", venue="National Convention Center, Ha Noi"))
    assert do(bench, SetVenue(som="SOM14", venue="National Convention Center, Ha Noi")) == []
    with bench.office.store.read() as session:
        mails = session.exec(select(Mail).where(Mail.template == "meeting")).all()
    told = [mail for mail in mails if mail.context["venue"]]
    assert len(told) == 8  # six task forces, the chair, the secretariat
    assert {mail.context["sequence"] for mail in told} == {1}


def test_a_meeting_is_planned_with_its_venue(bench: Bench) -> None:
    do(bench, PlanSom(som="SOM15", host="KH", on=on("2021-Q1"), venue="Phnom Penh"))
    found = get(bench.office, Som, "SOM15")
    assert isinstance(found, Som)
    assert found.venue == "Phnom Penh"


# -- all of it -------------------------------------------------------------------------------------


def test_everything_is_made_anew_from_the_ledger_alone(bench: Bench) -> None:
    held(bench)
    do(bench, a_file(), by="tf-kh")
    do(bench, a_delegation("Sok Dara"), by="tf-kh")
    circulated(bench)
    do(bench, an_objection(), by="tf-th")
    do(bench, Decide(som="SOM14", text="Report.", body="tf-la"))
    do(bench, MinuteItem(som="SOM14", item=2, reached=False))
    do(bench, AgreeChair(som="SOM15", member="KH"))
    do(bench, CloseSom(som="SOM14"))
    assert differing(bench.office.store) == []
    with bench.office.store.read() as session:
        for entry in session.exec(select(Entry)):
            said = words.sentence(bench.office.programme, ledger.event(entry), entry.by)
            assert "{" not in said
            assert said != entry.subject

"""Days that mails put into calendars: once, in the reader's country, moved and taken out again."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import fast_mail_parser
import icalendar
import pytest
import vobject
from sqlmodel import select

from notifications.appointments import Appointment, last_day
from notifications.envelope import address
from notifications.invitations import Invitation
from schemas.acts import PlanSom, PostponeSom
from schemas.programme import Programme
from schemas.tables import Mail, Obligation
from secretariat.timers import tick
from tests.conftest import Bench, at
from tests.test_envelope import SCRIPTS, read
from tests.test_mails_as_sent import about_the_host, climbed
from tests.test_obligations import HOST, Opened, on
from tests.test_outbox import Server, an_outbox, one_request, server, url_of

__all__ = ["server"]


def event(mail: EmailMessage) -> Any:
    """The one event of a mail, the same in its part, in its file, and to two libraries."""
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "invitation.ics"
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert part.get_content().replace("\r\n", "\n") == content.decode().replace("\r\n", "\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(content)
    assert part.get_param("method") == calendar["method"]
    (found,) = calendar.walk("VEVENT")
    again = vobject.readOne(content.decode()).vevent
    assert again.uid.value == found["uid"]
    assert again.summary.value == found["summary"]
    assert again.description.value == found["description"]
    assert again.dtstart.value == found["dtstart"].dt
    assert found["organizer"] == f"mailto:{mail['from'].addresses[0].addr_spec}"
    assert found["attendee"] == f"mailto:{mail['to'].addresses[0].addr_spec}"
    found["method"] = calendar["method"]
    return found


def calendars(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk() if "cal" in part.get_content_type()]


def test_a_request_brings_its_last_day_once_and_leaves_the_day_free(
    open_office: Opened, server: Server
) -> None:
    bench = climbed(open_office, server, "2019-11-20T03:00")
    asked, *later = about_the_host(bench, server)
    found = event(asked)
    assert (found["method"], found["sequence"], found["status"]) == ("REQUEST", 0, "CONFIRMED")
    assert found["dtstart"].dt == date(2019, 11, 12)
    assert found["dtend"].dt == date(2019, 11, 13)
    assert found["transp"] == "TRANSPARENT"
    assert found["summary"] == "Host confirms date and venue (SOM hosting, SOM14)"
    assert "https://board.example/link/" in found["url"]
    assert found["url"] in found["description"]
    assert later and not any(calendars(mail) for mail in later)


def test_a_provisional_day_is_in_nobody_s_calendar(open_office: Opened, server: Server) -> None:
    bench = one_request(open_office)
    with bench.office.store.write() as session:
        session.get_one(Obligation, HOST).provisional = True
    an_outbox(bench, url_of(server)).drain()
    (mail,) = about_the_host(bench, server)
    assert calendars(mail) == []


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Asia/Ho_Chi_Minh", 12),
        ("Asia/Shanghai", 13),
        ("Asia/Yangon", 12),
        ("America/New_York", 12),
    ],
)
def test_the_last_day_is_the_reader_s(commit: Programme, zone: str, day: int) -> None:
    end_in_viet_nam = datetime(2019, 11, 12, 17, tzinfo=UTC)
    contact = commit.contacts[0].model_copy(update={"zone": zone})
    assert last_day(end_in_viet_nam, contact) == date(2019, 11, day)


def moved(bench: Bench, server: Server, to: str) -> EmailMessage:
    """The mail to the host's focal point about the meeting's move."""
    server.taken.clear()
    bench.office.do(PostponeSom(som="SOM14", to=on(to), reason="An election"), by="un-act")
    bench.clock.advance_to(bench.clock.now() + timedelta(days=1))
    an_outbox(bench, url_of(server)).drain()
    mails = [read(content) for content in server.taken]
    (mail,) = [m for m in mails if "focal-point.task-force@vn.example" in m["to"]]
    return mail


def test_when_the_day_moves_so_does_the_event_and_an_open_day_takes_it_out(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    an_outbox(bench, url_of(server)).drain()
    asked = event(about_the_host(bench, server)[0])
    later = event(moved(bench, server, "2020-03-24"))
    assert (later["uid"], later["method"], later["sequence"]) == (asked["uid"], "REQUEST", 1)
    assert later["summary"] == asked["summary"]
    assert later["dtstart"].dt == date(2019, 11, 26)
    off = event(moved(bench, server, "2020-Q2"))
    assert (off["uid"], off["method"], off["sequence"]) == (asked["uid"], "CANCEL", 2)
    assert off["dtstart"].dt == date(2019, 11, 26)
    back = event(moved(bench, server, "2020-04-14"))
    assert (back["uid"], back["method"], back["sequence"]) == (asked["uid"], "REQUEST", 3)


def invited(bench: Bench, server: Server) -> dict[str, EmailMessage]:
    """Who is written to about the meeting since the last look, and how."""
    server.taken.clear()
    bench.clock.advance_to(bench.clock.now() + timedelta(days=7))
    tick(bench.office)
    an_outbox(bench, url_of(server)).drain()
    mails = [read(content) for content in server.taken]
    return {
        mail["to"].addresses[0].addr_spec: mail for mail in mails if mail["subject"][:3] == "SOM"
    }


def test_a_meeting_with_a_day_is_in_the_calendar_of_all_who_meet_and_moves_there(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2019-01-03T03:00")

    def postponed(to: str) -> dict[str, EmailMessage]:
        bench.office.do(PostponeSom(som="SOM14", to=on(to), reason="An election"), by="un-act")
        return invited(bench, server)

    bench.office.do(PlanSom(som="SOM14", host="VN", on=on("2020-Q1")), by="un-act")
    assert invited(bench, server) == {}, "a quarter is no day"
    first = postponed("2020-03-10")
    assert "coordinator@un-act.example" in first
    assert len([who for who in first if who.startswith("head.task-force@")]) == 6
    seen = [event(mail) for mail in first.values()]
    assert {found["uid"] for found in seen} == {seen[0]["uid"]}
    assert {(found["dtstart"].dt, found["transp"]) for found in seen} == {
        (date(2020, 3, 10), "OPAQUE")
    }
    moved = event(postponed("2020-04-14")["head.task-force@la.example"])
    assert (moved["uid"], moved["method"]) == (seen[0]["uid"], "REQUEST")
    assert moved["sequence"] == seen[0]["sequence"] + 1
    assert moved["dtstart"].dt == date(2020, 4, 14)
    off = event(postponed("2020-Q3")["head.task-force@la.example"])
    assert (off["uid"], off["method"], off["status"]) == (moved["uid"], "CANCEL", "CANCELLED")
    assert off["sequence"] == moved["sequence"] + 1
    assert off["dtstart"].dt == date(2020, 4, 14), "the day it was in the calendar"
    assert postponed("2020-Q4") == {}, "it is in no calendar"
    assert event(postponed("2020-10-06")["head.task-force@la.example"])["method"] == "REQUEST"


def test_a_meeting_moved_twice_before_anybody_was_told_is_told_once(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2019-01-03T03:00")
    bench.office.do(PlanSom(som="SOM14", host="VN", on=on("2020-03-10")), by="un-act")
    bench.office.do(
        PostponeSom(som="SOM14", to=on("2020-04-14"), reason="An election"), by="un-act"
    )
    mails = invited(bench, server)
    assert event(mails["head.task-force@la.example"])["dtstart"].dt == date(2020, 4, 14)
    with bench.office.store.read() as session:
        query = select(Mail).where(Mail.template == "meeting", Mail.contact == "tf-la-head")
        assert [mail.state for mail in session.exec(query)] == ["suppressed", "accepted"]


@pytest.mark.parametrize("language", SCRIPTS)
def test_what_anybody_typed_stays_text(language: str) -> None:
    words = f"{SCRIPTS[language]}; a, b\\c"
    invitation = Invitation(
        appointment=Appointment("x", 0, date(2019, 1, 1), f"{words}\r\nEND:VEVENT\r\n"),
        description=f"{words}\n\nsecond\x00 paragraph",
        link="https://board.example/link/a",
        organizer=address('COMMIT "; x', "secretariat@commit.example"),
        attendee=address(f'{words}"\nATTENDEE:mailto:e@x.org', "head@vn.example"),
        language=language,
        written_at=at("2019-01-01T03:00"),
    )
    content = invitation.as_bytes()
    (found,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert found["summary"] == f"{words} END:VEVENT"
    assert found["summary"].params["language"] == language
    assert found["description"] == f"{words}\n\nsecond\ufffd paragraph"
    assert found["attendee"] == "mailto:head@vn.example"
    assert vobject.readOne(content.decode()).vevent.summary.value == f"{words} END:VEVENT"
    assert content == invitation.as_bytes()


def test_a_mail_with_an_invitation_has_no_more_headers_and_reads_as_before(
    open_office: Opened, server: Server
) -> None:
    an_outbox(one_request(open_office), url_of(server)).drain()
    (content,) = server.taken
    again = fast_mail_parser.parse_email(content)
    assert again.warnings == []
    assert [part.filename for part in again.attachments if part.filename] == ["invitation.ics"]
    assert "Host confirms" in again.text_plain[0] and "Host confirms" in again.text_html[0]

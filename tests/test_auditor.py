"""What should have been sent, worked out anew, against what was sent and how it ended."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, delete, select

from schemas.acts import Acknowledge, Done, Snooze
from schemas.tables import Mail, Timer
from secretariat.auditor import Gap
from secretariat.commands import Office, auditing
from secretariat.store import Store
from tests.conftest import BARE, Bench, cli
from tests.test_obligations import HOST, Opened, a_meeting
from tests.test_promises import live, mails, pass_unsent, postpone, store, text_of, wish

__all__ = ["store"]  # the rules are looked at on one database


@pytest.fixture
def bench(open_office: Opened) -> Bench:
    """Viet Nam is to be asked tomorrow, 15 October 2019, and to have done it on 12 November."""
    bench = open_office("2019-10-14T03:00")
    a_meeting(bench)
    return bench


def found(office: Office) -> list[Gap]:
    with office.store.read() as session:
        return auditing.audit(session, office.programme, office.clock.now())


def said(office: Office) -> list[tuple[str, str]]:
    return [(gap.step, gap.why) for gap in found(office) if gap.obligation == HOST]


def ended(office: Office, step: str, state: str, reply: str) -> None:
    with office.store.write() as session:
        for mail in session.exec(select(Mail).where(Mail.obligation == HOST)):
            if mail.context["step"] == step:
                mail.state, mail.reply, mail.ended_at = state, reply, office.clock.now()


def test_a_whole_ladder_climbed_to_its_end_leaves_no_gap(bench: Bench) -> None:
    for day in ("2019-10-16", "2019-10-30", "2019-11-13", "2019-12-12", "2020-01-20"):
        live(bench, day)
        assert found(bench.office) == []


def test_a_step_that_was_lost_is_found(bench: Bench) -> None:
    with bench.office.store.write() as session:
        session.exec(delete(Timer).where(col(Timer.subject) == HOST, col(Timer.step) == 1))
    live(bench, "2019-10-19")
    assert said(bench.office) == [("acknowledge-reminder", "no mail was asked for")]


def test_a_step_that_is_not_repeated_is_found(bench: Bench) -> None:
    live(bench, "2019-11-28")
    with bench.office.store.write() as session:
        session.exec(delete(Timer).where(col(Timer.subject) == HOST, col(Timer.turn) == 1))
    live(bench, "2019-12-20")
    assert said(bench.office) == [
        ("late-secretariat", "it was to be repeated, and no mail was asked for")
    ]


@pytest.mark.parametrize("state", ["refused", "bounced", "expired", "suppressed"])
def test_a_mail_that_did_not_arrive_is_a_gap_with_its_reason(bench: Bench, state: str) -> None:
    live(bench, "2019-10-16")
    ended(bench.office, "request", state, "no such user")
    assert said(bench.office) == [("request", f"{state}: no such user")]


def test_a_mail_that_waits_for_more_than_a_day_is_a_gap(bench: Bench) -> None:
    pass_unsent(bench, "2019-10-15T10:00")
    assert said(bench.office) == []
    pass_unsent(bench, "2019-10-16T10:00")
    assert said(bench.office) == [("request", "waiting")]


def test_what_need_not_be_sent_is_no_gap(bench: Bench) -> None:
    live(bench, "2019-10-16")
    bench.office.do(Acknowledge(obligation=HOST), by="tf-vn")
    live(bench, "2019-10-28")
    bench.office.do(Snooze(obligation=HOST, until=date(2019, 11, 8)), by="tf-vn")
    live(bench, "2019-11-07")
    assert said(bench.office) == []
    bench.office.do(Done(obligation=HOST), by="tf-vn")
    live(bench, "2020-01-10")
    assert said(bench.office) == []


def test_moved_and_extended_days_leave_no_gap(bench: Bench) -> None:
    live(bench, "2019-10-17")
    postpone(bench, "2020-03-24")
    live(bench, "2019-11-07")
    wish(bench, date(2019, 12, 9))
    live(bench, "2020-01-20")
    assert said(bench.office) == []


def test_the_coordinator_is_mailed_each_gap_once(bench: Bench) -> None:
    auditing.begin(bench.office)
    live(bench, "2019-10-16")
    ended(bench.office, "request", "refused", "no such user")
    live(bench, "2019-10-18")
    [mail] = mails(bench.office, "gap")
    assert mail.contact == "un-act-head"
    assert "Why: refused: no such user" in text_of(bench.office, mail)
    live(bench, "2019-10-19")
    ended(bench.office, "acknowledge-reminder", "refused", "no such user")
    live(bench, "2019-10-29")
    steps = [[gap["step"] for gap in m.context["gaps"]] for m in mails(bench.office, "gap")]
    assert steps == [["request"], ["acknowledge-reminder"]]


def test_without_gaps_nobody_is_mailed(bench: Bench) -> None:
    auditing.begin(bench.office)
    auditing.begin(bench.office)
    live(bench, "2019-10-29")
    assert mails(bench.office, "gap") == []


def test_the_audit_at_a_terminal_says_who_got_nothing(
    bench: Bench, store: Store, tmp_path: Path
) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path)}
    live(bench, "2019-10-16")
    told = cli("mail", "audit", environment=environment)
    assert told.returncode == 1, "the machine's clock is years later, when nobody ticked"
    assert "no mail was asked for" in told.stdout

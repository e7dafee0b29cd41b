"""What a tick does after an outage and with very much due at once."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlmodel import col, select

from schemas.programme import Programme
from schemas.tables import Entry, Mail, Obligation, Timer
from secretariat import timers
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.ledger import event as said_in
from secretariat.store import Store
from secretariat.timers import next_due, tick
from tests.conftest import at

ASKED = at("2026-06-01T09:00+07:00")  # a Monday
DUE = at("2026-06-05T17:00Z")
BODIES = ("tf-kh", "tf-cn", "tf-la", "tf-mm", "tf-th", "tf-vn")


def an_office(store: Store, commit: Programme, now: datetime) -> Office:
    return Office(store, commit, VirtualClock(now))


def asked(store: Store, commit: Programme, count: int, steps: dict[int, datetime]) -> None:
    """So many obligations with these steps of the standard ladder waiting for their time."""
    frozen = commit.ladders[0].model_dump(mode="json")
    rows: list[dict[str, Any]] = []
    for n in range(count):
        cycle, body = f"annual-report/{1900 + n}", BODIES[n % len(BODIES)]
        rows.append(
            {
                "id": f"{cycle}/handed-in@{body}",
                "cycle": cycle,
                "function": "annual-report",
                "milestone": "handed-in",
                "title": "Report handed in",
                "body": body,
                "asked_at": ASKED,
                "acknowledge_by": DUE,
                "planned_on": date(2026, 6, 5),
                "promised_on": date(2026, 6, 5),
                "due_on": date(2026, 6, 5),
                "do_by": DUE,
                "ladder": frozen,
            }
        )
    waiting = [
        {"kind": "step", "subject": row["id"], "step": step, "due_at": due_at}
        for step, due_at in steps.items()
        for row in rows
    ]
    with store.write() as session:
        session.execute(insert(Obligation), rows)
        session.execute(insert(Timer), waiting)


def mails(store: Store) -> list[Mail]:
    with store.read() as session:
        return list(session.exec(select(Mail).order_by(col(Mail.id))))


def test_after_an_outage_each_person_gets_one_mail_about_each_obligation_the_last(
    store: Store, commit: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the steps of one obligation are further apart than a batch is long."""
    monkeypatch.setattr(timers, "BATCH", 7)
    asked(store, commit, 30, {0: ASKED, 1: at("2026-06-03T02:00Z"), 5: at("2026-06-04T02:00Z")})
    office = an_office(store, commit, at("2026-06-05T03:00Z"))
    assert tick(office) == 90
    sent = mails(store)
    assert len(sent) == 30
    assert {mail.context["step"] for mail in sent} == {"due-soon"}
    assert {mail.context["hours_late"] for mail in sent} == {25}
    assert Counter((mail.obligation, mail.contact) for mail in sent).most_common(1)[0][1] == 1
    assert tick(office) == 0
    assert len(mails(store)) == 30


def test_what_was_missed_is_told_in_the_order_it_was_due(store: Store, commit: Programme) -> None:
    asked(store, commit, 12, {7: at("2026-06-08T02:00Z")})  # to the head, late
    with store.write() as session:
        for n, timer in enumerate(session.exec(select(Timer))):
            timer.due_at -= timedelta(hours=n)
    office = an_office(store, commit, at("2026-06-09T03:00Z"))
    tick(office)
    with store.read() as session:
        told = [said_in(entry) for entry in session.exec(select(Entry).order_by(col(Entry.seq)))]
    late = [fact.data["hours_late"] for fact in told if fact.kind == "obligation.escalated"]
    assert late == sorted(late, reverse=True)
    assert len(late) == 12


def test_nobody_is_reminded_of_what_was_done_during_the_outage(
    store: Store, commit: Programme
) -> None:
    asked(store, commit, 6, {0: ASKED, 1: at("2026-06-03T02:00Z")})
    with store.write() as session:
        for obligation in session.exec(select(Obligation)):
            obligation.done_at, obligation.done_by = ASKED, obligation.body
    assert tick(an_office(store, commit, at("2026-06-05T03:00Z"))) == 12
    assert mails(store) == []


def test_many_steps_due_in_one_second_are_all_taken_with_few_questions_to_the_store(
    store: Store, commit: Programme
) -> None:
    """And what waits beside them costs nothing."""
    asked(store, commit, 500, {1: at("2026-06-03T02:00Z")})
    later = [
        {"kind": "step", "subject": f"elsewhere/{n}", "step": 0, "due_at": at("2030-01-01")}
        for n in range(10_000)
    ]
    with store.write() as session:
        session.execute(insert(Timer), later)
    asks: list[str] = []
    event.listen(
        store.engine, "before_cursor_execute", lambda *told: asks.append(told[2]), named=False
    )
    assert tick(an_office(store, commit, at("2026-06-03T02:00:01Z"))) == 500
    assert len(mails(store)) == 500
    assert len(asks) < 50  # not one for each
    with store.read() as session:
        left = next_due(session)
    assert left
    assert left.due_at == datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.long
def test_ten_thousand_steps_due_in_one_second_are_all_taken(
    store: Store, commit: Programme
) -> None:
    asked(store, commit, 10_000, {1: at("2026-06-03T02:00Z")})
    assert tick(an_office(store, commit, at("2026-06-03T02:00:01Z"))) == 10_000
    assert len(mails(store)) == 10_000


def test_the_next_timer_is_found_by_an_index(store: Store) -> None:
    """However many wait."""
    query = "select id from timer where claimed_at is null order by due_at limit 1"
    with store.engine.connect() as connection:
        if store.is_sqlite:
            [plan] = connection.exec_driver_sql(f"explain query plan {query}").all()
            assert "USING INDEX ix_timer_due" in plan[3] or "COVERING INDEX ix_timer_due" in plan[3]
        else:
            connection.exec_driver_sql("set enable_seqscan = off")
            plan = connection.exec_driver_sql(f"explain {query}").scalars().all()
            assert any("ix_timer_due" in line for line in plan)

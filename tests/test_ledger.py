"""The history is beyond doubt: whatever is changed in it, the first bad entry is named."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select

from schemas.acts import Offer, Withdraw
from schemas.events import Event
from schemas.read_models import READ_MODELS
from schemas.tables import Entry, Holding, Mail
from secretariat import audit, ledger
from secretariat.audit import parse_head, verify
from secretariat.errors import BadInputError, ConflictError
from secretariat.ledger import BEGINNING, Head
from secretariat.settings import Settings
from secretariat.store import Store, opened
from secretariat.upcasting import newest
from tests.conftest import BARE, Bench, at, cli, seal

KEY = "som-hosting/venue-and-money@chair"


def a_ledger(count: int) -> list[Entry]:
    """A chain of entries as it would be kept."""
    entries: list[Entry] = []
    prev = BEGINNING
    for seq in range(1, count + 1):
        entry = Entry(
            seq=seq,
            at=at("2018-01-01") + timedelta(hours=seq),
            kind=f"kind.{seq % 3}",
            subject=f"subject {seq}",
            by="un-act",
            data=f'{{"n":{seq}}}',
            key=f"key {seq}" if seq % 2 else None,
            prev=prev,
            hash="",
        )
        entry.hash = prev = seal(entry)
        entries.append(entry)
    return entries


def resealed(entries: list[Entry]) -> list[Entry]:
    """What a forger with the code at hand would make of it."""
    prev = BEGINNING
    for seq, entry in enumerate(entries, 1):
        entry.seq, entry.prev = seq, prev
        entry.hash = prev = seal(entry)
    return entries


def head_of(entries: list[Entry]) -> Head:
    return Head(entries[-1].seq or 0, entries[-1].hash)


COUNTS = st.integers(2, 30)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CHANGES: dict[str, Callable[[Entry], Any]] = {
    "at": lambda entry: entry.at + timedelta(microseconds=1),
    "kind": lambda entry: entry.kind + "x",
    "subject": lambda _: "",
    "by": lambda _: "tf-kh",
    "version": lambda _: 2,
    "data": lambda entry: entry.data.replace(":", ": "),
    "key": lambda entry: None if entry.key else "key",
    "prev": lambda entry: entry.hash,
    "hash": lambda entry: entry.prev,
}


@given(TEXT, TEXT, TEXT, TEXT, st.none() | TEXT)
def test_a_seal_is_the_hash_of_all_it_covers_as_json(
    kind: str, subject: str, by: str, data: str, key: str | None
) -> None:
    moment, rest = "2018-01-01T00:00:00.000001+00:00", (kind, subject, by, 2, data, key, BEGINNING)
    words = json.dumps([7, moment, *rest], ensure_ascii=False, separators=(",", ":"))
    found = ledger.seal(7, datetime.fromisoformat(moment), *rest)
    assert found == hashlib.sha256(words.encode()).hexdigest()


@pytest.mark.parametrize("said", ["2018-01-01T00:00+00:00", "2018-01-01T07:00+07:00"])
def test_a_seal_has_the_instant_in_utc_to_the_microsecond_wherever_it_is_made(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = f'[1,"2018-01-01T00:00:00.000000+00:00","k","s","b",1,"{{}}",null,"{BEGINNING}"]'
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Bangkok")
        time.tzset()
        found = ledger.seal(1, at(said), "k", "s", "b", 1, "{}", None, BEGINNING)
    time.tzset()
    assert found == hashlib.sha256(words.encode()).hexdigest()


@given(COUNTS)
def test_an_untouched_ledger_is_whole(count: int) -> None:
    entries = a_ledger(count)
    verdict = verify(entries, [head_of(entries), Head(1, entries[0].hash[:12])])
    assert (verdict.head, verdict.fault) == (head_of(entries), None)


@given(COUNTS, st.data(), st.sampled_from(sorted(CHANGES)))
def test_an_edit_of_anything_is_found_at_its_entry(
    count: int, data: st.DataObject, column: str
) -> None:
    entries = a_ledger(count)
    edited = data.draw(st.integers(0, count - 1))
    setattr(entries[edited], column, CHANGES[column](entries[edited]))
    fault = verify(entries).fault
    assert fault
    assert fault.seq == edited + 1


@given(COUNTS, st.data())
def test_a_deletion_is_found_at_the_entry_after_it(count: int, data: st.DataObject) -> None:
    entries = a_ledger(count)
    gone = data.draw(st.integers(0, count - 2))
    del entries[gone]
    fault = verify(entries).fault
    assert fault
    assert fault.seq == gone + 2
    assert f"entry {gone + 1} was taken out" in fault.why


@given(COUNTS, st.data())
def test_a_deletion_that_renumbers_the_rest_is_found(count: int, data: st.DataObject) -> None:
    entries = a_ledger(count)
    gone = data.draw(st.integers(0, count - 2))
    del entries[gone]
    for seq, entry in enumerate(entries, 1):
        entry.seq = seq
    fault = verify(entries).fault
    assert fault
    assert fault.seq == gone + 1


@given(COUNTS, st.data())
def test_an_insertion_is_found(count: int, data: st.DataObject) -> None:
    """Even one that is sealed well itself: the entry after it was sealed after another."""
    entries = a_ledger(count)
    where = data.draw(st.integers(0, count - 1))
    put_in = a_ledger(1)[0]
    put_in.seq, put_in.prev = where + 1, entries[where - 1].hash if where else BEGINNING
    put_in.subject = "put in"
    put_in.hash = seal(put_in)
    for entry in entries[where:]:
        entry.seq = (entry.seq or 0) + 1
    entries.insert(where, put_in)
    fault = verify(entries).fault
    assert fault
    assert fault.seq == where + 2


@given(COUNTS, st.data())
def test_two_entries_that_changed_places_are_found(count: int, data: st.DataObject) -> None:
    entries = a_ledger(count)
    first = data.draw(st.integers(0, count - 2))
    second = data.draw(st.integers(first + 1, count - 1))
    entries[first], entries[second] = entries[second], entries[first]
    fault = verify(entries).fault
    assert fault
    assert fault.seq == second + 1  # what stands first now does not follow
    for seq, entry in enumerate(entries, 1):
        entry.seq = seq
    fault = verify(entries).fault
    assert fault
    assert fault.seq == first + 1


@given(COUNTS, st.data())
def test_a_ledger_cut_short_is_found_by_any_later_head(count: int, data: st.DataObject) -> None:
    entries = a_ledger(count)
    kept = data.draw(st.integers(0, count - 1))
    noted = data.draw(st.integers(kept, count - 1))
    fault = verify(entries[:kept], [Head(noted + 1, entries[noted].hash[:16])]).fault
    assert fault
    assert fault.seq == kept + 1
    assert f"entry {noted + 1} was noted before" in fault.why


@given(COUNTS, st.data())
def test_a_forged_and_resealed_ledger_is_found_by_an_old_head(
    count: int, data: st.DataObject
) -> None:
    entries = a_ledger(count)
    forged = data.draw(st.integers(0, count - 1))
    noted = data.draw(st.integers(forged, count - 1))
    old = Head(noted + 1, entries[noted].hash[:16])
    entries[forged].data = '{"n":-1}'
    assert verify(resealed(entries)).fault is None
    fault = verify(entries, [old]).fault
    assert fault
    assert fault.seq == noted + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "412",
        "412:",
        ":ab12cd34ef56",
        "412:ab12",
        "4x:ab12cd34ef56",
        "1:AB12CD34EF56",
        "²:ab12cd34ef56",
    ],
)
def test_a_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="is no head of a ledger such as 412:ab12"):
        parse_head(text)


def test_a_head_is_read_as_it_is_printed() -> None:
    found = head_of(a_ledger(3))
    assert str(found) == f"3:{found.hash[:16]}"
    assert parse_head(f" {found}\n") == Head(3, found.hash[:16])


# -- a lived-through store -------------------------------------------------------------------------


@pytest.fixture
def kept(store: Store, open_office: Callable[[str], Bench]) -> Store:
    office = open_office("2018-08-13T03:00").office
    for _ in range(5):
        office.do(Offer(holding=KEY), by="un-act")
        office.do(Withdraw(holding=KEY), by="un-act")
    return store


def fault(store: Store, *noted: str) -> str:
    with store.read() as session:
        verdict = audit.check(session, [parse_head(head) for head in noted])
    return audit.said(verdict) if verdict.fault else ""


def by_sql(store: Store, *statements: str) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_what_was_lived_is_whole_and_makes_the_tables_that_are_there(kept: Store) -> None:
    assert fault(kept) == ""
    assert audit.differing(kept) == []


def test_the_history_until_an_instant_has_what_happened_at_it_in_order_and_nothing_later(
    store: Store,
) -> None:
    with store.write() as session:
        for hour, kind in enumerate(("first", "second", "third", "fourth")):
            event = Event(kind, KEY, {"hour": hour})
            ledger.append(session, [event], at=at(f"2018-01-01T0{hour}:00"), by="un-act")
    with store.read() as session:
        found = [ledger.event(entry) for entry in ledger.until(session, at("2018-01-01T02:00"))]
    assert [(event.kind, event.data["hour"]) for event in found] == [
        ("first", 0), ("second", 1), ("third", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["update ledger set subject = 'x' where seq = 60"], "Entry 60 does not match its seal"),
        (["update ledger set data = '{}' where seq = 1"], "Entry 1 does not match its seal"),
        (["delete from ledger where seq = 60"], "Entry 61 does not follow entry 59: entry 60 was"),
        (
            ["update ledger set seq = -seq where seq in (60, 61)",
             "update ledger set seq = 121 + seq where seq < 0"],
            "Entry 60 does not match its seal",
        ),
        (
            ["delete from ledger where seq = 60", "update ledger set seq = 60 where seq = 135"],
            "Entry 60 does not match its seal",
        ),
    ],
    ids=["edit", "edit the first", "delete", "reorder", "replace"],
)  # fmt: skip
def test_whatever_sql_does_to_the_ledger_is_found(
    kept: Store, statements: list[str], said: str
) -> None:
    by_sql(kept, *statements)
    assert fault(kept).startswith(said)


def test_a_time_that_is_none_is_found(kept: Store) -> None:
    if not kept.is_sqlite:
        pytest.skip("PostgreSQL takes no such time")
    by_sql(kept, "update ledger set at = 'yesterday' where seq = 60")
    assert "cannot be read" in fault(kept)


def test_a_ledger_cut_at_its_end_is_found_by_the_tables_made_from_it(kept: Store) -> None:
    """Without any head noted elsewhere."""
    by_sql(kept, "delete from ledger where seq = (select max(seq) from ledger)")
    assert fault(kept) == ""
    assert audit.differing(kept) == ["holding"]


def test_a_table_changed_beside_the_ledger_is_found_and_put_right(kept: Store) -> None:
    by_sql(
        kept, "update holding set owner = 'tf-kh' where id = 'som-hosting/venue-and-money@chair'"
    )
    assert audit.differing(kept) == ["holding"]
    audit.rebuild(kept)
    assert audit.differing(kept) == []
    with kept.read() as session:
        assert session.get_one(Holding, KEY).owner == "un-act"


def test_rebuilding_what_is_right_changes_no_byte(kept: Store) -> None:
    with kept.read() as session:
        before = [audit.dump(session, table) for table in READ_MODELS]
    audit.rebuild(kept)
    with kept.read() as session:
        assert [audit.dump(session, table) for table in READ_MODELS] == before


def test_nothing_is_rebuilt_from_a_ledger_that_is_not_whole(kept: Store) -> None:
    by_sql(kept, "update ledger set subject = 'x' where seq = 60")
    with kept.read() as session:
        before = [audit.dump(session, table) for table in READ_MODELS]
    with pytest.raises(ConflictError, match=r"Entry 60 does not match .*Nothing was rebuilt"):
        audit.rebuild(kept)
    with kept.read() as session:
        assert [audit.dump(session, table) for table in READ_MODELS] == before


def test_an_exported_ledger_can_be_checked_anywhere(kept: Store) -> None:
    with kept.read() as session:
        lines = [audit.as_line(entry) for entry in audit.entries(session)]
        last = ledger.head(session)
    assert verify(audit.from_lines(lines)).head == last
    lines[9] = lines[9].replace("un-act", "un_act")
    found = verify(audit.from_lines(lines)).fault
    assert found
    assert found.seq == 10
    for none in ("{}", "null", "[" * 100_000):
        with pytest.raises(BadInputError, match="Line 3 is no entry of a ledger"):
            verify(audit.from_lines([*lines[:2], none]))


# -- what the year's mails prove -------------------------------------------------------------------


def terminal(settings: Settings, *arguments: str) -> Any:
    return cli(*arguments, environment=BARE | {"SECRETARIAT_DATA_DIR": str(settings.data_dir)})


def tamper(settings: Settings, *statements: str) -> None:
    with sqlite3.connect(settings.directory / "secretariat.db") as connection:
        for statement in statements:
            connection.execute(statement)


def test_every_mail_prints_the_head_at_its_time(replayed: Settings) -> None:
    store = opened(replayed.store_url)
    with store.read() as session:
        noted = list(audit.noted_heads(session))
        assert len(noted) > sum(m.content is not None for m in session.exec(select(Mail)))
        mail = session.exec(select(Mail).order_by(col(Mail.id).desc())).first()
    assert mail
    assert mail.content
    assert b"Ledger head: " in mail.content


def test_a_replayed_year_verifies_rebuilds_and_exports(lived: Settings, tmp_path: Path) -> None:
    assert "The ledger is whole" in terminal(lived, "ledger", "verify").stdout
    rebuilt = terminal(lived, "ledger", "rebuild")
    assert rebuilt.stdout.count("the same, byte for byte") == len(READ_MODELS)
    exported = terminal(lived, "ledger", "export").stdout
    (tmp_path / "export.jsonl").write_text(exported)
    head = terminal(lived, "ledger", "head").stdout.strip()
    checked = terminal(
        lived, "ledger", "verify", "--file", str(tmp_path / "export.jsonl"), "--head", head
    )
    assert f"head {head}" in checked.stdout


def test_a_forged_year_is_found_by_its_own_mails(lived: Settings) -> None:
    """Somebody edits an early entry and seals everything after it anew."""
    store = opened(lived.store_url)
    with store.write() as session:
        entries = session.exec(select(Entry).order_by(col(Entry.seq))).all()
        entries[200].by = "tf-kh"
        prev = entries[199].hash
        for entry in entries[200:]:
            entry.prev = prev
            entry.hash = prev = seal(entry)
    refused = terminal(lived, "ledger", "verify")
    assert refused.returncode == 2
    assert "but was noted as" in refused.stderr


def test_an_old_copy_put_in_place_is_found_by_a_head_from_a_mail(
    replayed: Settings, lived: Settings
) -> None:
    head = terminal(replayed, "ledger", "head").stdout.strip()
    tamper(
        lived,
        "delete from ledger where seq > 400",
        "delete from outbox",
        "delete from setting",
    )
    refused = terminal(lived, "ledger", "verify", "--head", head)
    assert refused.returncode == 2
    assert "Entry 401 and all after it are missing" in refused.stderr


@pytest.mark.parametrize("argument", ["x", "1:", "0"])
def test_a_head_mistyped_gets_a_sentence(replayed: Settings, argument: str) -> None:
    refused = terminal(replayed, "ledger", "verify", "--head", argument)
    assert refused.returncode == 2
    assert "is no head of a ledger" in refused.stderr


def test_the_ledger_names_nobody(replayed: Settings) -> None:
    """No address and no person: contacts stand in it by their posts only."""
    store = opened(replayed.store_url)
    with store.read() as session:
        everything = "\n".join(audit.as_line(entry) for entry in audit.entries(session))
    assert "@kh.example" not in everything
    assert ".example" not in everything


# -- shapes change ---------------------------------------------------------------------------------

VERSIONS = {"holding.offered": 3}
STEPS = {
    ("holding.offered", 1): lambda data: {"offered_to": data["to"]},
    ("holding.offered", 2): lambda data: data | {"standing": "offered"},
}


def test_an_old_entry_is_read_in_today_s_shape() -> None:
    found = newest("holding.offered", 1, {"to": "tf-la"}, VERSIONS, STEPS)
    assert found == {"offered_to": "tf-la", "standing": "offered"}
    assert newest("holding.offered", 3, found, VERSIONS, STEPS) == found


def test_an_entry_from_the_future_is_not_guessed_at() -> None:
    with pytest.raises(ConflictError, match="written by a newer one"):
        newest("holding.offered", 4, {}, VERSIONS, STEPS)


def test_entries_of_an_act_are_in_today_s_shape_and_the_first_has_its_key(store: Store) -> None:
    act = [Event("obligation.asked", KEY, {"ladder": {}}), Event("holding.offered", KEY, {})]
    with store.write() as session:
        ledger.append(session, act, at=at("2018-01-01"), by="un-act", key="once")
    with store.read() as session:
        entries = session.exec(select(Entry).order_by(col(Entry.seq))).all()
        assert [(entry.version, entry.key) for entry in entries] == [(2, "once"), (1, None)]
        assert [ledger.event(entry) for entry in entries] == act


def test_an_entry_of_the_first_version_still_says_what_it_said() -> None:
    old = a_ledger(1)[0]
    old.kind, old.data = "obligation.asked", '{"ladder":[]}'
    assert ledger.event(old).data["ladder"]["slug"] == "standard"

"""The year 2018, replayed: what the report says must come out."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from notifications import catcher
from schemas.phase import Phase, Transferred
from schemas.programme import Programme
from schemas.read_models import READ_MODELS
from schemas.tables import Entry, Holding, Mail, Obligation, Som
from secretariat import board, history, replaying
from secretariat.audit import dump
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.errors import BadInputError
from secretariat.ledger import BEGINNING
from secretariat.ownership import transferred
from secretariat.programme import SHIPPED, load_history
from secretariat.replaying import Replays, as_of
from secretariat.settings import Settings
from secretariat.store import Store, opened
from tests.conftest import at, seal

PAST = load_history(SHIPPED / "commit-2018.yaml")
FULLY = {
    "chair-rotation",
    "som-hosting",
    "task-force-convening",
    "national-planning",
    "activity-cofinancing",
    "bilateral-agreements",
    "case-management-meetings",
    "joint-operations",
}


def standing(store: Store, programme: Programme, moment: datetime) -> dict[str, Transferred]:
    with as_of(store, moment).read() as session:
        status = board.status(session, programme, moment)
    return {function.slug: function.transferred for function in status.functions}


def live_through(
    store: Store, programme: Programme, pause: Callable[[], None] = lambda: None
) -> Office:
    clock = VirtualClock(PAST.acts[0].at)
    office = Office(store, programme, clock)
    history.replay(PAST, office, clock, pause)
    return office


def head(store: Store) -> tuple[int, str]:
    with store.read() as session:
        last = session.exec(select(Entry).order_by(col(Entry.seq).desc())).first()
        return (last.seq or 0, last.hash) if last else (0, "")


def test_at_the_end_of_2018_eight_functions_are_fully_and_nine_partly_transferred(
    replayed: Settings, commit: Programme
) -> None:
    found = standing(opened(replayed.store_url), commit, at("2018-12-31T23:59:59+07:00"))
    assert Counter(found.values()) == {Transferred.FULLY: 8, Transferred.PARTLY: 9}
    assert {slug for slug, how in found.items() if how is Transferred.FULLY} == FULLY


def test_at_the_start_of_2018_nothing_is_fully_transferred(
    replayed: Settings, commit: Programme
) -> None:
    found = standing(opened(replayed.store_url), commit, at("2018-01-01T23:59:59+07:00"))
    assert Counter(found.values()) == {Transferred.PARTLY: 4, Transferred.NOT: 13}


def test_the_counts_follow_from_the_holdings(replayed: Settings) -> None:
    with opened(replayed.store_url).read() as session:
        phases: dict[str, list[Phase]] = {}
        for holding in session.exec(select(Holding)):
            phases.setdefault(holding.function, []).append(Phase(holding.phase))
    assert {slug for slug, held in phases.items() if transferred(held) == "fully"} == FULLY


def test_china_holds_the_chair_and_viet_nam_is_informally_agreed(replayed: Settings) -> None:
    with opened(replayed.store_url).read() as session:
        chair = board.chair(session)
        som = session.get_one(Som, "SOM13")
    assert (chair.troika.in_office, chair.troika.incoming) == ("CN", "VN")
    assert chair.term and chair.term.agreement == "formal"
    assert chair.incoming and chair.incoming.agreement == "informal"
    assert (som.anchor, som.postponed_from) == ("2019-Q1", "2018-Q4")


def test_five_of_six_task_forces_handed_their_indicators_in_and_china_is_late(
    replayed: Settings,
) -> None:
    with opened(replayed.store_url).read() as session:
        asked = session.exec(
            select(Obligation).where(Obligation.milestone == "indicators-reported")
        ).all()
        late = board.late(session, at("2019-01-03T10:00+07:00"))
    assert len(asked) == 6
    assert [o.body for o in asked if o.done_at is None] == ["tf-cn"]
    assert [o.id for o in late] == ["indicator-collection/2018/indicators-reported@tf-cn"]


def test_the_year_s_mails_were_really_sent_and_all_ended(replayed: Settings) -> None:
    with opened(replayed.store_url).read() as session:
        mails = session.exec(select(Mail)).all()
    caught = [
        message
        for name in catcher.caught(replayed.directory / "caught")
        if (message := catcher.read(replayed.directory / "caught", name))
    ]
    accepted = {mail.message_id for mail in mails if mail.state == "accepted"}
    assert len(accepted) > 30
    assert {mail.state for mail in mails} <= {"accepted", "suppressed", "bundled", "expired"}
    assert accepted == {message["message-id"] for message in caught}
    assert all(mail.accepted_at and mail.accepted_at.year < 2020 for mail in mails if mail.content)


def test_replaying_twice_is_replaying_once(store: Store, commit: Programme) -> None:
    live_through(store, commit)
    before = head(store)
    live_through(store, commit)
    assert head(store) == before


def test_a_replay_broken_off_goes_on_to_the_same_standing(store: Store, commit: Programme) -> None:
    class PowerCutError(Exception):
        pass

    def cut_after(steps: int) -> Callable[[], None]:
        left = iter(range(steps))

        def pause() -> None:
            if next(left, None) is None:
                raise PowerCutError

        return pause

    for steps in (3, 40, 100):
        with pytest.raises(PowerCutError):
            live_through(store, commit, cut_after(steps))
    live_through(store, commit)
    found = standing(store, commit, at("2018-12-31T23:59:59+07:00"))
    assert {slug for slug, how in found.items() if how is Transferred.FULLY} == FULLY
    with store.read() as session:
        keys = session.exec(select(Entry.key).where(col(Entry.key).is_not(None))).all()
    assert len(keys) == len(set(keys))


def test_the_store_as_of_now_equals_the_store(store: Store, commit: Programme) -> None:
    office = live_through(store, commit)
    past = as_of(store, office.clock.now())
    with store.read() as live, past.read() as rebuilt:
        for table in READ_MODELS:
            query = select(table).order_by(*table.__table__.primary_key.columns.values())
            assert [r.model_dump() for r in live.exec(query)] == [
                r.model_dump() for r in rebuilt.exec(query)
            ]


def everything(store: Store) -> list[bytes]:
    with store.read() as session:
        return [dump(session, table) for table in (Entry, *READ_MODELS)]


DAYS = st.dates(date(2017, 12, 1), date(2018, 12, 31)).map(lambda day: at(f"{day}T17:00"))


@settings(max_examples=6)
@given(moments=st.lists(DAYS, min_size=2, max_size=4))
def test_a_past_moment_looks_the_same_whichever_were_looked_at_before(
    replayed: Settings, moments: list[datetime]
) -> None:
    store, replays = opened(replayed.store_url), Replays()
    for moment in moments:
        with patch.object(replaying, "EVERY", 150):
            seen = as_of(store, moment, replays)
        assert everything(seen) == everything(as_of(store, moment))


def test_what_was_kept_of_the_past_is_left_where_the_ledger_is_another(lived: Settings) -> None:
    store, replays = opened(lived.store_url), Replays()
    moment = at("2018-12-30T00:00")
    as_of(store, moment, replays)
    (before,) = replays
    with store.write() as session:
        session.get_one(Entry, before.seq).hash = "another"
    as_of(store, moment, replays)
    assert [kept.hash for kept in replays] == [before.hash, "another"]


def test_what_was_told_before_it_happened_is_not_missing_later(lived: Settings) -> None:
    """As on a machine whose clock went back."""
    store, replays = opened(lived.store_url), Replays()
    with store.write() as session:
        last = session.get_one(Entry, head(store)[0])
        early = session.get_one(Entry, head(store)[0] - 1)
        early.at = last.at + timedelta(hours=1)
    for moment in (last.at, early.at):
        assert everything(as_of(store, moment, replays)) == everything(as_of(store, moment))


def test_every_ledger_entry_seals_the_one_before(store: Store, commit: Programme) -> None:
    live_through(store, commit)
    prev = BEGINNING
    with store.read() as session:
        for entry in session.exec(select(Entry).order_by(col(Entry.seq))):
            assert (entry.prev, entry.hash) == (prev, seal(entry))
            prev = entry.hash
        assert session.exec(select(func.count()).select_from(Entry)).one() > 500


def test_the_ledger_holds_no_address(replayed: Settings) -> None:
    with opened(replayed.store_url).read() as session:
        data = session.exec(select(Entry.data)).all()
    assert not [text for text in data if ".example" in text]


def test_an_act_of_the_past_that_cannot_be_done_is_named(store: Store, commit: Programme) -> None:
    wrong = PAST.acts[0].model_copy(update={"by": "tf-kh"})
    broken = PAST.model_copy(update={"acts": [wrong]})
    clock = VirtualClock(wrong.at)
    with pytest.raises(BadInputError, match="act 1 of commit-2018"):
        history.replay(broken, Office(store, commit, clock), clock, lambda: None)

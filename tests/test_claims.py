"""Which mails leave next, and what becomes of those that need not, cannot or may not."""

import logging
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event, true
from sqlmodel import col, select

from notifications import claims
from notifications.claims import AT_ONCE, BATCH, BEGUN, LEASE, Claimed
from notifications.compose import Composer
from notifications.links import Links
from notifications.outcomes import TRIES
from notifications.returns import Returns
from schemas.programme import Programme
from schemas.tables import Holding, Mail, Obligation, Person, PostHeld, SuspendedAddress, Urgency
from secretariat.commands.posts import ERASED
from secretariat.commands.reach import TEST
from secretariat.store import Store
from tests.conftest import at
from tests.test_links_rules import a_holding, an_obligation, kept

NOW = at("2019-01-03T03:00")  # ten o'clock of a Thursday in Phnom Penh
NIGHT, MORNING = at("2019-01-03T15:00"), at("2019-01-04T02:00")
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
HEAD = "tf-kh-head"


@pytest.fixture
def composer(commit: Programme) -> Composer:
    links = Links(lambda: ["k" * 32], "https://board.example")
    returns = Returns("k" * 32, "bounces@commit.example", "")
    return Composer(commit, links, "secretariat@commit.example", returns=returns)


def unwritten(key: str, **other: Any) -> Mail:
    """A mail as an act asks for it: that a body has ended."""
    facts = {
        "idem_key": key, "asked_at": NOW, "not_before": NOW, "contact": HEAD,
        "template": "ended", "context": {"body": "tf-la", "holdings": []},
    }  # fmt: skip
    return Mail(**facts | other)


def frozen(key: str, **other: Any) -> Mail:
    """A mail that is written, to an address named as itself."""
    content = f"Subject: {key}\r\n\r\nbody\r\n".encode()
    written = {"content": content, "sha256": sha256(content).hexdigest()}
    return unwritten(key, **{"address": f"{key}@a.example"} | written | other)


def sending(key: str, **other: Any) -> Mail:
    return frozen(key, **{"state": "sending", "lease_until": NOW + LEASE} | other)


def claimed(
    store: Store, composer: Composer, now: datetime = NOW, most: int = BATCH
) -> tuple[list[Claimed], bool]:
    with store.queue() as session:
        return claims.claim(session, composer, now, most)


def subjects(mails: list[Claimed]) -> list[str]:
    """The first part of the address of each, in the order they leave."""
    return [each.mail.recipient.partition("@")[0] for each in mails]


def row(store: Store, key: str) -> Mail:
    with store.read() as session:
        return session.exec(select(Mail).where(Mail.idem_key == key)).one()


def states(store: Store) -> dict[str, str]:
    with store.read() as session:
        rows = session.exec(select(Mail.idem_key, Mail.state).order_by(col(Mail.id)))
        return dict(rows.all())


# -- is there anything to do? ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mail", "is_so"),
    [
        (frozen("due"), True),
        (frozen("later", not_before=NOW + SECOND), False),
        (frozen("unsure", state="unknown"), True),
        (frozen("unsure-later", state="unknown", not_before=NOW + SECOND), False),
        (frozen("over", not_before=NOW + DAY, expires_at=NOW), True),
        (frozen("unsure-over", state="unknown", not_before=NOW + DAY, expires_at=NOW), True),
        (frozen("not-over", not_before=NOW + DAY, expires_at=NOW + SECOND), False),
        (sending("lapsed", lease_until=NOW), True),
        (sending("under-way", lease_until=NOW + SECOND), False),
        (frozen("aside", state="held"), False),
        (frozen("gone", state="accepted", accepted_at=NOW, ended_at=NOW), False),
        (frozen("gone-over", state="expired", expires_at=NOW, ended_at=NOW), False),
    ],
    ids=lambda given: given.idem_key if isinstance(given, Mail) else "",
)
def test_the_outbox_wants_attention_when_a_mail_is_due_over_or_left_behind(
    store: Store, mail: Mail, is_so: bool
) -> None:
    kept(store, Mail(**mail.model_dump()))
    with store.read() as session:
        assert claims.waits(session, NOW) is is_so


def test_what_may_leave_is_counted_up_to_what_is_asked(store: Store) -> None:
    kept(
        store,
        frozen("a"), frozen("b"), frozen("c", expires_at=NOW + SECOND),
        frozen("later", not_before=NOW + SECOND), frozen("over", expires_at=NOW),
        frozen("unsure", state="unknown"), frozen("aside", state="held"), sending("under-way"),
        sending("another"),
    )  # fmt: skip
    with store.read() as session:
        assert [claims.due(session, NOW, most) for most in (0, 1, 2, 3, 9)] == [0, 1, 2, 3, 3]


# -- what a sender left behind ---------------------------------------------------------------------


def taken_back(store: Store, mail: Mail, now: datetime = NOW) -> Mail:
    kept(store, mail)
    with store.queue() as session:
        claims.take_back(session, true(), now)
    return row(store, mail.idem_key)


def test_what_was_claimed_and_not_begun_waits_again_as_if_nothing_had_been(store: Store) -> None:
    earlier = {"not_before": NOW - DAY, "attempted_at": NOW - DAY, "reply": "not now"}
    mail = taken_back(store, sending("one", faults=TRIES, attempts=7, **earlier))
    assert (mail.state, mail.lease_until, mail.possible_duplicate) == ("waiting", None, False)
    assert (mail.faults, mail.attempts) == (TRIES, 7)
    assert {name: getattr(mail, name) for name in earlier} == earlier


def test_what_was_begun_may_have_been_taken_and_rests_a_minute(store: Store) -> None:
    mail = taken_back(store, sending("one", phase=BEGUN, faults=1, not_before=NOW - DAY))
    assert (mail.state, mail.lease_until, mail.possible_duplicate) == ("waiting", None, True)
    assert (mail.faults, mail.attempted_at) == (2, NOW)
    assert mail.not_before == NOW + MINUTE
    assert mail.reply == "secretariat ended while it was being sent; it may have been taken"


def test_a_mail_during_which_the_program_ends_five_times_is_set_aside(store: Store) -> None:
    fourth = taken_back(store, sending("fourth", phase=BEGUN, faults=TRIES - 2))
    assert (fourth.state, fourth.faults) == ("waiting", TRIES - 1)
    fifth = taken_back(store, sending("fifth", phase=BEGUN, faults=TRIES - 1))
    assert (fifth.state, fifth.faults, fifth.possible_duplicate) == ("held", 0, True)
    assert fifth.reply == "set aside: secretariat ended 5 times while it was being sent"


def test_once_it_may_be_a_duplicate_it_always_may(store: Store) -> None:
    assert taken_back(store, sending("one", possible_duplicate=True)).possible_duplicate


def test_only_what_is_meant_is_taken_back(store: Store) -> None:
    kept(store, sending("ours"), sending("theirs"), frozen("aside", state="held"))
    with store.queue() as session:
        claims.take_back(session, col(Mail.idem_key) == "ours", NOW)
        claims.take_back(session, col(Mail.idem_key) == "aside", NOW)
    assert states(store) == {"ours": "waiting", "theirs": "sending", "aside": "held"}


def test_what_a_relay_may_have_taken_waits_again_when_its_pause_is_over(store: Store) -> None:
    assert taken_back(store, frozen("one", state="unknown"), NOW - SECOND).state == "unknown"
    assert taken_back(store, frozen("two", state="unknown"), NOW).state == "waiting"


def test_what_was_not_begun_is_put_back(store: Store) -> None:
    kept(store, sending("a"), sending("b"), sending("c"))
    numbers = [row(store, key).id or 0 for key in ("a", "b")]
    with store.queue() as session:
        claims.put_back(session, [])
        claims.put_back(session, iter(numbers))
    assert states(store) == {"a": "waiting", "b": "waiting", "c": "sending"}
    assert row(store, "a").lease_until is None


# -- which are next --------------------------------------------------------------------------------


def test_a_claimed_mail_is_ours_for_half_an_hour_with_all_it_needs(
    store: Store, composer: Composer
) -> None:
    tried = {"attempts": 3, "faults": 2, "phase": BEGUN}
    kept(store, frozen("other", not_before=NOW + DAY), frozen("one", **tried))
    [one], _ = claimed(store, composer)
    mail = row(store, "one")
    assert (mail.state, mail.lease_until, mail.phase) == ("sending", NOW + LEASE, "")
    assert (one.lease_until, one.attempts, one.faults) == (NOW + timedelta(minutes=30), 3, 2)
    assert (one.mail.id, one.mail.recipient) == (mail.id, "one@a.example")
    assert one.mail.sender == composer.envelope_sender(mail.id or 0)
    assert one.mail.content == mail.content
    assert states(store)["other"] == "waiting"


def test_the_most_urgent_is_next_then_what_is_over_soonest_then_what_has_waited_longest(
    store: Store, composer: Composer
) -> None:
    kept(
        store,
        frozen("digest", urgency=Urgency.DIGEST), frozen("duty", urgency=Urgency.DUTY),
        frozen("news"), frozen("long-since", not_before=NOW - DAY),
        frozen("soon", expires_at=NOW + SECOND), frozen("climbs", urgency=Urgency.ESCALATION),
        frozen("not-yet", not_before=NOW + SECOND), frozen("over", expires_at=NOW),
        frozen("at-once", urgency=Urgency.AT_ONCE),
    )  # fmt: skip
    order = ["at-once", "climbs", "duty", "soon", "long-since", "news", "digest"]
    mails, more = claimed(store, composer, most=4)
    assert (subjects(mails), more) == (order[:4], True)
    mails, more = claimed(store, composer)
    assert (subjects(mails), more) == (order[4:], True)
    assert claimed(store, composer) == ([], False)


def test_no_more_than_a_batch_is_claimed_at_once(store: Store, composer: Composer) -> None:
    kept(store, *(frozen(f"m{number}") for number in range(BATCH + 1)))
    mails, more = claimed(store, composer, most=BATCH + 9)
    assert (len(mails), more) == (BATCH, True)
    assert subjects(claimed(store, composer)[0]) == [f"m{BATCH}"]


def test_ten_mails_are_written_at_a_time_and_of_those_that_are_written_any_number_leave(
    store: Store, composer: Composer
) -> None:
    kept(store, *(unwritten(f"new {number}") for number in range(AT_ONCE + 2)))
    mails, more = claimed(store, composer)
    assert (len(mails), more) == (AT_ONCE, True)
    assert list(states(store).values()) == ["sending"] * AT_ONCE + ["waiting"] * 2
    kept(store, *(frozen(f"m{number}") for number in range(AT_ONCE + 2)))
    assert len(claimed(store, composer)[0]) == AT_ONCE + 4


def test_a_mail_is_frozen_as_it_is_claimed(store: Store, composer: Composer) -> None:
    kept(store, unwritten("one"))
    [one], _ = claimed(store, composer)
    mail = row(store, "one")
    assert mail.content and b"Subject:" in mail.content
    assert mail.sha256 == sha256(mail.content).hexdigest()
    assert (one.mail.content, one.mail.recipient) == (mail.content, mail.address)
    assert (one.mail.id, one.mail.sender) == (mail.id, composer.envelope_sender(mail.id or 0))


# -- whose office is closed ------------------------------------------------------------------------


def test_at_night_only_what_somebody_waits_for_leaves(store: Store, composer: Composer) -> None:
    at_once = {"urgency": Urgency.AT_ONCE}
    kept(
        store,
        frozen("sign-in", **at_once), frozen("climbs", urgency=Urgency.ESCALATION),
        frozen("by-day", contact="un-act-head", not_before=NIGHT + DAY),
        frozen("theirs", contact="tf-vn-head", **at_once),
    )  # fmt: skip
    mails, more = claimed(store, composer, NIGHT)
    assert (subjects(mails), more) == (["sign-in", "theirs"], True)
    assert row(store, "sign-in").not_before == NOW
    assert row(store, "climbs").not_before == MORNING
    assert row(store, "by-day").not_before == NIGHT + DAY
    assert claimed(store, composer, MORNING - SECOND) == ([], False)
    assert subjects(claimed(store, composer, MORNING)[0]) == ["climbs"]


def test_each_waits_for_their_own_office(store: Store, composer: Composer) -> None:
    """Half past nine in Beijing is half past eight in Phnom Penh."""
    kept(store, frozen("kh"), frozen("cn", contact="tf-cn-head"), frozen("kh-too"))
    early = at("2019-01-04T09:30+08:00")
    assert subjects(claimed(store, composer, early)[0]) == ["cn"]
    assert row(store, "kh").not_before == row(store, "kh-too").not_before == MORNING
    assert row(store, "cn").not_before == NOW


# -- what need not be sent -------------------------------------------------------------------------


def suppressed(store: Store, key: str) -> str:
    """Why a mail was ended unsent."""
    mail = row(store, key)
    assert (mail.state, mail.ended_at, mail.lease_until) == ("suppressed", NOW, None)
    return mail.reply


def test_what_is_done_or_answered_already_ends_and_the_others_leave(
    store: Store, composer: Composer
) -> None:
    kept(store, an_obligation(id="done", done_at=NOW), a_holding(id="answered"))
    about = {"template": "obligation", "context": {"step": "asked"}}
    offered = {"holding": "answered", "context": {"kind": "holding.offered"}}
    kept(
        store,
        frozen("done", obligation="done", **about), frozen("gone", obligation="gone", **about),
        frozen("answered", template="holding", **offered), frozen("good"),
    )  # fmt: skip
    assert subjects(claimed(store, composer)[0]) == ["good"]
    assert suppressed(store, "done") == "done before it was sent"
    assert suppressed(store, "gone") == "released before it was sent"
    assert suppressed(store, "answered") == "answered before it was sent"


def test_a_mail_to_somebody_erased_is_not_sent(store: Store, composer: Composer) -> None:
    kept(store, frozen("one", address=ERASED, content=ERASED.encode()), frozen("good"))
    assert subjects(claimed(store, composer)[0]) == ["good"]
    assert suppressed(store, "one") == "whom it was written to is no longer known"


def test_a_mail_whose_contact_is_gone_goes_to_another(store: Store, composer: Composer) -> None:
    kept(store, frozen("gone", contact="nobody"), unwritten("gone too", contact="nobody"))
    kept(store, frozen("good"))
    assert subjects(claimed(store, composer)[0]) == ["good"]
    for key in ("gone", "gone too"):
        assert suppressed(store, key).startswith("nobody is no longer in the programme; it goes to")


def test_a_mail_to_an_address_that_takes_none_goes_to_another(
    store: Store, composer: Composer
) -> None:
    kept(
        store,
        SuspendedAddress(
            address="wrong@a.example", contact=HEAD, since=NOW, code="5.1.1", words="no such user"
        ),
        frozen("wrong"), frozen("good"),
    )  # fmt: skip
    assert subjects(claimed(store, composer)[0]) == ["good"]
    assert suppressed(store, "wrong").startswith(f"mail to {HEAD} comes back; it goes to")


def test_what_is_for_one_mailbox_leaves_also_to_a_chair_that_has_passed_on(
    store: Store, composer: Composer
) -> None:
    to = {"contact": "chair-cn-head"}  # nobody is in office
    kept(store, frozen("test", template=TEST, **to), frozen("other", **to))
    assert subjects(claimed(store, composer)[0]) == ["test"]
    assert "no longer answers for chair" in suppressed(store, "other")


def test_what_a_batch_is_about_is_looked_up_once_for_all(store: Store, composer: Composer) -> None:
    about = {"template": "obligation", "context": {"step": "asked"}}
    offered = {"context": {"kind": "holding.offered"}, "template": "holding"}
    for number in range(20):
        kept(
            store,
            an_obligation(id=f"o{number}", done_at=NOW), a_holding(id=f"h{number}"),
            frozen(f"o{number}", obligation=f"o{number}", **about),
            frozen(f"h{number}", holding=f"h{number}", **offered),
        )  # fmt: skip
    asked: list[str] = []
    event.listen(
        store.engine, "before_cursor_execute", lambda *given: asked.append(given[2].lower())
    )
    claimed(store, composer)
    for table in (Obligation, Holding):
        assert sum(f"from {table.__tablename__} " in sql.replace("\n", " ") for sql in asked) == 1
    assert set(states(store).values()) == {"suppressed"}


# -- what cannot be sent ---------------------------------------------------------------------------


def held(store: Store, key: str) -> str:
    """Why a mail waits for a person."""
    mail = row(store, key)
    assert (mail.state, mail.lease_until, mail.ended_at) == ("held", None, None)
    return mail.reply


def test_a_mail_changed_since_it_was_frozen_is_held_and_the_others_leave(
    store: Store, composer: Composer
) -> None:
    kept(store, frozen("forged", content=b"Subject: send money\r\n\r\n"), frozen("good"))
    assert subjects(claimed(store, composer)[0]) == ["good"]
    assert held(store, "forged") == "its frozen bytes were changed since they were written"


def test_a_mail_that_cannot_be_judged_is_held_and_the_others_leave(
    store: Store, composer: Composer, caplog: pytest.LogCaptureFixture
) -> None:
    kept(store, frozen("odd", template="meeting", context={}), frozen("good"))
    assert subjects(claimed(store, composer)[0]) == ["good"]
    assert held(store, "odd") == "cannot be sent: KeyError 'som'"
    [logged] = [one for one in caplog.records if one.name == "notifications.claims"]
    assert logged.getMessage() == f"mail {row(store, 'odd').id} cannot be judged"


def test_a_mail_that_cannot_be_written_is_held_and_the_others_leave(
    store: Store, composer: Composer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    kept(store, unwritten("odd", template="no such template"), unwritten("good"))
    assert len(claimed(store, composer)[0]) == 1
    assert held(store, "odd") == "cannot be written: 'no such template'"
    assert states(store)["good"] == "sending"
    [logged] = [one for one in caplog.records if one.name == "notifications.claims"]
    assert logged.getMessage() == f"mail {row(store, 'odd').id} cannot be written"
    assert logged.exc_info


def test_of_what_we_can_say_in_words_the_log_keeps_no_trace(
    store: Store, composer: Composer, caplog: pytest.LogCaptureFixture
) -> None:
    gone = {"template": "undelivered", "context": {"mails": [], "count": 0, "why": "x\r\nBcc: all"}}
    asked = {"template": "return", "obligation": None, "context": {"figures": []}}
    kept(store, unwritten("gone", **gone), unwritten("asked", **asked))
    claimed(store, composer)
    assert "There is no obligation" in held(store, "asked")
    assert [one for one in caplog.records if one.name == "notifications.claims"] == []


def test_a_mail_to_what_is_no_address_is_refused_and_the_secretariat_is_told(
    store: Store, composer: Composer
) -> None:
    kept(
        store,
        Person(slug="p1", name="One", email="no address"),
        PostHeld(post=HEAD, since=NOW - DAY, person="p1"),
    )
    kept(store, unwritten("wrong"), unwritten("good", contact="tf-vn-head"))
    assert len(claimed(store, composer)[0]) == 1
    mail = row(store, "wrong")
    assert (mail.state, mail.ended_at) == ("refused", NOW)
    assert mail.reply == "“no address” is not one address that every mail relay takes."
    with store.read() as session:
        told = session.exec(select(Mail).where(Mail.template == "undelivered")).one()
    assert (told.contact, told.context["why"]) == ("un-act-head", mail.reply)
    assert told.context["mails"] == [{"to": HEAD, "about": "ended"}]


# -- written beforehand ----------------------------------------------------------------------------


def written(store: Store, composer: Composer, now: datetime = NOW) -> bool:
    with store.write() as session:
        return claims.write(session, composer, now)


def frozen_ones(store: Store) -> set[str]:
    with store.read() as session:
        asked = select(Mail.idem_key).where(col(Mail.content).is_not(None))
        return set(session.exec(asked))


def test_what_may_leave_is_written_and_waits(store: Store, composer: Composer) -> None:
    kept(
        store,
        unwritten("one"), unwritten("last", expires_at=NOW + SECOND),
        unwritten("later", not_before=NOW + SECOND), unwritten("over", expires_at=NOW),
        unwritten("aside", state="held"),
    )  # fmt: skip
    assert written(store, composer)
    assert frozen_ones(store) == {"one", "last"}
    assert states(store)["one"] == "waiting"
    before = row(store, "one").content
    assert not written(store, composer)
    assert row(store, "one").content == before


def test_ten_are_written_beforehand_at_a_time(store: Store, composer: Composer) -> None:
    kept(store, *(unwritten(f"new {number}") for number in range(AT_ONCE + 1)))
    for so_far in (AT_ONCE, AT_ONCE + 1):
        assert written(store, composer)
        assert len(frozen_ones(store)) == so_far
    assert not written(store, composer)


def test_beforehand_too_what_need_not_cannot_or_may_not_leave_is_not_written(
    store: Store, composer: Composer
) -> None:
    done = {"template": "obligation", "context": {"step": "asked"}, "obligation": "gone"}
    kept(
        store,
        unwritten("odd", template="meeting", context={}), unwritten("done", **done),
        unwritten("lost", contact="nobody"), unwritten("broken", template="no such template"),
        unwritten("good"),
    )  # fmt: skip
    assert written(store, composer)
    assert frozen_ones(store) == {"good"}
    assert held(store, "odd") == "cannot be sent: KeyError 'som'"
    assert held(store, "broken") == "cannot be written: 'no such template'"
    assert suppressed(store, "done") == "released before it was sent"
    assert "no longer in the programme; it goes to" in suppressed(store, "lost")


def test_beforehand_nothing_is_written_for_a_closed_office(
    store: Store, composer: Composer
) -> None:
    kept(store, unwritten("one"), unwritten("at once", urgency=Urgency.AT_ONCE))
    assert written(store, composer, NIGHT)
    assert frozen_ones(store) == {"at once"}
    assert row(store, "one").not_before == MORNING

"""What a mailed link is good for, and until when: the rules alone, without a page or a browser."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, col, select

from notifications.links import (
    DIGESTS,
    SIGN_IN,
    SIGN_IN_MAILED,
    Links,
    is_open,
    masked,
    refusal,
    renew,
    runs_out,
)
from schemas.meeting_tables import Objection, Silence
from schemas.programme import Programme
from schemas.tables import Ending, Holding, Link, Mail, Obligation, PostHeld, Term, Urgency
from schemas.tables import Person as SomebodyNamed
from schemas.tables import Review as Question
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.commands.posts import Holder
from secretariat.keys import name_of
from secretariat.store import Store
from tests.conftest import at

NOW = at("2019-01-03T03:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD, KEY = "o" * 32, "k" * 32
LINKS = Links(lambda: [OLD, KEY], "https://board.example")
ASKED, DRAFT, DUTY = "som-hosting/SOM14/host@tf-vn", "SOM14/statement-1", "mapping@LA"
FOCAL = "tf-vn-focal-point"


def kept(store: Store, *rows: SQLModel) -> None:
    with store.write() as session:
        session.add_all(rows)


def an_obligation(**other: Any) -> Obligation:
    day = NOW.date()
    facts = {
        "id": ASKED, "cycle": "som-hosting/SOM14", "function": "som-hosting", "milestone": "host",
        "title": "Host confirms", "body": "tf-vn", "asked_at": NOW, "acknowledge_by": NOW,
        "planned_on": day, "promised_on": day, "due_on": day, "do_by": NOW + 3 * DAY, "ladder": {},
    }  # fmt: skip
    return Obligation(**facts | other)


def a_silence(**other: Any) -> Silence:
    facts = {
        "id": DRAFT, "som": "SOM14", "number": 1, "document": "draft", "circulated_at": NOW,
        "until": NOW.date(), "ends_at": NOW + 5 * DAY,
    }  # fmt: skip
    return Silence(**facts | other)


def a_holding(**other: Any) -> Holding:
    facts = {
        "id": DUTY, "function": "referral-mechanisms", "duty": "mapping", "receiver": "LA",
        "takes_over": "tf-la", "owner": "un-act", "phase": "un_led", "since": NOW,
    }  # fmt: skip
    return Holding(**facts | other)


def minted(store: Store, purpose: str = "obligation", **other: Any) -> str:
    """The token of a link for one day."""
    asked = {"subject": ASKED, "contact": FOCAL, "expires_at": NOW + DAY, "now": NOW} | other
    with store.write() as session:
        return LINKS.mint(session, purpose, **asked).rpartition("/")[2]


def the_link(session: Session) -> Link:
    return session.exec(select(Link)).one()


# -- the token -------------------------------------------------------------------------------------


def test_a_link_leads_to_the_board_and_is_signed_by_the_newest_key(store: Store) -> None:
    with store.write() as session:
        url = LINKS.mint(session, "obligation", ASKED, FOCAL, NOW + DAY, NOW)
    shape = r"https://board\.example/link/([0-9a-f]{8})\.([\w-]{32})\.([\w-]{43})"
    name, random, _ = re.fullmatch(shape, url).groups()  # type: ignore[union-attr]
    assert name == name_of(KEY)
    with store.read() as session:
        link = the_link(session)
    assert link.id == sha256(random.encode()).hexdigest()
    assert (link.key, link.purpose, link.object, link.contact) == (
        name, "obligation", ASKED, FOCAL,
    )  # fmt: skip
    assert (link.person, link.made_at, link.expires_at) == (None, NOW, NOW + DAY)
    assert (link.used_at, link.renewed_at, link.revoked_at) == (None, None, None)


def test_a_link_is_for_who_holds_the_post_at_that_time(store: Store) -> None:
    kept(
        store,
        SomebodyNamed(slug="p1", name="First"),
        SomebodyNamed(slug="p2", name="Second"),
        PostHeld(post=FOCAL, since=NOW - 9 * DAY, person="p1"),
        PostHeld(post=FOCAL, since=NOW + HOUR, person="p2"),
    )
    for moment, person in ((NOW, "p1"), (NOW + 2 * HOUR, "p2")):
        token = minted(store, now=moment)
        with store.read() as session:
            link = LINKS.find(session, token)
            assert link
            assert (link.person, link.made_at) == (person, moment)


def test_who_it_is_for_may_be_said_where_it_is_known(store: Store) -> None:
    with store.write() as session:
        LINKS.made(session, "offer", DUTY, FOCAL, Holder("p9", "Ninth", None), NOW + DAY, NOW)
        assert the_link(session).person == "p9"


def test_links_in_mails_of_years_ago_stay_good(store: Store) -> None:
    """As this was mailed by the first version; the way it is signed can never change."""
    random = "R" * 32
    signature = "ElslHHBX1LMlOUyHARhwoSW586_f1-Gt1ms4ha5i9x8"
    facts = {"purpose": "obligation", "object": ASKED, "contact": FOCAL, "key": name_of(KEY)}
    times = {"made_at": NOW, "expires_at": NOW + DAY}
    kept(store, Link(id=sha256(random.encode()).hexdigest(), **facts, **times))
    with store.read() as session:
        assert LINKS.find(session, f"{name_of(KEY)}.{random}.{signature}") is the_link(session)


def test_what_a_key_of_ours_did_not_sign_is_none(store: Store) -> None:
    token = minted(store)
    name, random, signature = token.split(".")
    with store.read() as session:
        assert LINKS.find(session, token) is the_link(session)
        for wrong in (
            "",
            "none",
            f"{name}.{random}",
            f"{token}A",
            f"{name}.{random}.{'A' * 43}",
            f"{name}.{'A' * 32}.{signature}",
            f"{name_of(OLD)}.{random}.{signature}",
            f"{'0' * 8}.{random}.{signature}",
            f"{'0' * 8}.{'0' * 32}.{'0' * 43}",
        ):
            assert LINKS.find(session, wrong) is None, wrong


def test_a_link_lasts_as_long_as_its_key_is_one_of_ours(store: Store) -> None:
    with store.write() as session:
        url = Links(lambda: [OLD], "").mint(session, "offer", DUTY, FOCAL, NOW + DAY, NOW)
    token = url.removeprefix("/link/")
    with store.read() as session:
        assert LINKS.find(session, token) is the_link(session)
        assert Links(lambda: [KEY], "").find(session, token) is None


def test_a_page_of_the_board_is_no_link() -> None:
    assert LINKS.page("meetings/SOM14") == "https://board.example/meetings/SOM14"


# -- the button ------------------------------------------------------------------------------------


def test_a_button_is_pressed_only_on_the_page_of_its_link() -> None:
    nonce = LINKS.nonce("token")
    assert re.fullmatch(r"[\w-]{43}", nonce)
    assert LINKS.knows("token", nonce)
    for wrong in ("", "ü", "\udc00", "A" * 43, nonce + "=", LINKS.nonce("another")):
        assert not LINKS.knows("token", wrong)


def test_a_page_opened_before_a_new_key_signed_still_has_its_button() -> None:
    before = Links(lambda: [OLD], "").nonce("token")
    assert before != LINKS.nonce("token")
    assert LINKS.knows("token", before)
    assert not Links(lambda: [KEY], "").knows("token", before)


# -- when it cannot be used ------------------------------------------------------------------------


def refused(store: Store, programme: Programme, link: Link | None, **other: Any) -> str:
    with store.read() as session:
        return refusal(session, programme, link, other.get("now", NOW))


def a_link(**other: Any) -> Link:
    facts = {
        "id": "hash", "key": name_of(KEY), "purpose": "obligation", "object": ASKED,
        "contact": FOCAL, "made_at": NOW, "expires_at": NOW + DAY,
    }  # fmt: skip
    return Link(**facts | other)


def test_a_link_is_good_until_the_instant_it_expires(store: Store, commit: Programme) -> None:
    assert refused(store, commit, a_link()) == ""
    assert refused(store, commit, a_link(), now=NOW + DAY - timedelta(seconds=1)) == ""
    assert refused(store, commit, a_link(), now=NOW + DAY) == "expired"


def test_the_log_says_why_a_link_cannot_be_used(store: Store, commit: Programme) -> None:
    assert refused(store, commit, None) == "not signed by a key of ours"
    gone = a_link(contact="nobody")
    assert refused(store, commit, gone) == "its contact is no longer in the programme"
    assert refused(store, commit, a_link(revoked_at=NOW)) == "called back"
    kept(store, Ending(body="tf-vn", ends_at=NOW, ended_at=NOW, reason="restructured"))
    assert refused(store, commit, a_link()) == "its body has ended"


def test_a_body_that_is_to_end_still_has_its_links(store: Store, commit: Programme) -> None:
    kept(store, Ending(body="tf-vn", ends_at=NOW + DAY, reason="restructured"))
    assert refused(store, commit, a_link()) == ""


def test_the_gravest_reason_is_given(store: Store, commit: Programme) -> None:
    kept(store, Ending(body="tf-vn", ends_at=NOW, ended_at=NOW, reason="restructured"))
    worst = {"person": "p1", "revoked_at": NOW, "expires_at": NOW}
    assert refused(store, commit, a_link(**worst)) == "its body has ended"
    elsewhere = worst | {"contact": "tf-kh-head"}
    assert refused(store, commit, a_link(**elsewhere)) == "somebody else holds the post"
    nobody_s = elsewhere | {"person": None}
    assert refused(store, commit, a_link(**nobody_s)) == "called back"


def test_a_link_mailed_to_one_person_is_not_for_the_next(store: Store, commit: Programme) -> None:
    kept(
        store,
        SomebodyNamed(slug="p1", name="First"),
        PostHeld(post=FOCAL, since=NOW - DAY, person="p1"),
    )
    assert refused(store, commit, a_link(person="p1")) == ""
    for other in ("p2", None):
        assert refused(store, commit, a_link(person=other)) == "somebody else holds the post"
    before = refused(store, commit, a_link(person="p1"), now=NOW - 2 * DAY)
    assert before == "somebody else holds the post"


def test_a_chair_s_links_pass_on_with_the_chair(store: Store, commit: Programme) -> None:
    chair = a_link(contact="chair-cn-head")
    passed = "the chair has passed on"
    assert refused(store, commit, chair) == passed  # nobody is in office
    kept(store, Term(som="SOM13", member="CN", agreement="formal", took_office_at=NOW - DAY))
    assert refused(store, commit, chair) == ""
    assert refused(store, commit, a_link(contact="chair-vn-head")) == passed


def test_who_signs_in_may_do_so_whoever_they_are_now(store: Store, commit: Programme) -> None:
    """What they then may do is asked at each act; the link says only who it is."""
    kept(store, Ending(body="tf-vn", ends_at=NOW, ended_at=NOW, reason="restructured"))
    for purpose in (SIGN_IN, SIGN_IN_MAILED):
        for contact in (FOCAL, "chair-cn-head"):
            link = {"purpose": purpose, "contact": contact, "person": "p1"}
            assert refused(store, commit, a_link(**link)) == ""
            assert refused(store, commit, a_link(**link), now=NOW + DAY) == "expired"


# -- asking for a new one --------------------------------------------------------------------------


def asked_anew(store: Store, programme: Programme, token: str, now: Any = NOW) -> list[Mail]:
    """The mails about links there are once a new one was asked for."""
    renew(Office(store, programme, VirtualClock(now)), LINKS, token)
    with store.read() as session:
        return list(session.exec(select(Mail).order_by(col(Mail.id))))


def test_a_new_link_is_mailed_at_once_to_where_the_old_one_went(
    store: Store, commit: Programme
) -> None:
    [mail] = asked_anew(store, commit, minted(store))
    with store.read() as session:
        link = the_link(session)
    assert link.renewed_at == NOW
    assert mail.idem_key == f"links#{link.id}#{NOW.isoformat()}"
    assert (mail.contact, mail.template, mail.urgency) == (FOCAL, "links", Urgency.AT_ONCE)
    assert mail.context == {"items": [["obligation", ASKED]], "reason": ""}


@pytest.mark.parametrize("change", [{}, {"expires_at": NOW}, {"revoked_at": NOW}])
def test_for_a_link_good_expired_or_called_back_there_is_a_new_one(
    store: Store, commit: Programme, change: dict[str, Any]
) -> None:
    token = minted(store)
    with store.write() as session:
        the_link(session).sqlmodel_update(change)
    assert len(asked_anew(store, commit, token)) == 1


@pytest.mark.parametrize("purpose", ["offer", "review", "silence"])
def test_whatever_a_link_asks_it_can_be_asked_for_anew(
    store: Store, commit: Programme, purpose: str
) -> None:
    [mail] = asked_anew(store, commit, minted(store, purpose, subject=DUTY))
    assert mail.context["items"] == [[purpose, DUTY]]


@pytest.mark.parametrize("purpose", [SIGN_IN, SIGN_IN_MAILED, DIGESTS])
def test_what_asks_nothing_is_not_mailed_anew(
    store: Store, commit: Programme, purpose: str
) -> None:
    assert asked_anew(store, commit, minted(store, purpose)) == []


def test_nothing_is_mailed_for_what_is_no_link_or_whose_reader_has_changed(
    store: Store, commit: Programme
) -> None:
    token = minted(store)
    assert asked_anew(store, commit, token + "A") == []
    with store.write() as session:
        the_link(session).person = "p1"
    assert asked_anew(store, commit, token) == []
    with store.read() as session:
        assert the_link(session).renewed_at is None


def test_a_new_link_is_mailed_once_an_hour(store: Store, commit: Programme) -> None:
    token = minted(store)
    for after, mails in ((timedelta(), 1), (HOUR - timedelta(seconds=1), 1), (HOUR, 2)):
        assert len(asked_anew(store, commit, token, NOW + after)) == mails


# -- is it still to be answered? -------------------------------------------------------------------


def still_open(store: Store, purpose: str, subject: str, body: str) -> bool:
    with store.read() as session:
        return is_open(session, purpose, subject, body)


def test_an_obligation_is_open_until_it_is_done(store: Store) -> None:
    kept(store, an_obligation(), an_obligation(id="another", done_at=NOW))
    assert still_open(store, "obligation", ASKED, "tf-vn")
    assert not still_open(store, "obligation", "another", "tf-vn")
    assert not still_open(store, "obligation", "released", "tf-vn")


@pytest.mark.parametrize(
    ("state", "is_so"), [("open", True), ("broken", True), ("adopted", False), ("replaced", False)]
)
def test_a_draft_is_open_to_whoever_has_not_objected_until_it_is_adopted_or_replaced(
    store: Store, state: str, is_so: bool
) -> None:
    objected = Objection(silence=DRAFT, body="tf-kh", reason="article 2", at=NOW)
    kept(store, a_silence(state=state), objected)
    assert still_open(store, "silence", DRAFT, "tf-vn") is is_so
    assert not still_open(store, "silence", DRAFT, "tf-kh")
    assert not still_open(store, "silence", "SOM14/statement-9", "tf-vn")


def test_an_offer_is_open_to_the_body_it_was_made_to(store: Store) -> None:
    offered = {"standing": "offered", "offered_phase": "shared", "offered_to": "tf-la"}
    kept(store, a_holding(**offered), a_holding(id="steady"))
    assert still_open(store, "offer", DUTY, "tf-la")
    assert not still_open(store, "offer", DUTY, "tf-vn")
    assert not still_open(store, "offer", DUTY, "un-act")  # who owns it is not asked
    assert not still_open(store, "offer", "steady", "tf-la")
    assert not still_open(store, "offer", "no such duty", "tf-la")


def test_a_review_is_open_to_the_owner_until_it_is_answered(store: Store) -> None:
    asked = {"days": 90, "asked_at": NOW}
    kept(
        store,
        a_holding(owner="tf-la"), Question(holding=DUTY, **asked),
        a_holding(id="answered", owner="tf-la"),
        Question(holding="answered", answered_at=NOW, performed=True, **asked),
        a_holding(id="not asked", owner="tf-la"),
    )  # fmt: skip
    assert still_open(store, "review", DUTY, "tf-la")
    assert not still_open(store, "review", DUTY, "tf-vn")
    assert not still_open(store, "review", "answered", "tf-la")
    assert not still_open(store, "review", "not asked", "tf-la")
    assert not still_open(store, "review", "no such duty", "tf-la")


# -- until when ------------------------------------------------------------------------------------


def lasts(store: Store, purpose: str, subject: str) -> timedelta:
    with store.read() as session:
        return runs_out(session, purpose, subject, NOW) - NOW


def test_a_link_lasts_a_month_beyond_the_day_it_is_about(store: Store) -> None:
    kept(
        store,
        an_obligation(), an_obligation(id="late", do_by=NOW - 9 * DAY),
        a_silence(), a_silence(id="over", ends_at=NOW - 9 * DAY),
    )  # fmt: skip
    assert lasts(store, "obligation", ASKED) == 33 * DAY
    assert lasts(store, "obligation", "late") == 30 * DAY
    assert lasts(store, "silence", DRAFT) == 35 * DAY
    assert lasts(store, "silence", "over") == 30 * DAY
    assert lasts(store, "review", DUTY) == 30 * DAY


def test_an_offer_s_link_lasts_until_its_answer_is_due(store: Store) -> None:
    kept(store, a_holding(answer_by=NOW + 9 * DAY), a_holding(id="answered"))
    assert lasts(store, "offer", DUTY) == 9 * DAY
    assert lasts(store, "offer", "answered") == timedelta()


def test_digests_can_be_stopped_for_a_year_by_an_old_mail(store: Store) -> None:
    assert lasts(store, DIGESTS, FOCAL) == 365 * DAY


# -- in what is kept -------------------------------------------------------------------------------


def test_a_text_is_kept_without_the_tokens_in_it() -> None:
    path, taken = "/link/0123abcd.R.S", "/link/(removed)"
    text = f'GET {path}/new "https://board.example{path}" {path}?x=1 <a{path}>'
    assert masked(text) == text.replace(path, taken)
    assert masked("no link here") == "no link here"

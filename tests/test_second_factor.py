"""The second factor: codes of an authenticator, recovery codes, and what is refused without."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pyotp
import pytest
from sqlmodel import select, update

from notifications.links import SIGN_IN_MAILED
from schemas.account_tables import RecoveryCode, SecondFactor, SignedIn
from schemas.programme import Programme
from schemas.scope import Scope
from secretariat import factors
from secretariat.factors import Owner, Seal
from secretariat.web import sessions
from tests.served import opened_site
from tests.test_links import dump, pass_post_on
from tests.test_outbox import Server, an_outbox, server, url_of
from tests.test_signing_in import who
from tests.test_web import LINKS, Site

__all__ = ["server"]
STAFF, FOCAL = "un-act-head", "tf-vn-focal-point"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SEAL = Seal("s" * 40)


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def come_by_mail(site: Site, contact: str) -> str:
    """Sign in by a mailed link; where that leads."""
    with site.bench.office.store.write() as session:
        until = sessions.now() + timedelta(minutes=5)
        now = site.bench.clock.now()
        path = LINKS.mint(session, SIGN_IN_MAILED, contact, contact, until, now)
    answer = site.press(path)
    assert answer.status_code == 303
    return answer.headers["location"]


def set_up(site: Site) -> tuple[str, list[str]]:
    """Set up an authenticator; its secret, and the recovery codes that come with it."""
    page = site.browser.post("/second-factor/authenticator").text
    assert 'src="data:image/svg+xml' in page
    found = re.search(r"Type this into it: <code>([A-Z2-7 ]+)</code>", page)
    assert found
    secret = found[1].replace(" ", "")
    code = pyotp.TOTP(secret).now()
    answer = site.browser.post("/second-factor/authenticator/keep", data={"code": code})
    assert answer.status_code == 200
    return secret, re.findall(r"<li><code>([\w ]+)</code></li>", answer.text)


def give(site: Site, code: str) -> int:
    return site.browser.post("/second-factor", data={"code": code}).status_code


def later(secret: str) -> str:
    """The code of the next half minute, which is taken already and was never shown."""
    return pyotp.TOTP(secret).at(sessions.now() + timedelta(seconds=30))


def rows(site: Site, table: type[SecondFactor] | type[SignedIn]) -> list[object]:
    with site.bench.office.store.read() as session:
        return list(session.exec(select(table)).all())


# -- codes -----------------------------------------------------------------------------------------


def test_a_code_is_taken_once_and_none_before_it_again(site: Site) -> None:
    owner, secret = Owner(FOCAL, None), factors.new_secret()
    codes = [pyotp.TOTP(secret).at(NOW + timedelta(seconds=30 * step)) for step in range(-2, 3)]
    with site.bench.office.store.write() as session:
        assert not factors.add_authenticator(session, owner, SEAL, secret, codes[0], NOW)
        assert factors.add_authenticator(session, owner, SEAL, secret, codes[1], NOW)
        taken = [factors.accepts(session, owner, SEAL, codes[at], NOW) for at in (1, 3, 3, 2, 4)]
    assert taken == [False, True, False, False, False]


def test_a_code_is_its_owner_s_alone(site: Site) -> None:
    owner, secret = Owner(FOCAL, None), factors.new_secret()
    code = pyotp.TOTP(secret).at(NOW)
    after = NOW + timedelta(seconds=30)
    with site.bench.office.store.write() as session:
        factors.add_authenticator(session, owner, SEAL, secret, code, NOW)
        (spare, *_) = factors.new_recovery_codes(session, owner)
        nxt = pyotp.TOTP(secret).at(after)
        for other in (Owner("tf-kh-head", None), Owner(FOCAL, "p1")):
            for typed in (nxt, spare):
                assert not factors.accepts(session, other, SEAL, typed, after)
        assert not factors.accepts(session, owner, Seal("another" * 6), nxt, after)
        assert factors.accepts(session, owner, SEAL, nxt, after)


def test_a_recovery_code_is_good_once_however_it_is_typed_and_kept_as_a_hash(site: Site) -> None:
    owner = Owner(FOCAL, None)
    with site.bench.office.store.write() as session:
        old = factors.new_recovery_codes(session, owner)
        codes = factors.new_recovery_codes(session, owner)
        assert len(set(codes)) == 10
        assert not factors.accepts(session, owner, SEAL, old[0], NOW)
        typed = codes[0].upper().replace(" ", "")
        assert factors.accepts(session, owner, SEAL, typed, NOW)
        assert not factors.accepts(session, owner, SEAL, codes[0], NOW)
        assert factors.recovery_codes_left(session, owner) == 9
        assert len(session.exec(select(RecoveryCode)).all()) == 10
    assert codes[1].replace(" ", "") not in repr(dump(site.bench.office.store))


# -- signing in ------------------------------------------------------------------------------------


def test_staff_without_a_factor_is_led_to_set_one_up_and_is_nobody_until_then(site: Site) -> None:
    assert come_by_mail(site, STAFF) == "/second-factor"
    assert "Set it up now" in site.browser.get("/second-factor").text
    assert who(site) == ""
    refused = site.browser.get("/mail")
    assert (refused.status_code, "second factor first" in refused.text) == (403, True)
    before = site.browser.cookies["secretariat"]
    secret, codes = set_up(site)
    assert len(codes) == 10
    assert site.browser.cookies["secretariat"] != before
    assert who(site) == STAFF
    assert site.browser.get("/mail").status_code == 200
    assert secret not in repr(dump(site.bench.office.store))


def test_who_has_a_factor_is_asked_for_it_each_time_they_sign_in(site: Site) -> None:
    come_by_mail(site, FOCAL)
    assert who(site) == FOCAL
    secret, codes = set_up(site)
    for right in (later(secret), codes[3]):
        assert come_by_mail(site, FOCAL) == "/second-factor"
        assert who(site) == ""
        assert give(site, "000000") == 400
        assert who(site) == ""
        assert give(site, right) == 303
        assert who(site) == FOCAL


def test_a_code_seen_over_a_shoulder_is_of_no_use(site: Site) -> None:
    come_by_mail(site, STAFF)
    secret, codes = set_up(site)
    code = later(secret)
    assert give(site, code) == 303
    come_by_mail(site, STAFF)
    assert give(site, code) == 400
    assert give(site, codes[0]) == 303


def test_after_ten_codes_one_must_wait_and_the_account_is_not_shut(site: Site) -> None:
    come_by_mail(site, STAFF)
    _, codes = set_up(site)
    come_by_mail(site, STAFF)
    answers = [give(site, f"{n:06}") for n in range(11)]
    assert answers[:9] == [400] * 9
    assert answers[-1] == 409
    site.app.state.guesses = type(site.app.state.guesses)()  # five minutes later
    assert give(site, codes[0]) == 303


def test_one_address_that_tries_many_accounts_must_wait_too(site: Site) -> None:
    answers = []
    for contact in (FOCAL, "tf-kh-head", "tf-la-head"):
        come_by_mail(site, contact)
        answers += [give(site, f"{n:06}") for n in range(9)]
    assert answers[:20] == [400] * 20
    assert answers[20:] == [409] * 7


def test_who_follows_on_a_post_does_not_inherit_factors(site: Site) -> None:
    come_by_mail(site, FOCAL)
    set_up(site)
    pass_post_on(site)
    assert who(site) == ""
    assert come_by_mail(site, FOCAL) == "/"


def test_another_factor_or_new_codes_want_the_first_one_given_lately(site: Site) -> None:
    come_by_mail(site, STAFF)
    set_up(site)
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(factor_at=sessions.now() - timedelta(minutes=16)))
    before = dump(site.bench.office.store)
    for path, data in (
        ("authenticator", {}),
        ("passkey/make", {}),
        ("recovery-codes", {}),
        ("forget", {"factor": "1"}),
    ):
        assert site.browser.post(f"/second-factor/{path}", data=data).status_code == 403
    assert dump(site.bench.office.store) == before


def test_staff_cannot_forget_their_last_factor(site: Site) -> None:
    come_by_mail(site, STAFF)
    set_up(site)
    answer = site.browser.post("/second-factor/forget", data={"factor": "1"})
    assert answer.status_code == 409
    assert len(rows(site, SecondFactor)) == 1


# -- sensitive acts --------------------------------------------------------------------------------

HAND_OVER = {"act": "agree-chair", "som": "SOM15", "member": "KH"}


def test_what_changes_who_may_act_wants_a_factor_given_within_a_quarter_of_an_hour(
    site: Site,
) -> None:
    assert come_by_mail(site, "chair-cn-head") == "/"
    before = dump(site.bench.office.store)
    refused = site.browser.post("/api/acts", json=HAND_OVER)
    assert (refused.status_code, "second factor" in refused.text) == (403, True)
    assert dump(site.bench.office.store) == before
    secret, _ = set_up(site)
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(factor_at=sessions.now() - timedelta(minutes=16)))
    assert site.browser.post("/api/acts", json=HAND_OVER).status_code == 403
    assert give(site, later(secret)) == 303
    assert site.browser.post("/api/acts", json=HAND_OVER).status_code == 200


def test_each_change_of_what_gets_one_in_is_told_by_a_mail_without_a_link(
    site: Site, server: Server
) -> None:
    come_by_mail(site, FOCAL)
    set_up(site)
    assert site.browser.post("/second-factor/recovery-codes").status_code == 200
    token = {"days": "7", "scopes": "act"}
    assert site.browser.post("/account/token", data=token).status_code == 200
    (own,) = rows(site, SecondFactor)
    assert isinstance(own, SecondFactor)
    assert site.browser.post("/second-factor/forget", data={"factor": own.id}).status_code == 303
    an_outbox(site.bench, url_of(server)).drain()
    mails = [message_from_bytes(taken, policy=default) for taken in server.taken]
    assert {mail["Subject"] for mail in mails} == {"Your account was changed"}
    assert server.recipients == {"focal-point.task-force@vn.example"}
    texts = [" ".join(mail.as_string().split()) for mail in mails]
    for text, words in zip(texts, TOLD, strict=True):
        assert words in text
        assert "they can shut the account" in text
        assert "http" not in text


TOLD = (
    "A second factor was added",
    "New recovery codes were made",
    "A token for a program was made",
    "A second factor was removed",
)


def test_the_printed_link_is_the_operator_s_and_counts_as_both(site: Site) -> None:
    site.sign_in(STAFF)
    assert who(site) == STAFF
    assert site.browser.post("/api/acts", json=HAND_OVER).status_code == 200


def test_a_program_s_token_does_not_change_who_may_act(site: Site) -> None:
    office = site.bench.office
    found = office.programme.contact(STAFF)
    assert found
    with office.store.write() as session:
        token = sessions.admit(office, session, found, timedelta(days=1), (Scope.ACT,))
    bearer = {"Authorization": f"Bearer {token}"}
    assert site.browser.post("/api/acts", json=HAND_OVER, headers=bearer).status_code == 403
    before = dump(office.store)
    for page in ("authenticator", "passkey/make", "recovery-codes"):
        answer = site.browser.post(f"/second-factor/{page}", headers=bearer)
        assert answer.status_code == 403
    assert dump(office.store) == before

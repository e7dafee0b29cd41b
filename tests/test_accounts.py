"""The operator's page: sessions ended, factors forgotten, accounts closed, links called back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from schemas.account_tables import ClosedAccount, RecoveryCode, SecondFactor, SignedIn
from schemas.programme import Programme
from secretariat import factors
from secretariat.factors import Owner
from secretariat.keys import kept_keys
from secretariat.web import sessions
from tests.served import opened_site
from tests.test_links import CANNOT, dump
from tests.test_signing_in import FOCAL, who
from tests.test_web import Site

OPERATOR = "operations-focal-point"


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def signed_in_elsewhere(site: Site) -> str:
    """The cookie of a browser in which the focal point is signed in."""
    site.browser.cookies.clear()
    site.sign_in(FOCAL)
    cookie: str = site.browser.cookies["secretariat"]
    site.browser.cookies.clear()
    return cookie


def back_in(site: Site, cookie: str) -> str:
    site.browser.cookies.clear()
    site.browser.cookies.set("secretariat", cookie)
    return who(site)


def act(site: Site, what: str, contact: str = FOCAL) -> int:
    answer = site.browser.post("/accounts", data={"contact": contact, "act": what})
    return answer.status_code


def test_the_operator_sees_each_contact_with_role_factors_and_sessions(site: Site) -> None:
    signed_in_elsewhere(site)
    site.sign_in(OPERATOR)
    page = " ".join(site.browser.get("/accounts").text.split())
    for contact in site.bench.office.programme.contacts:
        assert contact.slug in page
    for role in ("chair in office", "operator", "observer", "secretariat"):
        assert f"<td>{role}" in page


@pytest.mark.parametrize("what", ["sign-out", "forget-factors", "close"])
def test_whatever_is_done_to_an_account_ends_its_sessions_at_once(site: Site, what: str) -> None:
    cookie = signed_in_elsewhere(site)
    site.sign_in(OPERATOR)
    assert act(site, what) == 303
    assert who(site) == OPERATOR
    assert back_in(site, cookie) == ""


def test_a_closed_account_lets_nobody_in_until_it_is_opened_again(site: Site) -> None:
    site.sign_in(OPERATOR)
    act(site, "close")
    with pytest.raises(AssertionError):
        signed_in_elsewhere(site)
    site.sign_in(OPERATOR)
    assert act(site, "open") == 303
    assert back_in(site, signed_in_elsewhere(site)) == FOCAL


def test_lost_factors_are_forgotten_with_their_recovery_codes(site: Site) -> None:
    with site.bench.office.store.write() as session:
        owner = Owner(FOCAL, None)
        factors.new_recovery_codes(session, owner)
        kept = {"contact": FOCAL, "kind": "authenticator", "secret": "sealed"}
        session.add(SecondFactor(**kept, made_at=sessions.now()))
    site.sign_in(OPERATOR)
    act(site, "forget-factors")
    with site.bench.office.store.read() as session:
        assert session.exec(select(SecondFactor)).all() == []
        assert session.exec(select(RecoveryCode)).all() == []


def test_the_operator_does_not_shut_themselves_out(site: Site) -> None:
    site.sign_in(OPERATOR)
    assert act(site, "close", OPERATOR) == 400
    with site.bench.office.store.read() as session:
        assert session.exec(select(ClosedAccount)).all() == []


def test_without_a_factor_given_lately_nothing_is_done(site: Site, tmp_path: Path) -> None:
    site.sign_in(OPERATOR)
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(factor_at=sessions.now() - timedelta(minutes=16)))
    before = dump(site.bench.office.store)
    assert act(site, "close") == 403
    assert site.browser.post("/accounts/key").status_code == 403
    assert site.browser.post("/accounts/call-back", data={"reason": "x"}).status_code == 403
    assert dump(site.bench.office.store) == before
    assert not (tmp_path / "secret.key").exists()


def test_a_new_key_signs_and_all_links_are_called_back(site: Site, tmp_path: Path) -> None:
    path = site.link()
    site.sign_in(OPERATOR)
    assert site.browser.post("/accounts/key").status_code == 303
    assert len(kept_keys(tmp_path / "secret.key")) == 2
    assert site.browser.get(path).status_code == 200
    form = {"reason": "a mailbox was read by others"}
    assert site.browser.post("/accounts/call-back", data=form).status_code == 303
    called_back = site.browser.get(path)
    assert CANNOT in called_back.text
    assert form["reason"] in called_back.text

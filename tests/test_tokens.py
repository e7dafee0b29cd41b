"""Tokens for programs: made by people, for as much as they choose, and shown once."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from schemas.account_tables import SignedIn
from schemas.programme import Programme
from secretariat.web import sessions
from tests.conftest import cli
from tests.served import opened_site
from tests.test_doors import bearer
from tests.test_web import Site

FOCAL, STAFF, DONOR = "tf-vn-focal-point", "un-act-head", "donors-focal-point"


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def make(site: Site, *scopes: str) -> str:
    """The token as the page shows it, or nothing where it was refused."""
    answer = site.browser.post("/account/token", data={"days": "7", "scopes": list(scopes)})
    shown = re.search(r"<code>(.+?)</code>", answer.text)
    return shown[1] if shown else ""


def tokens(site: Site) -> list[SignedIn]:
    with site.bench.office.store.read() as session:
        return list(session.exec(select(SignedIn).where(SignedIn.kind == "program")))


def test_a_token_made_on_one_s_own_page_does_what_it_was_made_for(site: Site) -> None:
    site.sign_in(FOCAL)
    token = make(site, "read")
    [kept] = tokens(site)
    assert (kept.contact, kept.scopes) == (FOCAL, ["read"])
    assert kept.expires_at - kept.made_at == timedelta(days=7)
    page = site.browser.get("/account").text
    assert "token: Read what is not for everybody" in page
    assert token not in page
    site.browser.cookies.clear()
    site.browser.headers["Authorization"] = f"Bearer {token}"
    assert site.browser.get("/mail").status_code == 200
    assert site.browser.post("/api/acts", json={}).status_code == 403


def test_one_is_offered_what_one_s_role_can_do_and_chooses_some_of_it(site: Site) -> None:
    site.sign_in(DONOR)
    page = site.browser.get("/account").text
    assert re.findall(r'name="scopes" value="(\w+)"', page) == ["read"]
    assert make(site) == ""
    assert make(site, "everything") == ""
    assert tokens(site) == []


def test_who_has_a_second_factor_gives_it_before_a_token_is_made(site: Site) -> None:
    site.sign_in(STAFF)
    with site.bench.office.store.write() as session:
        long_ago = sessions.now() - timedelta(minutes=16)
        session.exec(update(SignedIn).values(factor_at=long_ago))
    assert make(site, "monitor") == ""
    assert tokens(site) == []


def test_no_program_makes_itself_a_token(site: Site) -> None:
    site.browser.headers.update(bearer(site, FOCAL))
    assert make(site, "read") == ""
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(scopes=None))  # one made before there were scopes
    assert make(site, "read") == ""
    assert len(tokens(site)) == 1


def test_a_token_printed_at_the_terminal_is_for_the_scopes_named(
    site: Site, tmp_path: Path
) -> None:
    scopes = ("--scope", "monitor", "--scope", "act")
    done = cli("token", STAFF, *scopes, environment={"SECRETARIAT_DATA_DIR": str(tmp_path)})
    headers = {"Authorization": f"Bearer {done.stdout.strip()}"}
    assert [row.scopes for row in tokens(site)] == [["act", "monitor"]]
    assert site.browser.get("/metrics", headers=headers).status_code == 200
    assert site.browser.get("/mail", headers=headers).status_code == 403

"""Signing in by an OpenID Connect provider: a real one, over HTTP on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from sqlmodel import select

from schemas.account_tables import SignedIn
from schemas.programme import Programme
from secretariat.errors import BadInputError
from secretariat.provider import provider_of
from secretariat.settings import Settings
from tests.served import opened_site, served
from tests.test_second_factor import STAFF
from tests.test_signing_in import ADDRESS, FOCAL
from tests.test_web import Site

PEOPLE = [
    User(sub="focal", claims={"email": ADDRESS.upper(), "email_verified": True}),
    User(sub="unverified", claims={"email": ADDRESS, "email_verified": False}),
    User(sub="stranger", claims={"email": "nobody@x.example", "email_verified": True}),
    User(sub="staff", claims={"email": "coordinator@un-act.example", "email_verified": True}),
]


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=PEOPLE, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def url(site: Site, provider: str, tmp_path: Path) -> Iterator[str]:
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    known = {"oidc_issuer": provider, "oidc_client_id": "board"}
    with served(site, oidc_client_secret_file=secret, **known) as address:
        yield address


def vouched_for(client: httpx.Client, url: str, sub: str) -> str:
    """Go to the provider and say there who one is; the address it sends one back to."""
    away = client.get(f"{url}/sign-in/provider").headers["location"]
    back: str = httpx.post(away, data={"sub": sub}).headers["location"]
    return back


def who(client: httpx.Client, url: str) -> list[str]:
    page = client.get(f"{url}/sign-in").text
    return [slug for slug in (FOCAL, STAFF) if slug in page]


def test_who_the_provider_vouches_for_is_in_by_their_verified_address(url: str, site: Site) -> None:
    with httpx.Client() as client:
        away = client.get(f"{url}/sign-in/provider").headers["location"]
        asked = dict(httpx.URL(away).params)
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
        answer = client.get(vouched_for(client, url, "focal"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert who(client, url) == [FOCAL]


@pytest.mark.parametrize("sub", ["unverified", "stranger"])
def test_no_verified_address_of_one_contact_no_entry(url: str, site: Site, sub: str) -> None:
    with httpx.Client() as client:
        assert client.get(vouched_for(client, url, sub)).status_code == 403
        assert who(client, url) == []
    assert nobody_signed_in(site)


def nobody_signed_in(site: Site) -> bool:
    with site.bench.office.store.read() as session:
        return session.exec(select(SignedIn)).all() == []


def test_staff_still_give_their_second_factor(url: str) -> None:
    with httpx.Client() as client:
        answer = client.get(vouched_for(client, url, "staff"))
        assert answer.headers["location"] == "/second-factor"
        assert who(client, url) == []


def test_what_one_browser_began_no_other_finishes_nor_twice(url: str, site: Site) -> None:
    with httpx.Client() as client, httpx.Client() as other:
        back = vouched_for(client, url, "focal")
        assert other.get(back).status_code == 403
        other.get(f"{url}/sign-in/provider")
        assert other.get(back).status_code == 403
        assert client.get(back.replace("state=", "state=x")).status_code == 403
        assert nobody_signed_in(site)
        assert client.get(back).status_code == 303
        assert client.get(back).status_code == 403


def test_a_provider_that_is_away_is_a_sentence_and_the_mailed_link_stays(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hush")
    away: dict[str, Any] = {"oidc_issuer": "http://localhost:9", "oidc_client_id": "board"}
    with served(site, oidc_client_secret_file=tmp_path / "secret", **away) as url:
        assert httpx.get(f"{url}/sign-in/provider").status_code == 503
        assert "Mail me a link" in httpx.get(f"{url}/sign-in").text


def test_without_a_provider_there_is_no_word_of_one(site: Site) -> None:
    assert "organisation" not in site.browser.get("/sign-in").text
    assert site.browser.get("/sign-in/provider").status_code == 404


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "https://login"])
def test_half_a_provider_is_refused_at_the_start(issuer: str) -> None:
    settings = Settings(oidc_issuer=issuer, _env_file=None)
    with pytest.raises(BadInputError, match="SECRETARIAT_OIDC_CLIENT_ID"):
        provider_of(settings)

"""What the security standard asks for, item by item: docs/asvs.csv says what shows each."""

import ast
import csv
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from schemas.account_tables import RecoveryCode, SecondFactor
from schemas.programme import Programme
from secretariat import factors
from secretariat.keys import kept_key
from secretariat.web import sessions
from tests.conftest import REPO
from tests.served import opened_site
from tests.test_links import dump
from tests.test_rights import path_of, routes
from tests.test_web import LINKS, Site

ASKED = """
1.2.1 1.2.2 1.2.4 1.2.10 1.3.7 1.3.11 1.5.2 2.2.1 2.3.1 2.3.3 2.3.4 2.4.1 3.2.1 3.3.1
3.3.2 3.3.3 3.3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5 3.4.6 3.5.1 3.5.3 4.1.3 6.2.1 6.2.2 6.2.3
6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.2.11 6.2.12 6.3.1 6.3.2 6.3.3 6.3.7 6.3.8 6.5.1
6.5.5 6.6.2 6.6.3 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.5 7.5.1 8.2.1 8.2.2 8.2.3 8.3.2
9.1.1 9.1.2 9.2.1 9.2.2 11.2.3 11.4.2 11.5.1 12.2.1 12.3.2 13.2.3 13.3.1 13.4.2 13.4.5
14.2.1 14.3.2 15.3.3 16.2.2 16.3.1 16.3.2 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3
"""


@pytest.fixture(scope="module")
def site(
    blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path_factory.mktemp("asvs")) as found:
        yield found


def lines() -> list[dict[str, str]]:
    with (REPO / "docs/asvs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- the table -------------------------------------------------------------------------------------


def test_every_item_asked_for_is_answered_once() -> None:
    assert [line["id"] for line in lines()] == ASKED.split()


def test_what_is_met_is_shown_by_a_test_there_is_and_the_rest_has_a_reason() -> None:
    for line in lines():
        shown = line["shown by or why"]
        if line["state"] == "met":
            file, _, name = shown.partition("::")
            tree = ast.parse((REPO / file).read_text(encoding="utf-8"))
            assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, line["id"]
        else:
            assert line["state"] in ("n/a", "not met")
            assert " " in shown


# -- what no other test shows ----------------------------------------------------------------------


def test_every_answer_tells_the_browser_what_it_must_not_do(site: Site) -> None:
    for path in ("/", "/nowhere", "/health", "/mail", "/link/none", "/static/style.css"):
        headers = site.browser.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        for part in ("base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            assert part in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_no_other_site_may_read_an_answer(site: Site) -> None:
    for method in ("GET", "OPTIONS"):
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        answer = site.browser.request(method, "/api/status", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_page_of_the_framework_is_open(site: Site) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/.git/config", "/metrics", "/debug"):
        assert site.browser.get(path).status_code in (403, 404), path


def test_what_is_typed_into_addresses_leads_nowhere_else(site: Site) -> None:
    for back in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"):
        answer = site.browser.post("/theme", data={"theme": "dark", "back": back})
        assert answer.headers["location"] == "/"
    page = site.browser.get("/ledger", params={"q": "javascript:alert(1)"}).text
    assert not re.search(r'(?:href|src|action)="javascript:', page)


def test_what_is_searched_for_is_never_part_of_a_query(site: Site) -> None:
    for words in ("' or 1=1 --", "%' union select * from link --", "_", "\\"):
        answer = site.browser.get("/ledger", params={"q": words})
        assert answer.status_code == 200
        assert "som.planned" not in answer.text
    assert site.browser.get("/ledger", params={"q": "SOM14"}).text.count("SOM14") > 3


def test_what_is_typed_is_no_template(site: Site) -> None:
    page = site.browser.get("/ledger", params={"q": "{{7*7}}"}).text
    assert "{{7*7}}" in page
    assert "49" not in re.sub(r"\d{3,}|[0-9a-f]{16,}|\?v=\w+", "", page).split("{{7*7}}")[1][:40]


def test_nothing_is_read_in_a_form_that_runs_code() -> None:
    runs = re.compile(r"\b(pickle|marshal|shelve)\b|\byaml\.(unsafe_|full_)?load\(|\beval\(")
    ours = [p for room in ("schemas", "secretariat", "notifications", "flows")
            for p in (REPO / room).rglob("*.py")]  # fmt: skip
    assert len(ours) > 100
    found = [path.name for path in ours if runs.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_looking_at_any_page_acts_on_nothing(site: Site) -> None:
    site.sign_in("un-act-head")
    before = dump(site.bench.office.store)
    for route in routes(site):
        if "GET" in (route.methods or ()) and route.path != "/events":  # which never ends
            site.browser.get(path_of(route))
    assert dump(site.bench.office.store) == before


def test_a_new_installation_lets_nobody_in(site: Site) -> None:
    site.browser.cookies.clear()
    with site.bench.office.store.read() as session:
        for table in (SecondFactor, RecoveryCode):
            assert session.exec(select(table)).all() == []
    for token in ("", "admin", "secretariat", "0" * 32):
        site.browser.cookies.set("secretariat", token)
        assert "Reading only" in site.browser.get("/sign-in").text
    site.browser.cookies.clear()


def test_keys_and_secrets_have_the_bits_they_need(site: Site, tmp_path: Path) -> None:
    """Six bits a letter of a URL, five of base32."""
    assert len(kept_key(tmp_path / "key")) * 6 >= 256
    assert len(factors.new_secret()) * 5 >= 160
    with site.bench.office.store.write() as session:
        now = sessions.now()
        path = LINKS.mint(session, "sign-in", "un-act-head", "un-act-head", now, now)
        session.rollback()
    _, random, signature = path.rpartition("/")[2].split(".")
    assert len(random) * 6 >= 128
    assert len(signature) * 6 >= 256


def test_a_field_nobody_asked_for_is_refused(site: Site) -> None:
    site.browser.cookies.clear()
    site.sign_in("un-act-head")
    before = dump(site.bench.office.store)
    act = {"act": "set-venue", "som": "SOM14", "venue": "Hanoi", "by": "chair", "at": "2001-01-01"}
    assert site.browser.post("/api/acts", json=act).status_code == 400
    assert dump(site.bench.office.store) == before


def test_signing_in_and_failing_to_are_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="secretariat.web")
    site.browser.cookies.clear()
    site.sign_in("tf-la-head")
    assert "tf-la-head signed in" in caplog.text
    site.browser.post("/second-factor", data={"code": "123456"})
    assert "a wrong second factor for tf-la-head" in caplog.text
    site.browser.get("/link/none")
    assert "a link was refused to testclient" in caplog.text


def test_what_is_refused_is_logged_in_one_line(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.browser.cookies.clear()
    site.browser.get("/caught/x%0aWARNING%20all%20is%20well")
    (record,) = caplog.records
    assert re.fullmatch(
        r"refused to nobody: GET /caught/x ?WARNING all is well", record.getMessage()
    )

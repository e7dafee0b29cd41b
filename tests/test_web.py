"""The pages and forms: reading changes nothing, a form does one act or says why not."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from notifications.compose import Composer
from notifications.links import SIGN_IN, Links
from schemas.account_tables import SignedIn
from schemas.programme import Programme
from schemas.tables import Entry, Link, Mail, Obligation, Run
from secretariat.settings import Settings
from secretariat.store import opened
from secretariat.web import sessions, signin
from secretariat.web.app import Parts, create_app
from tests.conftest import Bench
from tests.test_obligations import HOST, a_meeting

LINKS = Links(lambda: ["k" * 32], "")


class Site:
    """The board over a bench, with a browser in front of it."""

    def __init__(self, bench: Bench, directory: Path) -> None:
        self.bench = bench
        settings = Settings(data_dir=directory, _env_file=None)
        composer = Composer(bench.office.programme, LINKS, "secretariat@board.example")
        parts = Parts(settings, bench.office, composer, directory, lambda: {"Prefect": "up"})
        self.app = create_app(parts)
        self.browser = TestClient(self.app, base_url="http://localhost", follow_redirects=False)

    def link(self, contact: str = "tf-vn-focal-point", days: int = 30) -> str:
        """The path of a mailed link to acknowledge HOST."""
        with self.bench.office.store.write() as session:
            now = self.bench.clock.now()
            return LINKS.mint(session, "obligation", HOST, contact, now + timedelta(days=days), now)

    def press(self, path: str, **form: str) -> Response:
        """Press a button on the page of a link."""
        nonce = LINKS.nonce(path.rpartition("/")[2])
        return self.browser.post(path, data={"nonce": nonce, **form})

    def sign_in(self, contact: str) -> None:
        with self.bench.office.store.write() as session:
            now = sessions.now()
            url = LINKS.mint(session, SIGN_IN, contact, contact, now + signin.LINK_LASTS, now)
        assert self.press(url).status_code == 303

    def everything(self) -> list[object]:
        with self.bench.office.store.read() as session:
            tables = (Entry, Obligation, Link, SignedIn, Run, Mail)
            return [row.model_dump() for table in tables for row in session.exec(select(table))]

    def acknowledged_by(self) -> str | None:
        with self.bench.office.store.read() as session:
            return session.get_one(Obligation, HOST).acknowledged_by


@pytest.fixture
def site(open_office: Callable[[str], Bench], tmp_path: Path) -> Site:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    return Site(bench, tmp_path)


def test_the_board_shows_every_function_country_chair_and_meeting(site: Site) -> None:
    page = site.browser.get("/").text
    programme = site.bench.office.programme
    for name in [f.name for f in programme.functions] + [m.name for m in programme.members]:
        assert name in page
    assert "432 days" in page
    assert "10 March 2020" in page


def test_the_board_loads_nothing_from_outside_and_needs_no_script(site: Site) -> None:
    page = site.browser.get("/").text
    assert re.findall(r"<script[^>]*>", page) == re.findall(
        r'<script src="/static/live\.js\?v=[0-9a-f]{12}" defer>', page
    )
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)


def test_the_past_is_shown_as_it_was(replayed: Settings, commit: Programme, tmp_path: Path) -> None:
    from secretariat.clock import VirtualClock
    from secretariat.commands import Office
    from tests.conftest import at

    clock = VirtualClock(at("2019-01-03T03:00"))
    site = Site(Bench(Office(opened(replayed.store_url), commit, clock), clock), tmp_path)

    def counts(path: str) -> list[str]:
        page = re.sub(r"\s+", " ", site.browser.get(path).text)
        found = re.search(r'<p class="counts">(.*?)</p>', page)
        assert found
        return re.findall(r"<strong>(\d+)</strong>", found[1])

    assert counts("/") == counts("/?at=2018-12-31") == ["8", "9", "0"]
    assert counts("/?at=2018-01-01") == ["0", "4", "13"]
    assert "SOM13" not in site.browser.get("/?at=2017-12-31").text


@pytest.mark.parametrize("at", ["soon", "2018-13-01", "2018-01-01T10:00", "9" * 400])
def test_a_bad_date_is_a_sentence(site: Site, at: str) -> None:
    answer = site.browser.get("/", params={"at": at})
    assert answer.status_code == 400
    assert "2018-" in answer.text


def test_the_button_acknowledges_in_the_body_s_name(site: Site) -> None:
    path = site.link()
    assert "We have seen it" in site.browser.get(path).text
    assert site.press(path).status_code == 303
    assert site.acknowledged_by() == "tf-vn"
    assert "Acknowledged on" in site.browser.get(path).text


def test_the_head_of_the_secretariat_takes_up_what_climbed(site: Site) -> None:
    path = site.link("un-act-head")
    assert "We take it up with Viet Nam task force" in site.browser.get(path).text
    site.press(path)
    assert site.acknowledged_by() == "un-act"


def test_a_form_sent_from_another_site_does_nothing(site: Site) -> None:
    path = site.link()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert site.browser.post(path, headers=headers).status_code == 403
    assert site.acknowledged_by() is None


def test_starting_a_meeting_needs_a_signed_in_chair_or_secretariat(site: Site) -> None:
    form = {"som": "SOM15", "host": "KH", "on": "2021-03-10"}
    assert site.browser.post("/som", data=form).status_code == 403
    site.sign_in("tf-kh-head")
    assert site.browser.post("/som", data=form).status_code == 403
    site.sign_in("chair-vn-head")  # Viet Nam does not hold the chair
    assert site.browser.post("/som", data=form).status_code == 403
    site.sign_in("chair-cn-head")
    answer = site.browser.post("/som", data=form)
    assert answer.status_code == 303
    assert (
        "kept; it starts as soon as Prefect is ready"
        in site.browser.get(answer.headers["location"]).text
    )


def test_a_sign_in_link_works_once(site: Site) -> None:
    with site.bench.office.store.write() as session:
        now = sessions.now()
        path = LINKS.mint(
            session, SIGN_IN, "un-act-head", "un-act-head", now + signin.LINK_LASTS, now
        )
    assert site.press(path).status_code == 303
    assert "un-act-head" in site.browser.get("/").text
    assert site.press(path).status_code == 409
    site.browser.post("/sign-out")
    assert "Reading only" in site.browser.get("/").text


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"som": "SOM15", "host": "XX", "on": "2021-03-10"}, 404, "no member of COMMIT"),
        ({"som": "SOM15", "host": "KH", "on": "soon"}, 400, "neither a date"),
        ({"som": "SOM15", "host": "KH", "on": "2001-01-01"}, 400, "is past"),
        ({"som": "tea", "host": "KH", "on": "2021-03-10"}, 400, "like SOM14"),
        ({"som": "SOM15", "host": "KH"}, 422, "as it must be: on"),
        ({"som": "<script>", "host": "KH", "on": "2021-03-10"}, 400, "&lt;script&gt;"),
    ],
)
def test_a_bad_form_gets_a_sentence_and_changes_nothing(
    site: Site, form: dict[str, str], status: int, words: str
) -> None:
    site.sign_in("un-act-head")
    before = site.everything()
    answer = site.browser.post("/som", data=form)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert site.everything() == before


@pytest.mark.parametrize(
    "path", ["/nowhere", "/runs/none", "/caught/none.eml", "/mail/99", "/link/none"]
)
def test_what_is_not_there_is_a_page_that_says_so(site: Site, path: str) -> None:
    if path.startswith("/caught"):
        site.sign_in("operations-focal-point")
    elif path.startswith("/mail"):
        site.sign_in("un-act-head")
    answer = site.browser.get(path)
    assert answer.status_code == 404
    assert "To the board" in answer.text


def test_an_unforeseen_error_is_a_page_with_a_reference(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with site.bench.office.store.engine.begin() as connection:
        connection.exec_driver_sql("alter table holding rename to hidden")
    answer = site.browser.get("/")
    with site.bench.office.store.engine.begin() as connection:
        connection.exec_driver_sql("alter table hidden rename to holding")
    assert answer.status_code == 500
    reference = re.search(r"reference: (\w{8})", answer.text)
    assert reference
    assert reference[1] in caplog.text

"""Pages that were just shown: shown again while nothing changed, to whom they were shown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from schemas.acts import Offer
from tests.conftest import Bench
from tests.served import served
from tests.test_board_pages import MAPPING
from tests.test_obligations import a_meeting
from tests.test_web import Site


@pytest.fixture
def site(open_office: Callable[[str], Bench], tmp_path: Path) -> Site:
    bench = open_office("2019-01-03T03:00")
    a_meeting(bench)
    return Site(bench, tmp_path)


def saying(site: Site, words: dict[str, str]) -> None:
    """Let the board say of the parts beside it what no store knows: it tells old pages from new."""
    site.app.state.parts = replace(site.app.state.parts, health=lambda: words)


def test_a_page_is_shown_again_until_somebody_writes(site: Site) -> None:
    saying(site, {"Prefect": "as it was"})
    assert "as it was" in site.browser.get("/").text
    saying(site, {"Prefect": "as it is"})
    assert "as it was" in site.browser.get("/").text
    site.bench.office.do(Offer(holding=MAPPING), by="un-act")
    assert "as it is" in site.browser.get("/").text


def test_a_page_is_shown_again_to_its_own_reader_alone(site: Site) -> None:
    site.sign_in("tf-la-head")
    assert "What needs Lao PDR task force first" in site.browser.get("/").text
    cookies = dict(site.browser.cookies)
    site.browser.cookies.clear()
    assert "What needs" not in site.browser.get("/").text
    site.browser.cookies.update(cookies)
    assert "What needs Lao PDR task force first" in site.browser.get("/").text
    site.browser.post("/sign-out")
    site.browser.cookies.update(cookies)
    assert "What needs" not in site.browser.get("/").text


def test_time_that_passes_makes_a_page_anew(site: Site) -> None:
    assert "3 January 2019" in site.browser.get("/").text
    site.bench.until("2019-01-04T03:00")
    assert "4 January 2019" in site.browser.get("/").text


def test_many_who_look_at_once_all_get_their_page(site: Site) -> None:
    with served(site) as url, ThreadPoolExecutor(40) as readers:
        answers = readers.map(lambda n: httpx.get(f"{url}/?look={n}", timeout=100), range(40))
        assert {answer.status_code for answer in answers} == {200}

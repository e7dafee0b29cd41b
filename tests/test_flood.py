"""Who sends very much, very slowly or in very many pieces keeps nobody else waiting."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from schemas.programme import Programme
from secretariat.web.app import LARGEST_BODY
from tests.served import opened_site, served
from tests.test_links import dump
from tests.test_web import Site

PATIENCE = 5.0  # seconds; a page takes a tenth of one


@pytest.fixture(scope="module")
def site(
    blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path_factory.mktemp("flood")) as found:
        yield found


@pytest.fixture(scope="module")
def url(site: Site) -> Iterator[str]:
    with served(site) as found:
        yield found


def begun(url: str, head: str) -> socket.socket:
    """A connection on which a request has begun."""
    found = socket.create_connection(("127.0.0.1", urlsplit(url).port or 80), timeout=PATIENCE)
    found.sendall(f"{head}\r\nHost: {urlsplit(url).netloc}\r\n".encode())
    return found


@pytest.mark.parametrize("path", ["/api/acts", "/holdings/som-hosting/venue-and-money@chair", "/"])
@pytest.mark.parametrize(
    "says", [f"Content-Length: {LARGEST_BODY + 1}", "Transfer-Encoding: chunked"]
)
def test_a_body_larger_than_any_of_ours_is_refused_unread(
    site: Site, url: str, path: str, says: str
) -> None:
    before = dump(site.bench.office.store)
    with begun(url, f"POST {path} HTTP/1.1") as sending:
        sending.sendall(f"{says}\r\n\r\n".encode())
        assert b" 413 " in sending.recv(100)
    assert dump(site.bench.office.store) == before


def test_three_hundred_who_never_finish_their_request_keep_nobody_waiting(url: str) -> None:
    with ExitStack() as open_ones:
        for n in range(300):
            slow = open_ones.enter_context(begun(url, "POST /sign-in HTTP/1.1"))
            if n % 2:  # half of them have said all but the words themselves
                slow.sendall(b"Content-Length: 100\r\n\r\na=")
        first = time.monotonic()
        assert httpx.get(url, timeout=PATIENCE).status_code == 200
        assert time.monotonic() - first < PATIENCE


def test_ten_thousand_ranges_are_no_more_work_than_one(url: str) -> None:
    ranges = ",".join(f"{n}-{n}" for n in range(0, 20_000, 2))
    first = time.monotonic()
    asked = {"Range": f"bytes={ranges[:60_000]}"}
    answer = httpx.get(f"{url}/static/style.css", headers=asked, timeout=PATIENCE)
    assert answer.status_code in (200, 206, 400, 416, 431)
    assert time.monotonic() - first < PATIENCE


def test_a_hostile_search_takes_a_moment(url: str) -> None:
    for words in ("a" * 8_000, "%_" * 2_000, "((((a+)+)+)+)" * 300, "\u202e" * 1_000):
        first = time.monotonic()
        answer = httpx.get(f"{url}/search", params={"q": words}, timeout=PATIENCE)
        assert answer.status_code < 500
        assert time.monotonic() - first < PATIENCE

"""Who sends very much, very slowly or in very many pieces keeps nobody else waiting."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from notifications import catcher
from schemas.programme import Programme
from secretariat import service
from secretariat.web import connections, sessions
from secretariat.web.app import LARGEST_BODY
from secretariat.web.connections import most_connections
from tests.conftest import start
from tests.served import opened_site, served
from tests.test_links import HOST, dump
from tests.test_web import Site

PATIENCE = 5.0  # seconds; a page takes a tenth of one
HALF_A_BODY = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na="


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


def test_five_thousand_who_never_finish_their_request_keep_neither_reader_nor_mail_waiting(
    tmp_path: Path,
) -> None:
    most_connections()  # our ends of them are open files as well
    program = start(tmp_path / "data", "up")
    caught = program.settings.directory / "caught"
    program.wait_for(program.answers, 60, "the board")
    with ExitStack() as open_ones:
        for n in range(5_000):
            slow = open_ones.enter_context(begun(program.url, "POST /sign-in HTTP/1.1"))
            if n % 2:  # half of them have said all but the words themselves
                slow.sendall(HALF_A_BODY)
        httpx.get(program.url, timeout=60)  # all before it have come in by now
        assert httpx.get(program.url, timeout=PATIENCE).is_success
        asked = {"address": "focal-point@donors.example"}
        assert httpx.post(f"{program.url}/sign-in", data=asked, timeout=PATIENCE).is_success
        program.wait_for(lambda: any(catcher.caught(caught)), PATIENCE, "a mail")
        assert program.health()["Clock"] == "ticking"
    httpx.get(program.url, timeout=60)  # their leaving is noticed by now
    program.stop()


def test_a_request_that_does_not_go_on_is_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD", 0.2)
    monkeypatch.setattr(connections, "BODY", 0.4)
    with served(site) as url:
        silent = socket.create_connection(("127.0.0.1", urlsplit(url).port or 80), PATIENCE)
        half_a_head = begun(url, "POST /sign-in HTTP/1.1")
        half_a_body = begun(url, "POST /sign-in HTTP/1.1")
        half_a_body.sendall(HALF_A_BODY)
        for sending in (silent, half_a_head, half_a_body):
            with sending, suppress(ConnectionResetError):
                assert sending.recv(1000) == b""


def test_who_leaves_in_the_midst_of_a_form_is_no_error_of_ours(
    site: Site, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.sign_in("tf-vn-focal-point")
    cookie = f"{sessions.COOKIE}={site.browser.cookies[sessions.COOKIE]}"
    with begun(url, f"POST /obligations/{HOST} HTTP/1.1\r\nCookie: {cookie}") as leaving:
        leaving.sendall(HALF_A_BODY)
        time.sleep(0.2)
    assert httpx.get(f"{url}/help", timeout=PATIENCE).is_success
    assert "unforeseen" not in caplog.text


def test_the_last_connection_is_told_so_and_one_more_is_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "most_connections", lambda: 2)
    with served(site) as url, begun(url, "POST /sign-in HTTP/1.1"):
        assert httpx.get(f"{url}/help", timeout=PATIENCE).status_code == 503
        with (
            begun(url, "POST /sign-in HTTP/1.1"),
            begun(url, "GET / HTTP/1.1") as over,
            suppress(ConnectionResetError),
        ):
            assert over.recv(1) == b""


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

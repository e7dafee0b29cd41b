"""Everybody can use every page: by axe, by keyboard, on a phone, on a slow line, without script."""

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import select

from notifications import catcher
from notifications.compose import composer
from notifications.links import DIGESTS, SIGN_IN
from schemas.acts import Offer, PrepareSom
from schemas.meeting_acts import AddItem
from schemas.tables import Entry, Mail, Obligation, Run
from secretariat import service
from secretariat.catalogues import OURS, PROGRAMMES, file_of, is_translated, read
from secretariat.commands import Office
from secretariat.languages import language_of
from secretariat.settings import Settings
from secretariat.web import events, signin
from secretariat.web.app import Parts, create_app
from tests.conftest import free_port

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
BY_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What is another in the other theme; the rest of the rules asks what the page is made of."""
PHONE, ENLARGED, DESK = 360, 640, 1280
"""Widths: a small phone, a screen of 1280 at 200 %, a desk."""
SHORTENED = """
const more = "tbody > tr:nth-child(n+11), ul > li:nth-child(n+11)";
document.querySelectorAll(more).forEach((each) => each.remove());
"""
"""Rules ask of each element; the eleventh row of a table is made as the first ten."""
LOOKS: tuple[tuple[int, Any, dict[str, Any]], ...] = (
    (DESK, "light", BY_COLOUR),
    (PHONE, "dark", RULES),
)
OPERATOR = "operations-focal-point"
OFFERED = "referral-mechanisms/framework@LA"


@dataclass
class Board:
    """The program as it is served, over a year that was lived through, with links to it."""

    url: str
    app: FastAPI
    office: Office
    links: dict[str, str]


@dataclass
class Seen:
    """What was found wrong on a page, in words."""

    violations: list[str] = field(default_factory=list)
    too_wide: list[int] = field(default_factory=list)


@pytest.fixture(scope="module")
def board(replayed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    directory = tmp_path_factory.mktemp("accessible") / "data"
    shutil.copytree(replayed.directory, directory)
    settings = Settings(data_dir=directory, port=free_port(), _env_file=None)
    office = service.open_demo(settings)
    writer = composer(settings, office.programme)
    app = create_app(
        Parts(settings, office, writer, directory / "caught", lambda: {"Prefect": "up"})
    )
    office.do(
        PrepareSom.model_validate({"som": "SOM15", "host": "KH", "on": "2021-Q1"}), by="un-act"
    )
    office.do(AddItem(som="SOM13", title="Budgets", presenter="tf-la", paper=True), by="un-act")
    office.do(Offer(holding=OFFERED), by="un-act")
    server = uvicorn.Server(uvicorn.Config(app, port=settings.port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield Board(settings.board_url, app, office, minted(office, writer.links))
    server.should_exit = server.force_exit = True
    thread.join(10)


def minted(office: Office, links: Any) -> dict[str, str]:
    """A link of each purpose, for officials who read Lao, Khmer, Burmese and English."""
    with office.store.write() as session:
        until = office.clock.now() + timedelta(days=9)

        def mint(purpose: str, about: str, contact: str) -> str:
            now = signin.now() if purpose == SIGN_IN else office.clock.now()
            expires = now + signin.LINK_LASTS if purpose == SIGN_IN else until
            url: str = links.mint(session, purpose, about, contact, expires, now)
            return "/link/" + url.rpartition("/")[2]

        asked = session.exec(select(Obligation.id).where(Obligation.body == "tf-kh")).first()
        figures = "indicator-collection/2018/indicators-reported@tf-mm"
        return {
            "obligation": mint("obligation", asked or "", "tf-kh-head"),
            "figures": mint("obligation", figures, "tf-mm-focal-point"),
            "offer": mint("offer", OFFERED, "tf-la-head"),
            "digests": mint(DIGESTS, "chair-cn-head", "chair-cn-head"),
            "sign-in": mint(SIGN_IN, "un-act-head", "un-act-head"),
            "operator": mint(SIGN_IN, OPERATOR, OPERATOR),
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def staff(board: Board, browser: Browser) -> Any:
    """What a browser of the secretariat's staff keeps once it has signed in."""
    return signed_in(board, browser, "sign-in")


def signed_in(board: Board, browser: Browser, link: str) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(board.url + board.links[link])
    page.locator("main button").first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


def paths(board: Board) -> dict[str, list[str]]:
    """The addresses at which each route with parameters is looked at."""
    with board.office.store.read() as session:
        obligations = session.exec(select(Obligation.id).order_by(Obligation.id)).all()
        run = session.exec(select(Run.key)).first()
        mail = session.exec(select(Mail.id).where(Mail.state == "accepted")).first()
    reporting = next(key for key in obligations if "indicators-reported@tf-kh" in key)
    caught = catcher.caught(board.app.state.parts.caught)[0]
    return {
        "/functions/{slug}": ["/functions/bilateral-agreements"],
        "/holdings/{key:path}": [f"/holdings/{OFFERED}"],
        "/obligations/{key:path}": [f"/obligations/{reporting}", f"/obligations/{obligations[-1]}"],
        "/countries/{member}": ["/countries/LA"],
        "/meetings/{name}": ["/meetings/SOM13"],
        "/returns": [],  # leads to the latest year
        "/returns/{year}": ["/returns/2018"],
        "/runs/{key:path}": [f"/runs/{(run or '').replace('#', '%23')}"],
        "/mail/{number:int}": [f"/mail/{mail}"],
        "/caught/{name}": [f"/caught/{caught}"],
        "/link/{token}": [*board.links.values(), "/link/none"],
        "/": ["/", "/?at=2018-06-30"],
        "/search": ["/search?q=cambodia", "/search?q=xyzzy"],
        "/ledger": ["/ledger?verify=1"],
        "/mail/preview": ["/mail/preview?name=obligation&language=my"],
    }


FOR_THE_OPERATOR = ("/accounts", "/webhooks")
NOT_PAGES = (
    "/api",  # for programs
    "/events",
    "/health",
    "/ready",
    "/metrics",
    ".pdf",  # files
    ".docx",
    ".csv",
    ".xlsx",
    ".ics",
    ".json",
    ".{kind}",
    "/html",  # a mail as it was sent
    "/document",
    "/return/",
    "/return.",
    "/provider",  # leads away, and back
)


def routes(app: FastAPI) -> list[str]:
    """Every page there is, as the program has it: a new one cannot be forgotten."""
    doors = [getattr(door, "original_router", door) for door in app.routes]
    found = {
        str(route.path)
        for door in doors
        for route in getattr(door, "routes", ())
        if "GET" in (getattr(route, "methods", None) or ())
    }
    return sorted(p for p in found if not any(part in p for part in NOT_PAGES))


def addresses(board: Board) -> list[str]:
    known = paths(board)
    found = []
    for route in routes(board.app):
        assert route in known or "{" not in route, (
            f"say in paths() where {route} is to be looked at"
        )
        found += known.get(route, [route])
    return found


@pytest.fixture(scope="module")
def seen(board: Board, browser: Browser, staff: Any) -> dict[str, Seen]:
    """Each page at a desk in light, enlarged, and on a phone in the dark."""
    operator = signed_in(board, browser, "operator")
    pages = {
        whose: browser.new_context(storage_state=state, reduced_motion="reduce").new_page()
        for whose, state in (("staff", staff), ("operator", operator))
    }
    axe, found = Axe(), {}
    for path in addresses(board):
        page = pages["operator" if path in FOR_THE_OPERATOR else "staff"]
        answer = page.goto(board.url + path)
        assert answer, path
        assert answer.status == (404 if path == "/link/none" else 200), f"{path}: {answer.status}"
        found[path] = one = Seen()
        for width in (DESK, ENLARGED, PHONE):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                one.too_wide.append(width)
        page.evaluate(SHORTENED)
        for width, colours, rules in LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=colours)
            options = {"resultTypes": ["violations"], **rules}
            one.violations += said(axe.run(page, options=options).response, colours)
    for page in pages.values():
        page.context.close()
    return found


def said(report: dict[str, Any], colours: str) -> list[str]:
    return [
        f"{colours}: {fault['id']} at {node['target']}: {node['failureSummary']}"
        for fault in report["violations"]
        for node in fault["nodes"][:3]
    ]


def test_no_page_breaks_a_rule_of_wcag_22_aa_in_either_theme(seen: dict[str, Seen]) -> None:
    assert {path: one.violations for path, one in seen.items() if one.violations} == {}
    assert len(seen) > 30


def test_no_page_scrolls_sideways_on_a_phone_or_enlarged_twice(seen: dict[str, Seen]) -> None:
    assert {path: one.too_wide for path, one in seen.items() if one.too_wide} == {}


OTHER = language_of("my")
"""The tallest and longest of the languages, in which pages are looked at once more."""
READ = """() => {
  const said = ["aria-label", "placeholder", "data-label", "alt"];
  const told = [...document.body.querySelectorAll("*")]
    .flatMap((each) => said.map((name) => each.getAttribute(name)));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const within = texts.currentNode.parentElement;
    if (within.closest("[lang]").lang !== "en") told.push(texts.currentNode.data);
  }
  return told.filter(Boolean).map((each) => each.replace(/\\s+/g, " ").trim());
}"""


NOT_OURS_TO_SAY = ("/link/", "/caught", *FOR_THE_OPERATOR)
"""Pages in their reader's own language, and those that operators alone read."""


@pytest.fixture(scope="module")
def page_of_others(board: Board, browser: Browser, staff: Any) -> Iterator[Page]:
    """The staff's browser on a phone, once it has chosen the other language."""
    context = browser.new_context(storage_state=staff, viewport={"width": PHONE, "height": 800})
    page = context.new_page()
    page.goto(board.url)
    page.get_by_role("button", name=OTHER.name).click()
    yield page
    context.close()


def in_english(board: Board) -> set[str]:
    """Texts there is a translation of, but for what somebody typed, or what is no whole text."""
    known = [(OURS, "secretariat"), (PROGRAMMES, board.office.programme.slug)]
    texts = [text for root, name in known for text in read(file_of(root, OTHER.code, name))]
    with board.office.store.read() as session:
        typed = [str(entry.data) for entry in session.exec(select(Entry))]
    else_ = " ".join([*typed, *(str(text.id) for text in texts if not is_translated(text))])
    said = {str(text.id) for text in texts if is_translated(text) and text.string != text.id}
    return {text for text in said if text and text not in else_}


def faults_in_another_language(board: Board, page: Page, paths: list[str]) -> dict[str, Any]:
    """What is English still, too wide or against a rule, by page."""
    english, faults = in_english(board), {}
    for path in paths:
        page.goto(board.url + path)
        left = [text for text in page.evaluate(READ) if text in english]
        wide = page.evaluate("document.documentElement.scrollWidth") > PHONE
        page.evaluate(SHORTENED)
        options = {"resultTypes": ["violations"], **RULES}
        broken = said(Axe().run(page, options=options).response, "light")
        spoken = page.locator("html").get_attribute("lang")
        if left or wide or broken or spoken != OTHER.tag:
            faults[path] = (spoken, left, wide, broken)
    return faults


def test_in_another_language_a_page_leaves_nothing_in_english_that_could_be_said(
    board: Board, page_of_others: Page
) -> None:
    paths = ["/", "/countries/LA", "/meetings/SOM13", "/help"]
    assert faults_in_another_language(board, page_of_others, paths) == {}


@pytest.mark.long
def test_in_another_language_no_page_does(board: Board, page_of_others: Page) -> None:
    own = [path for path in addresses(board) if not path.startswith(NOT_OURS_TO_SAY)]
    assert faults_in_another_language(board, page_of_others, own) == {}


def test_the_board_is_used_by_keyboard(board: Board, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(board.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(board.url)
    order = []
    for _ in range(40):
        page.keyboard.press("Tab")
        order.append(page.evaluate(NUMBER))
        assert page.evaluate(OUTLINED), "one sees where one is"
    assert order == sorted(order)
    page.close()


NUMBER = "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
OUTLINED = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"


def test_the_first_load_is_light(board: Board, browser: Browser, staff: Any) -> None:
    """At most 60 kB on the wire, and only the page and its style before anything is shown."""
    page = browser.new_context(storage_state=staff).new_page()
    finished: list[Any] = []

    def note(request: Any) -> None:
        finished.append(request)

    page.on("requestfinished", note)
    page.goto(board.url, wait_until="load")
    blocking = [each for each in finished if each.resource_type in ("document", "stylesheet")]
    assert len(blocking) == 2
    assert page.locator("script:not([defer])").count() == 0
    sizes = [each.sizes() for each in finished]
    weight = sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes)
    assert 1_000 < weight <= 60_000, {each.url: each.sizes() for each in finished}
    page.context.close()


@pytest.mark.parametrize("path", ["/", "/countries/LA", "/obligations", "/forecast", "/help"])
def test_without_script_a_page_says_the_same(board: Board, browser: Browser, path: str) -> None:
    with_it, without = (browser.new_context(java_script_enabled=on) for on in (True, False))
    texts = []
    for context in (with_it, without):
        page = context.new_page()
        page.goto(board.url + path)
        texts.append(page.locator("main").inner_text())
        context.close()
    clock = 40  # characters into which the minute of the demo's clock falls
    assert texts[0][-2000:] == texts[1][-2000:]
    assert len(texts[0]) > clock


@pytest.mark.parametrize("path", ["/forecast", "/returns/2018"])
def test_each_drawing_is_in_the_page_and_has_a_table_behind_it(
    board: Board, browser: Browser, path: str
) -> None:
    page = browser.new_page()
    page.goto(board.url + path)
    drawings = page.locator("svg.chart")
    assert drawings.count() > 0
    for n in range(drawings.count()):
        drawing = drawings.nth(n)
        assert drawing.get_attribute("role") == "img"
        assert drawing.locator("title").count() == drawing.locator("desc").count() == 1
        assert drawing.locator("xpath=ancestor::section[1]").locator("table").count() == 1
    page.close()


def test_an_open_page_follows_what_happens_but_never_while_one_types(
    board: Board, browser: Browser
) -> None:
    reading, typing = browser.new_page(), browser.new_page()
    for page in (reading, typing):
        with page.expect_response(lambda answer: answer.url.endswith("/events")):
            page.goto(f"{board.url}/ledger")
    typing.get_by_label("Words").fill("half a wo")
    reading.bring_to_front()
    reading.evaluate("window.unchanged = true")
    added = AddItem(som="SOM13", title="What is new", presenter="tf-la")
    board.office.do(added, by="un-act")
    expect(reading.locator("main")).to_contain_text("What is new", timeout=10_000)
    assert reading.evaluate("window.unchanged"), "it was not loaded again"
    assert "brought up to date" in reading.locator("#told").inner_text()
    assert typing.get_by_label("Words").input_value() == "half a wo"
    assert "What is new" not in typing.locator("main").inner_text()
    reading.close()
    typing.close()


def test_no_more_pages_are_told_than_can_be(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.stream("GET", f"{board.url}/events", timeout=5) as told:
        assert told.headers["content-type"].startswith("text/event-stream")
        lines = told.iter_lines()
        assert next(lines).startswith("retry:")
        monkeypatch.setattr(events, "MOST", 1)
        refused = httpx.get(f"{board.url}/events", timeout=5)
    assert refused.status_code == 503


def test_a_printed_page_is_black_on_white_without_what_can_only_be_pressed(
    board: Board, browser: Browser, staff: Any
) -> None:
    page: Page = browser.new_context(storage_state=staff, color_scheme="dark").new_page()
    page.goto(board.url)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for hidden in (".pages", "main form", ".foot", "main button"):
        assert not page.locator(hidden).first.is_visible(), hidden
    page.context.close()

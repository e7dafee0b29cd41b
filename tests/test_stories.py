"""Four people's days with the whole program, in a real browser, with script and without.

Prefect is started as always and then stands still: whatever is asked here goes on without it.
With PICTURES set to a directory, what each saw at each stop is kept there.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from shutil import copytree
from typing import Any

import psutil
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from notifications import catcher
from notifications.catcher import Catcher
from secretariat.clock import WallClock
from secretariat.settings import Settings
from tests.conftest import Running, cli, start
from tests.served import chromium

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
LINK = re.compile(r"/link/\S+")


@dataclass
class Reader:
    """Somebody at a browser in front of the program; mail to them is in ``mailboxes``."""

    page: Page
    program: Running
    mailboxes: Path
    name: str
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known.update(catcher.caught(self.mailboxes))

    def opens(self, path: str) -> None:
        answer = self.page.goto(f"{self.program.url}{path}")
        assert answer
        assert answer.ok, f"{path}: {answer.status}"

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follows(self, name: str | re.Pattern[str]) -> None:
        self.page.locator("main").get_by_role("link", name=name, exact=True).first.click()

    def unfolds(self, summary: str) -> None:
        self.page.locator("summary", has_text=re.compile(f"^{summary}$")).first.click()

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    def remembers(self, stop: str) -> None:
        """A picture of the page, where somebody wants to look at it."""
        if directory := os.environ.get("PICTURES"):
            path = Path(directory) / f"{self.name}-{stop}.png"
            self.page.screenshot(path=path, full_page=True)

    def mail(self, to: str, kept: str = "") -> EmailMessage:
        """The newest mail to an address: one that comes now, or one ``kept`` by its subject."""
        found: list[EmailMessage] = []

        def came() -> bool:
            for name in catcher.caught(self.mailboxes):
                message = catcher.read(self.mailboxes, name)
                wanted = kept in message["subject"] if kept and message else name not in self.known
                if message and to in message["to"] and wanted:
                    self.known.add(name)
                    found.append(message)
                    return True
            return False

        self.program.wait_for(came, 20, f"a mail to {to}")
        return found[0]

    def opens_link_in(self, message: EmailMessage) -> None:
        """By its path: mails of the year that was lived through name another port."""
        found = LINK.search(text_of(message))
        assert found
        self.opens(found[0])

    def signs_in_as(self, contact: str) -> None:
        """By the link that whoever runs the program prints."""
        told = cli("sign-in", contact, environment=self.program.environment)
        self.page.goto(told.stdout.strip())
        self.presses("Sign in")


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body
    text: str = body.get_content()
    return text


@contextmanager
def running(directory: Path, command: str, **more: Any) -> Iterator[Running]:
    """The program as a newcomer starts it, with Prefect held still once it has begun."""
    program = start(directory, command, **more)
    program.wait_for(program.answers, 60, "the board")
    children = psutil.Process(program.process.pid).children
    program.wait_for(lambda: bool(children()), 20, "Prefect")
    for child in children(recursive=True):
        child.suspend()
    yield program
    ends(program)


def ends(program: Running) -> None:
    """Ctrl-C. Prefect, which stands still, could not end by itself."""
    if program.process.poll() is None:
        for child in psutil.Process(program.process.pid).children(recursive=True):
            child.kill()
    program.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=["script", "no script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "script")


@pytest.fixture(scope="module")
def demo(
    script: bool, replayed: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The demo, its year lived through."""
    directory = tmp_path_factory.mktemp("stories") / "data"
    copytree(replayed.directory, directory)
    with running(directory, "demo") as program:
        yield program


@contextmanager
def reader(
    browser: Browser, program: Running, script: bool, name: str, **more: Any
) -> Iterator[Reader]:
    context = browser.new_context(java_script_enabled=script, **more)
    context.set_default_timeout(30_000)
    mailboxes = program.settings.directory / "caught"
    yield Reader(context.new_page(), program, mailboxes, f"{name}{'' if script else '-no-script'}")
    context.close()


def test_the_chair_s_morning(browser: Browser, demo: Running, script: bool) -> None:
    address = "head.chair@cn.example"
    with reader(browser, demo, script, "chair") as chair:
        page = chair.page
        chair.opens("/sign-in")
        page.locator("input[name=address]").fill(address)
        page.locator("main button").click()
        chair.opens_link_in(chair.mail(address))
        chair.remembers("1-link")
        page.locator("main button").click()
        assert page.url == f"{demo.url}/"
        expect(page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
        chair.remembers("2-board-in-chinese")
        page.locator("#language button[value=en]").click()

        chair.sees("What needs Chair")
        chair.sees("1 obligation")
        chair.remembers("3-board")
        chair.follows("China")
        chair.sees("1 late")
        chair.remembers("4-country")
        chair.opens("/")
        chair.follows("Indicators handed in")
        chair.sees("China task force")
        chair.remembers("5-late")

        chair.opens("/")
        chair.follows(re.compile("SOM13 in"))
        chair.sees("What that set off")
        chair.remembers("6-meeting")
        page.locator("nav.wide").get_by_role("link", name="Chair").click()
        with page.expect_download() as kept:
            chair.follows("PDF to keep")
        assert Path(kept.value.path()).read_bytes().startswith(b"%PDF")
        chair.remembers("7-chair")
        page.locator("nav.wide").get_by_role("link", name="Forecast").click()
        expect(page.locator("svg.chart").first).to_be_visible()
        chair.remembers("8-forecast")
        chair.presses("Sign out")
        expect(page.locator(".who")).to_contain_text("Reading only")


def test_an_officer_answers_from_a_phone(browser: Browser, demo: Running, script: bool) -> None:
    address = "focal-point.task-force@cn.example"
    with reader(browser, demo, script, "officer", **PHONE) as officer:
        page = officer.page
        reminder = officer.mail(address, kept="提交指标")
        assert reminder["content-language"].startswith("zh")
        officer.opens_link_in(reminder)
        expect(page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
        officer.remembers("1-asked")
        page.locator("main button.wide").tap()
        expect(page.locator("main .settled").first).to_be_visible()
        officer.remembers("2-acknowledged")

        for field in page.locator("fieldset").all():
            field.locator("textarea").first.fill("尚未统计")
        referred = page.locator("fieldset").first
        referred.locator("textarea").first.fill("")
        for box, count in zip(
            referred.locator("input").all(), ("848", "430", "418", "100", "748"), strict=True
        ):
            box.fill(count)
        officer.remembers("3-figures")
        page.locator("button[value=submit]").tap()
        expect(page.locator("table.figures")).to_contain_text("848")
        officer.remembers("4-receipt")
        width = page.evaluate("document.documentElement.scrollWidth") if script else 360
        assert width <= 360
        receipt = officer.mail(address)
        assert receipt["message-id"] != reminder["message-id"]
        assert receipt["content-language"].startswith("zh")
        assert "848" in text_of(receipt)


def test_the_staff_prepare_offer_postpone_and_think_again(
    browser: Browser, demo: Running, script: bool
) -> None:
    with reader(browser, demo, script, "staff") as staff:
        page = staff.page
        staff.signs_in_as("un-act-focal-point")
        codes = sets_up_a_second_factor(staff)
        told = staff.mail("focal-point@un-act.example")
        assert told["subject"].endswith("Your account was changed")
        staff.presses("Sign out")
        signs_in_with_both(staff, "focal-point@un-act.example", codes[0])

        staff.unfolds("Prepare a Senior Officials Meeting")
        page.get_by_role("textbox", name="Meeting").fill("SOM14")
        page.get_by_role("combobox", name="Host").select_option("VN")
        page.get_by_role("textbox", name="On", exact=True).fill("2020-03-10")
        staff.presses("Start preparation")
        staff.sees("som-hosting SOM14")
        staff.remembers("3-run")

        staff.opens("/meetings/SOM14")
        staff.unfolds("Add an item")
        page.get_by_role("textbox", name="Title").first.fill("Budgets")
        page.get_by_role("combobox", name="Presented by").first.select_option("tf-la")
        page.get_by_role("button", name="What would happen?").first.click()
        staff.sees("Nothing is done yet")
        staff.remembers("4-preview")
        staff.presses("Do it")
        staff.sees("item 1 was put on the agenda of SOM14: Budgets")
        staff.remembers("5-done")

        staff.opens("/holdings/som-preparation/documents@chair")
        staff.remembers("6-duty")
        offers(staff)
        staff.remembers("7-offered")
        staff.presses("Undo")
        staff.sees("withdrew")
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        staff.remembers("8-withdrawn")

        staff.opens("/meetings/SOM14")
        staff.unfolds("Postpone")
        page.get_by_role("textbox", name="New date").fill("2020-06-09")
        page.locator("form", has_text="Postpone it").get_by_label("Reason").fill("An election.")
        staff.presses("Postpone it")
        staff.sees("What that set off")
        staff.remembers("9-postponed")
        page.locator(".done").get_by_label("Reason").fill("The election is later.")
        staff.presses("Undo")
        staff.sees("from 9 June 2020 to 10 March 2020")
        staff.remembers("10-moved-back")


def sets_up_a_second_factor(staff: Reader) -> list[str]:
    staff.opens("/second-factor")
    staff.presses("Set up an authenticator")
    staff.remembers("1-second-factor")
    secret = staff.page.locator("main code").inner_text().replace(" ", "")
    staff.page.get_by_label("Six digits").fill(pyotp.TOTP(secret).now())
    staff.presses("Set it up")
    staff.sees("Print these codes")
    return staff.page.locator("main li code").all_inner_texts()


def signs_in_with_both(staff: Reader, address: str, code: str) -> None:
    staff.opens("/sign-in")
    staff.page.get_by_label("Address").fill(address)
    staff.presses("Mail me a link")
    staff.opens_link_in(staff.mail(address))
    staff.presses("Sign in")
    staff.remembers("2-asked-for-the-second")
    staff.page.get_by_label("Code").fill(code)
    staff.presses("Go on")
    staff.sees("What needs UN-ACT first")


def offers(staff: Reader) -> None:
    offer = staff.page.locator("details", has_text="Answer by").first
    offer.get_by_role("button", name="What would happen?").click()
    staff.sees("Nothing is done yet")
    staff.presses("Do it")
    staff.sees("offered")
    expect(staff.page.get_by_role("button", name="Undo")).to_be_visible()


@pytest.fixture(scope="module")
def installed(script: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An empty installation with its own programme and a mail server of its own."""
    home = tmp_path_factory.mktemp("installed")
    with Catcher(home / "data" / "caught") as relay:
        more = {"SECRETARIAT_SMTP_URL": relay.url.geturl()}
        assert cli("init", environment=dict(os.environ), cwd=home).returncode == 0
        programme = home / "programme.yaml"
        told = programme.read_text(encoding="utf-8")
        lines = [
            line if "desk@office.example" in line else line.replace(".example", ".internal")
            for line in told.splitlines(keepends=True)
        ]
        programme.write_text("".join(lines), encoding="utf-8")
        more["SECRETARIAT_PROGRAMME"] = str(programme)
        with running(home / "data", "up", **more) as program:
            yield program


def test_the_first_hour_of_whoever_installs_it(
    browser: Browser, installed: Running, script: bool
) -> None:
    with reader(browser, installed, script, "admin") as admin:
        page = admin.page
        admin.signs_in_as("project-office-head")
        admin.sees("Before the first handover")
        admin.remembers("1-first-steps")
        admin.follows("A first mail was taken by the server")
        admin.presses("Send a test mail to me")
        admin.remembers("2-on-its-way")
        assert "A test mail" in admin.mail("head@office.internal")["subject"]
        installed.wait_for(lambda: is_taken(admin), 20, "the server's answer on the page")
        admin.remembers("3-taken")

        admin.opens("/")
        admin.follows("Every post has a real mailbox")
        page.get_by_label("Short name, as the history has it").fill("desk-1")
        page.get_by_label("Name", exact=True).fill("Somchai Jaidee")
        page.get_by_label("Address, else the mailbox of the post").fill("somchai@office.internal")
        admin.presses("Keep them")
        row = page.locator("tr", has_text="project-office-focal-point")
        row.locator("summary", has_text="Another holder").click()
        row.get_by_label("Short name of the person").fill("desk-1")
        row.get_by_label("From").first.fill(WallClock(-timedelta(days=1)).now().date().isoformat())
        row.get_by_role("button", name="They hold it").click()
        expect(page.locator("tr", has_text="project-office-focal-point")).to_contain_text("Somchai")
        admin.remembers("4-people")

        admin.opens("/")
        admin.follows("A first duty is offered to a government")
        admin.opens("/functions/annual-report")
        admin.follows("UN-led")
        offers(admin)
        admin.remembers("5-offered")
        admin.opens("/mail")
        admin.sees("tf-la-")  # it leaves in the reader's office hours
        admin.opens("/")
        expect(page.get_by_text("Before the first handover")).to_have_count(0)

        assert len(sets_up_a_second_factor(admin)) == 10
        admin.opens("/account")
        page.get_by_label("Read what is not for everybody").check()
        admin.presses("Make a token")
        admin.sees("it is not shown again")
        admin.remembers("6-token")
        admin.presses("Sign out")

        admin.signs_in_as("operations-focal-point")
        page.locator("nav.wide").get_by_role("link", name="Accounts").click()
        admin.sees("project-office-head")
        admin.remembers("7-accounts")


def is_taken(admin: Reader) -> bool:
    admin.opens("/mail/test")
    return "The mail server took it: 250" in admin.page.locator("main").inner_text()


def test_the_program_ends_without_a_word_of_alarm_while_a_page_is_open(
    browser: Browser, installed: Running, script: bool
) -> None:
    with reader(browser, installed, script, "last") as last:
        last.opens("/")
        ends(installed)
    assert installed.process.returncode == 0
    log = installed.settings.directory.parent / "data.log"
    assert "Traceback" not in log.read_text(encoding="utf-8")

"""The whole program as a newcomer starts it: real Prefect, real SMTP, a real browser."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import col, or_, select

from notifications import catcher
from schemas.acts import Accept, Offer, Waive
from schemas.programme import Programme
from schemas.tables import Entry, Mail, Obligation, Run
from secretariat.installation import open_office
from secretariat.runs import alike
from tests.conftest import REPO, Running, run_cli, start


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing; make browser installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser without script: everything must work so."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def prefect(demo: Running, path: str, **body: Any) -> Any:
    url = f"{demo.settings.prefect_api}{path}"
    auth = demo.settings.prefect_auth
    return httpx.post(url, json=body, auth=auth, timeout=120).raise_for_status().json()


def runs(demo: Running, deployment: str) -> list[Run]:
    with open_office(demo.settings).store.read() as session:
        query = select(Run).where(Run.deployment == deployment).order_by(col(Run.asked_at))
        return list(session.exec(query))


def done(demo: Running, deployment: str, count: int = 1) -> bool:
    return sum(run.state == "done" for run in runs(demo, deployment)) >= count


def test_prefect_has_a_deployment_for_each_function(demo: Running, commit: Programme) -> None:
    names = {found["name"] for found in prefect(demo, "/deployments/filter")}
    assert names == {function.slug for function in commit.functions}
    written = yaml.safe_load((REPO / "prefect.yaml").read_text())["deployments"]
    assert [entry["name"] for entry in written] == [f.slug for f in commit.functions]


def test_preparing_a_meeting_from_the_command_line_runs_its_flow(demo: Running) -> None:
    meeting = ("SOM14", "--host", "VN", "--on", "2020-03-10")
    told = demo.cli("som", "prepare", *meeting, "--wait", "240")
    assert told.returncode == 0, told.stderr
    assert "SOM14: the cycle is opened" in told.stdout
    assert "SOM14: 12 asked" in told.stdout
    assert "som-hosting/SOM14#1: done." in told.stdout
    (run,) = runs(demo, "som-hosting")
    (known,) = prefect(demo, "/flow_runs/filter", flow_runs={"id": {"any_": [run.prefect_id]}})
    assert known["state"]["type"] == "COMPLETED"
    tasks = prefect(demo, "/task_runs/filter", flow_runs={"id": {"any_": [run.prefect_id]}})
    names = {task["name"].rsplit("-", 1)[0] for task in tasks}
    assert {"open the cycle", "plan the milestones", "ask the bodies"} <= names
    assert {"cycle"} <= {tag for task in tasks for tag in task["tags"]}
    assert all(task["empirical_policy"]["retries"] == 3 for task in tasks)


def test_a_domain_event_reaches_prefect_and_triggers_a_deployment(demo: Running) -> None:
    office = open_office(demo.settings)
    holding = "regional-liaison/destinations@chair"
    before = len(runs(demo, "regional-liaison"))
    waiver = Waive(holding=holding, items=["contacts"], reason="The chair is known.")
    office.do(waiver, by="un-act", contact="un-act-head")
    office.do(Offer(holding=holding), by="un-act")
    office.do(Accept(holding=holding), by="chair")

    def known() -> list[Any]:
        wanted = {"event": {"name": ["secretariat.holding.accepted"]}}
        found: list[Any] = prefect(demo, "/events/filter", filter=wanted)["events"]
        return found

    demo.wait_for(lambda: bool(known()), 30, "the event's way to Prefect")
    (event,) = known()
    assert event["resource"]["prefect.resource.id"] == f"secretariat.holding.{holding}"
    related = {r["prefect.resource.id"]: r["prefect.resource.role"] for r in event["related"]}
    assert related["secretariat.function.regional-liaison"] == "function"
    assert related["secretariat.body.chair"] == "body"
    demo.wait_for(
        lambda: done(demo, "regional-liaison", before + 1), 240, "the run the event triggers"
    )
    with office.store.read() as session:
        bodies = session.exec(
            select(Obligation.body).where(Obligation.function == "regional-liaison")
        ).all()
    assert "un-act" in bodies


FLOWS = {
    ("indicator-collection", "2018"): "5 of 6 returns came in; missing: China task force",
    ("chair-rotation", "SOM13"): "SOM14: Viet Nam is informally agreed",
    ("national-planning", "2019"): "2019: 12 asked",
}


@pytest.mark.long
def test_flows_do_their_work_and_running_them_again_changes_nothing(demo: Running) -> None:
    office = open_office(demo.settings)

    def entries() -> list[str]:
        about = [col(Entry.subject).startswith("/".join(flow)) for flow in FLOWS]
        with office.store.read() as session:
            return list(session.exec(select(Entry.hash).where(or_(*about)).order_by(Entry.hash)))

    def latest() -> dict[tuple[str, str], Run]:
        with office.store.read() as session:
            return {flow: alike(session, *flow)[0] for flow in FLOWS}

    known: list[str] = []
    for _ in ("first", "second"):
        for function, cycle in FLOWS:
            demo.cli("run", function, "--cycle", cycle, "--wait", "0")
        demo.wait_for(lambda: all(r.ended_at for r in latest().values()), 240, "the flows' end")
        for flow, words in FLOWS.items():
            assert latest()[flow].state == "done", latest()[flow].words
            assert known or words in " ".join(latest()[flow].steps)
        assert known in ([], entries())
        known = entries()
    assert known


def test_prefect_serves_nobody_without_its_password(demo: Running) -> None:
    url = f"{demo.settings.prefect_api}/flow_runs/filter"
    assert httpx.post(url, json={}).status_code == httpx.codes.UNAUTHORIZED
    elsewhere = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in httpx.options(url, headers=elsewhere).headers


def test_a_meeting_is_prepared_from_a_button_on_the_board(demo: Running, page: Page) -> None:
    page.goto(demo.cli("sign-in").stdout.strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Prepare a Senior Officials Meeting").click()
    page.get_by_role("textbox", name="Meeting").fill("SOM15")
    page.get_by_role("combobox", name="Host").select_option("KH")
    page.get_by_role("textbox", name="On", exact=True).fill("2021-Q1")
    page.get_by_role("button", name="Start preparation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("som-hosting SOM15")

    def is_done() -> bool:
        page.reload()
        return page.locator(".state").inner_text() == "done"

    demo.wait_for(is_done, 240, "the end of the run")
    expect(page.locator(".steps")).to_contain_text("SOM15: 12 asked")
    page.goto(demo.url)
    expect(page.get_by_text("SOM15 in Cambodia")).to_have_count(0)  # only the next two are shown
    expect(page.get_by_role("link", name="som-hosting SOM15")).to_be_visible()


def test_a_reminder_becomes_a_mail_whose_button_acknowledges(demo: Running, page: Page) -> None:
    late = "indicator-collection/2018/indicators-reported@tf-cn"
    page.goto(f"{demo.url}/caught")
    page.get_by_role("link", name=re.compile("Late by 16 days: Indicators handed in")).click()
    letter = page.frame_locator("iframe.letter")
    expect(letter.get_by_role("heading").first).to_have_text("Indicators handed in")
    page.goto(letter.get_by_role("link", name="See it and take it up").get_attribute("href") or "")
    page.get_by_role("button", name="We take it up with China task force").click()
    expect(page.get_by_text("Acknowledged on")).to_be_visible()
    with open_office(demo.settings).store.read() as session:
        assert session.get_one(Obligation, late).acknowledged_by == "un-act"


def test_one_signs_in_by_the_link_that_is_mailed(demo: Running, page: Page) -> None:
    page.goto(f"{demo.url}/sign-in")
    page.get_by_role("textbox", name="Address").fill("focal-point@donors.example")
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a link is on its way there")

    def came() -> bool:
        return "Your link to sign in" in httpx.get(f"{demo.url}/caught", timeout=5).text

    demo.wait_for(came, 20, "the mail with the link")
    page.goto(f"{demo.url}/caught")
    page.get_by_role("link", name=re.compile("Your link to sign in")).first.click()
    letter = page.frame_locator("iframe.letter")
    page.goto(letter.get_by_role("link", name="Sign in").get_attribute("href") or "")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="donors-focal-point")).to_be_visible()


def test_the_mail_to_come_can_be_seen_before_it_leaves(demo: Running, page: Page) -> None:
    page.goto(demo.cli("sign-in").stdout.strip())
    page.get_by_role("button", name="Sign in").click()
    assert page.goto(f"{demo.url}/mail/coming", timeout=90_000).ok  # type: ignore[union-attr]
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_text("reached nobody")).to_have_count(0)  # what is foreseen arrives


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_is_readable_at_every_width(
    demo: Running, browser: Browser, width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demo.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("heading", level=1)).to_have_text("Where the handover stands")
    expect(page.locator(".counts")).to_contain_text("8 fully, 9 partly, 0 not yet")
    for country in ("Cambodia", "China", "Lao PDR", "Myanmar", "Thailand", "Viet Nam"):
        assert page.get_by_text(country).count()
    assert all(url.startswith((demo.url, "data:")) for url in asked)
    context.close()


def test_with_prefect_killed_reminders_go_on_and_its_work_waits_and_then_starts_once(
    demo: Running,
) -> None:
    for child in psutil.Process(demo.process.pid).children(recursive=True):
        if "server" in child.cmdline() or "uvicorn" in " ".join(child.cmdline()):
            child.kill()
    office = open_office(demo.settings)
    asked = demo.cli("run", "budget-advocacy", "--cycle", "2019", "--wait", "0")
    assert asked.returncode == 0
    with office.store.read() as session:
        before = len(session.exec(select(Mail).where(Mail.state == "accepted")).all())
    caught_before = len(catcher.caught(demo.settings.directory / "caught"))
    assert demo.cli("forward", "2019-01-25").returncode == 0

    def mails_left() -> bool:
        with office.store.read() as session:
            accepted = session.exec(select(Mail).where(Mail.state == "accepted")).all()
        return len(accepted) > before

    demo.wait_for(mails_left, 20, "mail while Prefect is away")
    assert len(catcher.caught(demo.settings.directory / "caught")) > caught_before
    demo.wait_for(lambda: done(demo, "budget-advocacy"), 240, "the waiting run")
    assert len(runs(demo, "budget-advocacy")) == 1


def test_a_second_start_on_the_same_store_is_refused_in_a_sentence(demo: Running) -> None:
    again = run_cli("demo", environment=demo.environment)
    assert again.returncode == 2
    assert "already runs on this store" in again.stderr


def test_ctrl_c_stops_everything_and_a_second_start_works_as_well(tmp_path: Path) -> None:
    for attempt in ("fresh", "second"):
        running = start(tmp_path / "data", "demo")
        running.wait_for(running.answers, 60, f"the {attempt} board")
        running.wait_for(lambda r=running: len(family(r)) > 2, 90, "Prefect's processes")
        processes = family(running)
        assert running.stop() < 10
        assert running.process.returncode == 0
        _, alive = psutil.wait_procs(processes, timeout=3)
        assert alive == []
        told = run_cli("status", "--at", "2018-12-31", environment=running.environment)
        assert "8 fully, 9 partly, 0 not" in told.stdout


def family(running: Running) -> list[psutil.Process]:
    parent = psutil.Process(running.process.pid)
    return [parent, *parent.children(recursive=True)]


def test_the_two_commands_work_from_a_clean_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(REPO), str(clone)], check=True)
    running = start(tmp_path / "data", "--help")  # only for its ports and environment
    running.process.wait()
    environment = {k: v for k, v in running.environment.items() if k != "VIRTUAL_ENV"}
    process = subprocess.Popen(
        ["make", "demo"], cwd=clone, env=environment, start_new_session=True, text=True
    )
    running.process = process
    running.wait_for(running.answers, 240, "the board of the clone")
    assert (clone / ".venv").exists()
    assert "Where the handover stands" in httpx.get(running.url).text
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does at Ctrl-C
    process.wait(15)
    time.sleep(0.5)
    here = str(clone)
    left = [p for p in psutil.process_iter(["exe"]) if here in (p.info["exe"] or "")]
    assert left == []
    planned = subprocess.run(
        ["make", "-n", "test"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert "pytest" in planned
    assert "lint-imports" in planned
    assert (clone / ".ci" / "run").read_text().strip().endswith("make test")


def test_the_real_year_begins_where_nobody_took_anything_over(tmp_path: Path) -> None:
    """``up`` starts without demo data and keeps real time."""
    running = start(tmp_path / "data", "up")
    running.wait_for(running.answers, 30, "the board")
    told = run_cli("status", environment=running.environment)
    assert "0 fully, 0 partly, 17 not" in told.stdout
    running.stop()

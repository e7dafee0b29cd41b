"""How fast is the board, by sixteen connections at once? Against bare FastAPI, Jinja and SQLite.

Ours is the first page of a replayed year, signed in, and the POST that acknowledges an obligation;
theirs a page of fifty rows and a POST that writes one row (see served.py). A page that nothing has
changed since is shown as it was; “made anew” is one that nobody has looked at before. Then with
10,000 holdings; and how long sixteen people who look once a second wait while mails leave, and what
of the mails' pace is left.
"""

import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
from sqlalchemy import insert
from sqlmodel import select

from benchmarks.draining import drained, fill
from benchmarks.race import keep, race, ratio, wanted
from benchmarks.served import served
from schemas.tables import Holding, Obligation
from secretariat import service
from secretariat.installation import open_office
from secretariat.settings import Settings
from secretariat.store import open_store

READER = "tf-vn-focal-point"
SECONDS, CONNECTIONS = 2, 16
OBLIGATIONS = 8_000
HOLDINGS = 10_000
ANEW = 2  # pages in a round
MAILS = 2000
WRK = Path(sys.prefix) / "wrk"  # where it is not installed, see the Makefile
LOAD = str(Path(__file__).parent / "load.lua")


@dataclass
class Site:
    """A web server under load; ``waits`` are the milliseconds of its rounds: median, then p99."""

    url: str
    cookie: str = ""
    asked: int = 0
    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def load(self, how: str) -> float:
        """Answers a second, once somebody has looked."""
        if how == "page":
            httpx.get(self.url, headers={"Cookie": self.cookie}, timeout=60)
        wrk = shutil.which("wrk") or f"{WRK}/usr/bin/wrk"
        libraries = {"LD_LIBRARY_PATH": f"{WRK}/usr/lib/x86_64-linux-gnu"}
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", LOAD]
        command = [wrk, *options, "-H", f"Cookie: {self.cookie}", self.url, how, str(self.asked)]
        done = subprocess.run(command, check=True, env=libraries, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        assert not found["errors"], done.stdout
        self.asked += found["asked"] + CONNECTIONS
        self.waits.setdefault(how, []).append((found["median"], found["p99"]))
        return float(found["rate"])

    def anew(self) -> float:
        """Pages a second that nobody has looked at before, one after the other."""
        begun = time.perf_counter()
        with httpx.Client(base_url=self.url, headers={"Cookie": self.cookie}, timeout=60) as reader:
            for _ in range(ANEW):
                self.asked += 1
                assert reader.get(f"/?look={self.asked}").status_code == 200
        return ANEW / (time.perf_counter() - begun)

    def late(self, how: str) -> float:
        """The 99th percentile, in the middle of all rounds."""
        return statistics.median(p99 for _, p99 in self.waits[how])


def a_year(directory: Path) -> Settings:
    """An installation in which 2018 was lived through."""
    settings = Settings(data_dir=directory, _env_file=None)
    service.replay_history(settings, service.open_demo(settings), lambda _: None)
    return settings


def another(settings: Settings, name: str) -> Settings:
    directory = settings.directory.with_name(name)
    shutil.copytree(settings.directory, directory)
    return Settings(data_dir=directory, _env_file=None)


def with_obligations(settings: Settings) -> Settings:
    """Much is asked of the reader's body."""
    office = open_office(settings)
    now = office.clock.now()
    row = Obligation(
        id="",
        cycle="",
        function="indicator-collection",
        milestone="data",
        title="Indicators handed in",
        body="tf-vn",
        asked_at=now,
        acknowledge_by=now + timedelta(days=5),
        planned_on=date(2019, 7, 1),
        promised_on=date(2019, 7, 1),
        due_on=date(2019, 7, 1),
        do_by=now + timedelta(days=180),
        ladder=office.programme.ladders[0].model_dump(mode="json"),
    ).model_dump()
    ids = (f"race/{number}" for number in range(1, OBLIGATIONS + 1))
    rows = [row | {"id": f"{cycle}/data@tf-vn", "cycle": cycle} for cycle in ids]
    with office.store.queue() as session:
        session.connection().execute(insert(Obligation), rows)
    return settings


def with_holdings(settings: Settings) -> Settings:
    """Each holding many times over."""
    store = open_store(settings.store_url)
    with store.queue() as session:
        found = [row.model_dump() for row in session.exec(select(Holding))]
        rows = [row | {"id": f"{row['id']}~{n}"} for n in range(HOLDINGS) for row in found]
        session.connection().execute(insert(Holding), rows[: HOLDINGS - len(found)])
    return settings


def signed_in(settings: Settings, url: str) -> str:
    """The cookie of somebody who signed in as people do."""
    office = open_office(settings)
    contact = office.programme.contact(READER)
    assert contact
    link = service.signin_link(settings, office, contact).removeprefix(settings.board_url)
    with httpx.Client(base_url=url) as browser:
        nonce = re.search(r'name="nonce" value="([^"]+)"', browser.get(link).text)
        assert nonce
        assert browser.post(link, data={"nonce": nonce[1]}).status_code == 303
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


async def look_on(site: Site, seconds: list[float], until: asyncio.Event) -> None:
    """Sixteen people who look once a second."""

    async def person(number: int, browser: httpx.AsyncClient) -> None:
        await asyncio.sleep(number / CONNECTIONS)
        while not until.is_set():
            begun = time.perf_counter()
            answer = await browser.get(f"/?look={number}")
            assert answer.status_code == 200
            seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(1)

    headers = {"Cookie": site.cookie}
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as browser:
        await asyncio.gather(*(person(number, browser) for number in range(CONNECTIONS)))


def beside(settings: Settings, site: Site) -> bool:
    """The page while mails leave, and mails while the page is looked at."""
    store = open_store(settings.store_url)
    seconds: list[float] = []

    async def both() -> float:
        left = asyncio.Event()
        looking = asyncio.create_task(look_on(site, seconds, left))
        pace = await asyncio.to_thread(drained, store, MAILS)
        left.set()
        await looking
        return pace

    def looked_at() -> float:
        fill(store, MAILS)
        return asyncio.run(both())

    def alone() -> float:
        fill(store, MAILS)
        return drained(store, MAILS)

    found = race(
        "board-beside", {"mails looked on": looked_at, "mails alone": alone}, runs=3, unit="mails/s"
    )
    keep("board-beside-waits", {"unit": "s", "waits": seconds})
    late = 1000 * statistics.quantiles(seconds, n=100)[98]
    met = [
        wanted("board, page while mails leave, 99th percentile", late, at_most=100, unit="ms"),
        ratio("drain, while looked on", found["mails looked on"], found["mails alone"], 0.7),
    ]
    return all(met)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        base = Path(directory)
        year = a_year(base / "year")
        posts, many = with_obligations(another(year, "posts")), with_holdings(another(year, "many"))
        sites: dict[str, Site] = {"bare": Site(stack.enter_context(served("bare", base / "bare")))}
        for name, settings in (("year", year), ("posts", posts), ("many", many)):
            url = stack.enter_context(served("ours", settings.directory))
            sites[name] = Site(url, signed_in(settings, url))
        met = [compared(sites), beside(year, sites["year"])]
    sys.exit(not all(met))


def compared(sites: dict[str, Site]) -> bool:
    year, posts, many, bare = (sites[name] for name in ("year", "posts", "many", "bare"))
    found = race(
        "board",
        {
            "page": lambda: year.load("page"),
            "page made anew": year.anew,
            "page of 10,000 holdings": lambda: many.load("page"),
            "the same made anew": many.anew,
            "post": lambda: posts.load("post"),
            "bare page": lambda: bare.load("page"),
            "bare post": lambda: bare.load("post"),
        },
        unit="answers/s",
    )
    keep("board-waits", {"unit": "ms, median and p99", **{n: s.waits for n, s in sites.items()}})
    met = [
        ratio("board, page, against bare", found["page"], found["bare page"], 0.4),
        wanted("board, page, 99th percentile", year.late("page"), at_most=25, unit="ms"),
        ratio("board, acknowledging, against bare", found["post"], found["bare post"], 0.5),
        ratio(
            "board, with 10,000 holdings", found["page of 10,000 holdings"], found["page"], 1 / 1.5
        ),
        ratio(
            "board, with 10,000 holdings, made anew",
            found["the same made anew"],
            found["page made anew"],
            1 / 1.5,
        ),
    ]
    return all(met)


if __name__ == "__main__":
    main()

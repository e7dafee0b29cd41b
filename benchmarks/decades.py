"""Does it hold a hundred programmes and ten years of ledger? Against the small replayed year.

A store is for one programme, and a hundred programmes are a hundred stores, of which none makes
another slower. So the hard case is raced: one store that holds all of it. Its programme has each of
COMMIT's 17 functions (and their indicators) a hundred times, under slugs of their own, in the same
6 countries: 1,700 functions, 12,500 holdings. Each lives the replayed year ten times, in the ten
years that end with it: a million entries, through the ledger's own ``append``. Before each year its
holdings go back to where they began; at the end of each but the last, all that is asked is done.
Acts would take a day, so the tables beside the ledger are written in bulk, as the projections would
have made them, with the mails of all years, whose content is left out.

Then both are asked for the same, in turn: to start, to tick with ten steps due, to show pages that
nobody has looked at before, to take an act in. Two pages are left out, which go through the whole
ledger and take minutes here: a past day replays it up to then, in some 0.7 ms an entry, and the
forecast lives on with each function in two thousand futures.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import yaml
from sqlalchemy import Connection, text
from sqlmodel import Session, col, select

from benchmarks.boards import a_year, another, signed_in
from benchmarks.footprints import RESTS, SECRETARIAT, memory, started
from benchmarks.race import keep, race, wanted
from benchmarks.served import free_port, served, wait_until_up
from benchmarks.timers import TEN, ask
from schemas.acts import Acknowledge
from schemas.events import Event
from schemas.programme import Programme
from schemas.return_tables import FigureReturn
from schemas.tables import Cycle, Entry, Holding, Obligation, Review, Setting
from secretariat import ledger
from secretariat.clock import VirtualClock
from secretariat.commands.office import Office
from secretariat.installation import open_office
from secretariat.programme import SHIPPED, load_programme
from secretariat.replaying import as_of
from secretariat.settings import Settings
from secretariat.store import open_store
from secretariat.timers import tick

YEARS, PROGRAMMES = 10, 100
BEGINS = datetime(2018, 1, 1, tzinfo=UTC)  # of the replayed year; what was before it is told once
ENDS = datetime(2018, 12, 31, 3, tzinfo=UTC)
DUE = datetime(2019, 1, 3, 15, tzinfo=UTC)  # just after the replay, and before all that waits
AHEAD = "/2019/"  # in what is planned already for the following year, which then tells it itself
HERE = "\0"  # in a text: after each name that every programme has one of its own of
SUFFIXES = ["", *(f"-{number}" for number in range(2, PROGRAMMES + 1))]
MOVES = ("holding", "readiness", "review")  # kinds of entries that a holding counts
STATE = {"owner", "phase", "standing", "offered_to", "offered_phase", "answer_by", "follow_up"}
ENDED: Mapping[str, Mapping[str, Any]] = {
    "obligation": {"done_at": f"{ENDS:%F %T.%f}"},
    "cycle": {"closed_at": f"{ENDS:%F %T.%f}"},
    "figure_return": {"verified_at": f"{ENDS:%F %T.%f}"},
    "review": {"answered_at": f"{ENDS:%F %T.%f}", "performed": True},
}
ONCE = ("holding", "readiness", "stage_report")
YEARLY = ("cycle", "milestone", "obligation", "statement", "figure_return", "review", "outbox")
PAGES = {
    "first page": "/",
    "function": "/functions/som-preparation",
    "holding": "/holdings/task-force-convening/meeting@CN",
    "country": "/countries/VN",
    "obligations": "/obligations",
    "ledger": "/ledger",
    "search": "/search?q=agreement",
    "search for a word in the ledger": "/ledger?q=initialled",
}
LOOKS, ACTS, TICKS, ROUNDS = 3, 100, 30, 3
PAGE = 1.5  # times as long as in the small year, at most


# -- the installation -----------------------------------------------------------------------------


def decades(year: Settings) -> Settings:
    """The replayed year a hundred times, ten years long."""
    directory = another(year, "decades").directory
    programme = load_programme(SHIPPED / "commit.yaml")
    slugs = {each.slug for each in (*programme.functions, *programme.indicators)}
    names = re.compile(rf"(?<![\w-])({'|'.join(sorted(slugs))})(?![\w-])")
    path = directory / "programme.yaml"
    path.write_text(_hundred(programme, names), encoding="utf-8")
    found = Settings(data_dir=directory, programme=path, _env_file=None)
    past = open_store(year.store_url)
    with past.read() as small, open_store(found.store_url).write() as session:
        for table in ("ledger", "timer", *ONCE, *YEARLY):
            session.connection().execute(text(f"delete from {table}"))  # noqa: S608
        with as_of(past, BEGINS).read() as before:
            years = Years(small, before, names)
            years.live(session)
            years.copy_tables(session.connection())
        session.get_one(Setting, "relay.cursor").value = str(ledger.head(session).seq)
    return found


def _hundred(programme: Programme, names: re.Pattern[str]) -> str:
    """The programme file with its functions and indicators once for each programme."""
    said = programme.model_dump(mode="json", exclude_unset=True)
    for part in ("functions", "indicators"):
        marked = names.sub(rf"\1{HERE}", json.dumps(said[part]))
        said[part] = [each for own in SUFFIXES for each in json.loads(marked.replace(HERE, own))]
    return str(yaml.dump(said, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False))


@dataclass(frozen=True)
class Line:
    """What an entry says in every programme."""

    at: datetime
    by: str
    kind: str
    subject: str
    data: str


class Years:
    """The replayed year, and the store ``before`` it, told for every programme and year."""

    def __init__(self, small: Session, before: Session, names: re.Pattern[str]) -> None:
        self._small, self._names = small, names
        told = [
            Line(entry.at, entry.by, entry.kind, entry.subject, entry.data)
            for entry in small.exec(select(Entry).order_by(col(Entry.seq)))
        ]
        again = [*_given_back(small, before), *(line for line in told if line.at >= BEGINS)]
        done = list(_done(small))
        middle = YEARS - 2
        self._years = [[*told, *done], *([[*again, *done]] * middle), again]

    def live(self, session: Session) -> None:
        """Every year into the ledger."""
        for ago, lines in zip(reversed(range(YEARS)), self._years, strict=True):
            for line in lines:
                self._tell(session, line, ago)

    def _tell(self, session: Session, line: Line, ago: int) -> None:
        """One entry, in every programme; what is of none of them once, in the last year."""
        subject, data = self._marked(line.subject, ago), self._marked(line.data, ago)
        if ago and (AHEAD in line.subject or (HERE not in subject and line.at >= BEGINS)):
            return
        events = [
            Event(line.kind, subject.replace(HERE, own), json.loads(data.replace(HERE, own)))
            for own in (SUFFIXES if HERE in subject else SUFFIXES[:1])
        ]
        ledger.append(session, events, at=line.at.replace(year=line.at.year - ago), by=line.by)

    def _marked(self, said: str, ago: int) -> str:
        """So many years earlier, with a mark where each programme has a name of its own."""
        said = re.sub(r"\b20(?:17|18|19)\b", lambda year: str(int(year[0]) - ago), said)
        said = re.sub(r"\bSOM13\b", f"SOM{13 - ago}", said) if ago else said
        return self._names.sub(rf"\1{HERE}", said)

    def copy_tables(self, connection: Connection) -> None:
        for ago in reversed(range(YEARS)):
            for table in (*YEARLY, "timer", *(() if ago else ONCE)):
                rows = list(self._copies(table, ago))
                if rows:
                    columns = ", ".join(f'"{name}"' for name in rows[0])
                    values = ", ".join(f":{name}" for name in rows[0])
                    query = text(f"insert into {table} ({columns}) values ({values})")  # noqa: S608
                    connection.execute(query, rows)

    def _copies(self, table: str, ago: int) -> Iterator[dict[str, Any]]:
        """The rows of a table, in every programme, as they were that year or are after all."""
        query = text(f"select * from {table}")  # noqa: S608
        for found in self._small.connection().execute(query).mappings():
            if ago and AHEAD in str(found.get("id")):
                continue
            row = self._as_it_ended(table, dict(found), ago)
            said = {n: self._marked(v, ago) if isinstance(v, str) else v for n, v in row.items()}
            everywhere = table == "outbox" or any(HERE in str(value) for value in said.values())
            if table == "timer" and ago and (row["claimed_at"] is None or not _yearly(row)):
                continue
            for number, own in enumerate(SUFFIXES if everywhere else SUFFIXES[:1]):
                copy = {
                    n: v.replace(HERE, own) if isinstance(v, str) else v for n, v in said.items()
                }
                yield _numbered(copy, ago, number) if table == "outbox" else copy

    def _as_it_ended(self, table: str, row: dict[str, Any], ago: int) -> dict[str, Any]:
        """A row with what befalls it in the end of a year that is over, or in all ten."""
        if table in ENDED and ago:
            row |= {name: value for name, value in ENDED[table].items() if not row[name]}
        match table:
            case "timer":
                del row["id"]
            case "obligation" if ago:
                row["done_by"] = row["done_by"] or row["body"]
            case "figure_return" if ago:
                row |= {"state": "verified", "verified_by": "un-act", "version": row["version"] + 1}
            case "holding":
                row["version"] = sum(
                    line.subject == row["id"] and line.kind.startswith(MOVES)
                    for lines in self._years
                    for line in lines
                )
        for name in ("since", "at"):
            if table in ONCE and str(row.get(name, "")) < str(BEGINS.date()) and row.get(name):
                row[name] = self._marked(row[name], YEARS - 1)
        return row


def _given_back(small: Session, before: Session) -> Iterator[Line]:
    """Each holding goes back to where it was before the year, unless it is there still."""
    for now in small.exec(select(Holding).order_by(Holding.id)):
        then = before.get_one(Holding, now.id)
        state = then.model_dump(mode="json", include=STATE)
        if state != now.model_dump(mode="json", include=STATE):
            data = json.dumps(state | {"reason": "A year is over."})
            yield Line(BEGINS, then.owner, "holding.returned", then.id, data)


def _done(small: Session) -> Iterator[Line]:
    """All that is still asked when a year is over is done."""
    for asked in small.exec(select(Obligation).where(col(Obligation.done_at).is_(None))):
        data = json.dumps({"body": asked.body, "contact": None, "note": ""})
        yield Line(ENDS, asked.body, "obligation.done", asked.id, data)
    for review in small.exec(select(Review).where(col(Review.answered_at).is_(None))):
        facts = {"asked_at": review.asked_at.isoformat(), "performed": True, "note": ""}
        yield Line(ENDS, "un-act", "review.answered", review.holding, json.dumps(facts))
    for found in small.exec(select(FigureReturn)):
        facts = {"body": found.body, "by": "un-act", "note": ""}
        yield Line(ENDS, "un-act", "return.verified", found.id, json.dumps(facts))
    for cycle in small.exec(select(Cycle)):
        yield Line(ENDS, "un-act", "cycle.closed", cycle.id, "{}")


def _yearly(timer: dict[str, Any]) -> bool:
    """Whether the subject of a timer is another each year."""
    return "2018" in timer["subject"] or "SOM13" in timer["subject"]


def _numbered(mail: dict[str, Any], ago: int, programme: int) -> dict[str, Any]:
    """A mail after those of earlier years, and what it became part of with it."""

    def number(own: int) -> int:
        return ((YEARS - ago) * 1000 + own) * PROGRAMMES + programme

    bundle = mail["bundle"] and number(mail["bundle"])
    key = f"{mail['idem_key']}~{ago}~{programme}"
    content = mail["content"] and b"-"
    own = {"id": number(mail["id"]), "bundle": bundle, "idem_key": key, "content": content}
    return mail | own


# -- what both are asked for ----------------------------------------------------------------------


@dataclass
class Side:
    """An installation as it is raced: its board, for somebody signed in, and its office."""

    settings: Settings
    office: Office
    url: str
    cookie: str
    looks: Iterator[int] = field(default_factory=count)
    ticks: Iterator[int] = field(default_factory=count)
    acts: Iterator[int] = field(default_factory=count)
    late: list[float] = field(default_factory=list)  # of acts, the 99th percentile in each round
    held: float = 0  # MB at rest, some seconds after a start

    def start(self) -> float:
        """Seconds from ``secretariat up`` to its first page."""
        port, home = free_port(), self.settings.directory
        own = _own(self.settings) | {
            "SECRETARIAT_DATA_DIR": str(home),
            "SECRETARIAT_PORT": str(port),
            "SECRETARIAT_PREFECT_PORT": str(free_port()),
        }
        begun = time.perf_counter()
        with started([SECRETARIAT, "up"], str(home), **own) as process:
            wait_until_up(f"http://127.0.0.1:{port}/")
            seconds = time.perf_counter() - begun
            time.sleep(RESTS)
            self.held = memory(process, alone=True)
        return 1000 * seconds

    def page(self, path: str) -> float:
        """Milliseconds for a page that nobody has looked at before."""
        return self._shown(
            f"{path}{'&' if '?' in path else '?'}look={next(self.looks)}" for _ in range(LOOKS)
        )

    def kept(self) -> float:
        """Milliseconds for the first page when nothing has changed since it was shown."""
        return self._shown("/" for _ in range(20))

    def _shown(self, paths: Iterable[str]) -> float:
        headers = {"Cookie": self.cookie}
        with httpx.Client(base_url=self.url, headers=headers, timeout=3600) as reader:
            return statistics.median(
                _timed(lambda path=path: reader.get(path).raise_for_status()) for path in paths
            )

    def tick(self) -> float:
        """Milliseconds of a tick that takes ten steps."""

        def taken(number: int) -> None:
            clock = VirtualClock(DUE + timedelta(minutes=number))
            assert tick(replace(self.office, clock=clock)) == TEN

        return statistics.median(_timed(lambda: taken(next(self.ticks))) for _ in range(TICKS))

    def act(self) -> float:
        """Milliseconds until an acknowledgement is in the ledger."""
        forces = self.office.programme.task_forces()
        office = replace(self.office, clock=VirtualClock(DUE + timedelta(hours=3)))

        def acknowledged(number: int) -> None:
            force = forces[number % len(forces)]
            act = Acknowledge(obligation=f"indicator-collection/{number}/data@{force}")
            assert office.do(act, by=force)

        took = [_timed(lambda: acknowledged(next(self.acts))) for _ in range(ACTS)]
        self.late.append(statistics.quantiles(took, n=100)[98])
        return statistics.median(took)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _own(settings: Settings) -> dict[str, str]:
    return {"SECRETARIAT_PROGRAMME": str(settings.programme)}


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        year = a_year(Path(directory) / "year")
        many = decades(year)
        sides = {}
        for name, settings in (("year", year), ("decades", many)):
            url = stack.enter_context(served("ours", settings.directory, **_own(settings)))
            sides[name] = Side(settings, open_office(settings), url, signed_in(settings, url))
        met = [*pages(sides), *work(sides)]
        stack.close()
        met += starts(sides)
    sys.exit(not all(met))


def pages(sides: Mapping[str, Side]) -> Iterator[bool]:
    asked = {"kept page": lambda side: side.kept()} | {
        name: partial(Side.page, path=path) for name, path in PAGES.items()
    }
    found = compared("decades-pages", sides, asked)
    for name in asked:
        yield against(f"decades, {name}", found, name, PAGE)


def work(sides: Mapping[str, Side]) -> Iterator[bool]:
    for side in sides.values():
        asked = max(ROUNDS * TICKS * TEN, ROUNDS * ACTS)
        ask(side.office, asked, lambda number: DUE + timedelta(minutes=number // TEN))
    found = compared("decades-work", sides, {"tick": Side.tick, "act": Side.act})
    yield against("decades, a tick with ten due", found, "tick", 1.2)
    yield against("decades, an act", found, "act", 1.2)
    late = {f"late, {name}": statistics.median(side.late) for name, side in sides.items()}
    yield against("decades, an act, 99th percentile", late, "late", 1.2)


def starts(sides: Mapping[str, Side]) -> Iterator[bool]:
    found = compared("decades-start", sides, {"start": Side.start})
    held = {name: side.held for name, side in sides.items()}
    keep("decades-memory", {"unit": "MB at rest", **held})
    yield wanted(
        "decades, from start to the first page",
        found["start, decades"] / 1000,
        at_most=10,
        unit="s",
    )
    yield wanted("decades, memory at rest", held["decades"], at_most=300, unit="MB")


def compared(
    race_name: str, sides: Mapping[str, Side], asked: Mapping[str, Callable[[Side], float]]
) -> dict[str, float]:
    """Milliseconds of each thing that is asked of each side, in turn."""
    runners = {
        f"{what}, {name}": partial(how, side)
        for what, how in asked.items()
        for name, side in sides.items()
    }
    return race(race_name, runners, runs=ROUNDS, unit="ms")


def against(name: str, found: Mapping[str, float], what: str, at_most: float) -> bool:
    """How many times as long it takes as in the small year."""
    times = found[f"{what}, decades"] / found[f"{what}, year"]
    return wanted(f"{name}, against one year", times, at_most=at_most)


if __name__ == "__main__":
    main()

"""Another process than COMMIT, told line by line in docs/programme.md, is lived through."""

import re
import shutil
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from schemas.acts import Accept, AgreeChair, CloseSom, Done, Offer, PlanSom, TakeChair, Waive
from schemas.tables import Holding, Term
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.programme import load_programme
from secretariat.store import open_store
from tests.conftest import REPO, Bench, at
from tests.test_obligations import a_cycle, live_until, mailed, on
from tests.test_outbox import Server, an_outbox, server, url_of

__all__ = ["server"]

RIVERS = REPO / "docs/examples/rivers.yaml"
BULLETIN = "flood-bulletin/publishing@HR"
READINGS = "flood-bulletin/2026-Q1/readings-in@tf-hr"


@pytest.fixture
def bench(blank: Path, tmp_path: Path) -> Iterator[Bench]:
    """The office of the rivers' programme at the start of 2026, all held by the river office."""
    shutil.copy(blank, tmp_path / "secretariat.db")
    store = open_store(f"sqlite:///{tmp_path}/secretariat.db")
    clock = VirtualClock(at("2026-01-05T08:00"))
    bench = Bench(Office(store, load_programme(RIVERS), clock), clock)
    adopt(bench.office)
    yield bench
    store.engine.dispose()


def test_the_page_tells_the_whole_file_in_its_order() -> None:
    page = (REPO / "docs/programme.md").read_text(encoding="utf-8")
    told = re.findall(r"```yaml\n(.*?)\n```", page, flags=re.DOTALL)
    assert "\n\n".join(told) + "\n" == RIVERS.read_text(encoding="utf-8")


def test_a_duty_is_handed_over_once_its_checklist_is_seen_to(bench: Bench) -> None:
    waiver = Waive(holding=BULLETIN, items=["contacts"], reason="The desk is known.")
    bench.office.do(waiver, by="river-office", contact="office-head")
    bench.office.do(Offer(holding=BULLETIN), by="river-office")
    bench.office.do(Accept(holding=BULLETIN), by="tf-hr")
    with bench.office.store.read() as session:
        holding = session.get_one(Holding, BULLETIN)
    assert (holding.owner, holding.phase) == ("tf-hr", "shared")


def test_who_does_not_answer_is_reminded_by_the_ladder_of_this_programme(
    bench: Bench, server: Server
) -> None:
    a_cycle(bench.office, "flood-bulletin", "2026-Q1")
    live_until(bench, "2026-04-13T10:00")
    assert mailed(bench.office, READINGS) == [
        ("request", "hr-desk"),
        ("acknowledge-reminder", "hr-desk"),
        ("unacknowledged-head", "hr-head"),
        ("due-soon", "hr-desk"),
    ]
    an_outbox(bench, url_of(server)).drain()
    letters = [message_from_bytes(taken, policy=default) for taken in server.taken]
    assert "desk@hr.example" in {letter["To"].addresses[0].addr_spec for letter in letters}
    assert any("Readings of the quarter" in letter["Subject"] for letter in letters)


def test_the_chair_passes_from_one_country_to_the_other_with_the_meeting(bench: Bench) -> None:
    office = bench.office
    for som, member in (("SOM1", "SI"), ("SOM2", "HR")):
        office.do(AgreeChair(som=som, member=member), by="river-office")
    office.do(TakeChair(som="SOM1"), by="river-office")
    office.do(PlanSom(som="SOM1", host="SI", on=on("2026-06-10")), by="river-office")
    a_cycle(office, "commission-meeting", "SOM1")
    live_until(bench, "2026-04-20")
    confirmed = "commission-meeting/SOM1/host-confirmed@tf-si"
    office.do(Done(obligation=confirmed), by="tf-si")
    bench.until("2026-06-11T09:00")
    office.do(CloseSom(som="SOM1"), by="chair")
    with office.store.read() as session:
        assert session.get_one(Term, "SOM2").member == "HR"

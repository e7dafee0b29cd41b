"""What an operator's monitoring reads: the program's own figures, and when it cannot work."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import col, select

from schemas.programme import Programme
from schemas.tables import Mail, Obligation, Timer
from secretariat.timers import tick
from tests.served import opened_site
from tests.test_doors import bearer
from tests.test_web import Site


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def figures(site: Site) -> dict[str, float]:
    """By name and label, as Prometheus' own reader has them."""
    token = bearer(site, "operations-focal-point")
    families = text_string_to_metric_families(site.browser.get("/metrics", headers=token).text)
    return {
        " ".join((sample.name.removeprefix("secretariat_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_mails_are_counted_by_state_and_the_age_of_the_backlog_is_told(site: Site) -> None:
    with site.bench.office.store.read() as session:
        waiting = session.exec(select(Mail).where(Mail.state == "waiting")).all()
        first = min(mail.not_before for mail in waiting)
    site.bench.clock.advance_to(first + timedelta(hours=2))
    found = figures(site)
    assert found["mails waiting"] == len(waiting) > 0
    assert found["mails refused"] == 0
    assert found["mail_backlog_age_seconds"] == 7200


def test_a_timer_nobody_fired_is_late_until_the_tick(site: Site) -> None:
    with site.bench.office.store.read() as session:
        due = session.exec(select(Timer.due_at).order_by(col(Timer.due_at))).first()
    assert due
    site.bench.clock.advance_to(due + timedelta(minutes=3))
    assert figures(site)["timer_lateness_seconds"] >= 180
    tick(site.bench.office)
    assert figures(site)["timer_lateness_seconds"] == 0


def test_what_is_late_is_counted_among_what_is_open(site: Site) -> None:
    with site.bench.office.store.read() as session:
        asked = session.exec(select(Obligation.do_by).order_by(col(Obligation.do_by))).all()
    assert (figures(site)["obligations_open"], figures(site)["obligations_late"]) == (len(asked), 0)
    site.bench.clock.advance_to(asked[0])
    assert figures(site)["obligations_late"] == asked.count(asked[0])


def test_without_its_store_the_program_lives_and_is_not_ready(site: Site, tmp_path: Path) -> None:
    assert site.browser.get("/ready").status_code == 200
    site.bench.office.store.engine.dispose()
    (tmp_path / "secretariat.db").rename(tmp_path / "gone")
    (tmp_path / "secretariat.db").mkdir()
    assert site.browser.get("/health").status_code == 200
    answer = site.browser.get("/ready")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text

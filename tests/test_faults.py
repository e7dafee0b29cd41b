"""What goes wrong around the program is a sentence; nothing is lost, and nothing given away."""

import threading
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event
from sqlmodel import select

from flows.deployments import FILE, deployments
from notifications.outbox import write_due
from schemas.acts import AgreeChair, TakeChair
from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import service
from secretariat.commands import Office
from secretariat.errors import BadInputError, ConflictError
from secretariat.installation import forward
from secretariat.installation import open_office as open_office_of
from secretariat.keys import kept_key
from secretariat.settings import Settings
from tests.conftest import at
from tests.test_links import dump
from tests.test_obligations import HOST, Opened
from tests.test_outbox import Server, an_outbox, one_request, only_mail, server, url_of
from tests.test_web import Site, site

__all__ = ["server", "site"]


# -- the relay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["550 5.7.1 not you", "530 5.7.0 sign in", "421 closing"])
def test_a_relay_that_takes_nothing_from_us_is_at_fault_and_the_mail_waits(
    open_office: Opened, server: Server, answer: str
) -> None:
    bench = one_request(open_office)
    server.at_mail = [answer]
    outbox = an_outbox(bench, url_of(server))
    assert outbox.drain() == 0
    assert only_mail(bench).state == "waiting"
    assert answer[:3] in outbox.trouble
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=2))
    assert outbox.drain() == 1
    assert (only_mail(bench).state, outbox.trouble) == ("accepted", "")


def test_one_mail_that_cannot_be_written_is_held_and_the_others_leave(
    open_office: Opened, server: Server
) -> None:
    bench = one_request(open_office)
    with bench.office.store.write() as session:
        good = session.exec(select(Mail).where(Mail.obligation == HOST)).one()
        bad = good.model_dump(exclude={"id"}) | {
            "obligation": None,
            "context": {"kind": "?"},
            "idem_key": "bad",
        }
        session.add(Mail(**bad | {"not_before": good.not_before - timedelta(hours=1)}))
    outbox = an_outbox(bench, url_of(server))
    outbox.drain()
    assert (only_mail(bench).state, outbox.held()) == ("bundled", 1)
    with bench.office.store.read() as session:
        assert session.get_one(Mail, only_mail(bench).bundle).state == "accepted"
    (together,) = server.taken
    assert b"Host confirms date and venue" in together


# -- time ------------------------------------------------------------------------------------------


def test_time_let_pass_twice_at_once_never_goes_back(lived: Settings) -> None:
    offices = [open_office_of(lived) for _ in range(2)]
    days = [at("2019-02-01"), at("2019-01-20")]

    def pass_until(office: Office, day: int) -> None:
        forward(office, days[day], lambda: None)

    threads = [threading.Thread(target=pass_until, args=(o, n)) for n, o in enumerate(offices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert offices[0].clock.now() >= max(days)


def test_where_time_leaps_each_mail_is_written_at_its_own_hour(lived: Settings) -> None:
    office = service.open_demo(lived)
    begun = office.clock.now()
    writer = service.composer(lived, office.programme)
    forward(office, at("2019-03-01"), lambda: write_due(office.store, writer, office.clock.now()))
    with office.store.read() as session:
        mails = session.exec(select(Mail).where(Mail.not_before > begun)).all()
    written = [(m, BytesParser(policy=default).parsebytes(m.content)) for m in mails if m.content]
    assert written
    for mail, message in written:
        assert message["date"].datetime - mail.not_before < timedelta(hours=1)


# -- who may come in -------------------------------------------------------------------------------


def test_the_link_of_a_former_chair_does_nothing(site: Site) -> None:
    path = site.link("chair-cn-head")
    site.bench.office.do(AgreeChair(som="SOM14", member="VN"), by="chair")
    site.bench.office.do(TakeChair(som="SOM14"), by="un-act")
    refused = site.press(path)
    assert refused.status_code == 404
    assert "This link cannot be used" in refused.text
    assert site.acknowledged_by() is None


def test_a_name_that_is_not_ours_reads_nothing(site: Site) -> None:
    answer = site.browser.get("/", headers={"Host": "rebound.example"})
    assert answer.status_code == 421
    assert "SOM14" not in answer.text


def test_a_monitor_may_ask_for_the_head_of_a_page(site: Site) -> None:
    answer = site.browser.head("/")
    assert (answer.status_code, answer.text) == (200, "")


def test_with_the_database_away_everybody_reads_a_sentence_without_its_address(
    site: Site, tmp_path: Path
) -> None:
    site.sign_in("tf-vn-head")
    store = site.bench.office.store
    url = store.engine.url.render_as_string()
    if not store.is_sqlite:
        pytest.skip("the server of the tests stays up")
    file = Path(str(store.engine.url.database))
    away = file.rename(tmp_path / "away.db")
    file.mkdir()
    store.engine.dispose()
    answer = site.browser.get("/")
    file.rmdir()
    away.rename(file)
    assert answer.status_code == 503
    assert url not in answer.text
    assert str(tmp_path) not in answer.text


def test_on_a_full_disk_an_act_gets_a_sentence_and_leaves_nothing_half_done(site: Site) -> None:
    store = site.bench.office.store
    if not store.is_sqlite:
        pytest.skip("the server of the tests has a disk of its own")
    site.sign_in("un-act-head")
    act = {"act": "set-venue", "som": "SOM14", "venue": "Hanoi " * 30}
    before = dump(store)

    def as_full(connection: Any, _: object) -> None:
        connection.execute("pragma max_page_count = 1")  # no more than there are

    event.listen(store.engine, "connect", as_full)
    store.engine.dispose()
    refused = site.browser.post("/api/acts", json=act)
    event.remove(store.engine, "connect", as_full)
    store.engine.dispose()
    assert refused.status_code == 503
    assert "try again" in refused.json()["title"]
    assert dump(store) == before
    assert site.browser.post("/api/acts", json=act).status_code == 200


# -- settings and files ----------------------------------------------------------------------------


def test_one_store_is_served_once_from_wherever(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/one.db"
    first, second = (
        Settings(data_dir=tmp_path / name, database_url=url, _env_file=None) for name in "ab"
    )
    _ = first.directory, second.directory
    with (
        service.only_one(first),
        pytest.raises(ConflictError, match="already runs"),
        service.only_one(second),
    ):
        pass


def test_a_database_beside_us_is_the_same_file_for_whoever_is_told_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(database_url="sqlite:///own.db", _env_file=None)
    assert settings.store_url == f"sqlite:///{tmp_path}/own.db"


def test_a_key_cut_short_is_not_signed_with(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    key = kept_key(path)
    assert kept_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(key[:10])
    with pytest.raises(ConflictError, match="damaged"):
        kept_key(path)


def test_open_to_every_address_the_board_needs_a_name_for_its_links(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, host="0.0.0.0", _env_file=None)  # noqa: S104
    with pytest.raises(BadInputError, match="SECRETARIAT_BASE_URL"):
        settings.check_addresses()


def test_a_function_of_somebody_s_own_programme_gets_a_deployment(commit: Programme) -> None:
    own = commit.functions[0].model_copy(update={"slug": "song-contest"})
    programme = commit.model_copy(update={"functions": [*commit.functions[1:], own]})
    written = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    made = {each["name"]: each for each in deployments(written, programme)["deployments"]}
    assert set(made) == {function.slug for function in programme.functions}
    assert made["song-contest"]["parameters"] == {"function": "song-contest"}
    assert made["song-contest"]["schedules"][0]["timezone"] == "Asia/Bangkok"

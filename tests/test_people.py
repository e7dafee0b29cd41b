"""Who holds a post, who stands in, and how somebody is forgotten."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select

from notifications.catcher import Catcher
from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import Outbox
from notifications.smtp import Relay
from schemas.acts import BeAbsent, BeBack, EndBody, HoldPost, Offer, Withdraw
from schemas.tables import Link, Mail, Person
from secretariat import audit
from secretariat.commands import Office, posts
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, UnknownError
from secretariat.settings import Settings
from secretariat.words import sentence
from tests.conftest import BARE, Bench, cli

HOLDING = "referral-mechanisms/mapping@LA"
HEAD, FOCAL = "tf-la-head", "tf-la-focal-point"


@pytest.fixture
def bench(open_office: Callable[[str], Bench]) -> Bench:
    return open_office("2018-08-13T03:00")


def absent(first: str, last: str, substitute: str = FOCAL, post: str = HEAD) -> BeAbsent:
    since, until = date.fromisoformat(first), date.fromisoformat(last)
    return BeAbsent(post=post, substitute=substitute, since=since, until=until)


def known(office: Office, slug: str = "p-17", email: str | None = "kham@la.example") -> None:
    with office.store.write() as session:
        session.add(Person(slug=slug, name="Kham Souk", email=email))


def an_offer_is_mailed(bench: Bench, directory: Path) -> Mail:
    """Offer, really send the mail, take the offer back; what was sent."""
    office = bench.office
    office.do(Offer(holding=HOLDING), by="un-act")
    with Catcher(directory) as catcher:
        composer = Composer(
            office.programme, Links(lambda: ["k" * 32], "http://board"), "s@un.example"
        )
        Outbox(office.store, bench.clock, composer, Relay(catcher.url)).drain()
    with office.store.read() as session:
        sent = session.exec(
            select(Mail).where(Mail.contact == HEAD).order_by(col(Mail.id).desc())
        ).first()
    office.do(Withdraw(holding=HOLDING), by="un-act")
    assert sent
    assert sent.state == "accepted"
    return sent


def test_while_a_head_is_absent_its_mails_go_to_the_substitute_and_then_return(
    bench: Bench, tmp_path: Path
) -> None:
    bench.office.do(absent("2018-08-13", "2018-08-17"), by="tf-la")
    sent = an_offer_is_mailed(bench, tmp_path)
    assert sent.address == "focal-point.task-force@la.example"
    text = (sent.content or b"").decode().replace("=\r\n", "")
    assert "in place of Lao PDR task force, head, who is absent" in text
    bench.until("2018-08-17T16:59")  # a minute before midnight in Vientiane
    assert reached(bench) == FOCAL
    bench.until("2018-08-17T17:00")
    assert reached(bench) == HEAD


def reached(bench: Bench) -> str:
    post = bench.office.programme.contact(HEAD)
    assert post
    with bench.office.store.read() as session:
        return posts.answering(session, bench.office.programme, post, bench.clock.now()).slug


def test_a_substitute_s_link_acts_in_its_own_name(bench: Bench, tmp_path: Path) -> None:
    bench.office.do(absent("2018-08-13", "2018-08-17"), by="tf-la")
    an_offer_is_mailed(bench, tmp_path)
    with bench.office.store.read() as session:
        contacts = set(session.exec(select(Link.contact).where(Link.object == HOLDING)))
    assert contacts == {FOCAL}


def test_who_is_back_early_gets_mails_again(bench: Bench) -> None:
    bench.office.do(absent("2018-08-13", "2018-12-31"), by="un-act")
    assert reached(bench) == FOCAL
    bench.office.do(BeBack(post=HEAD), by="tf-la")
    assert reached(bench) == HEAD
    with pytest.raises(ConflictError, match="is not said to be absent"):
        bench.office.do(BeBack(post=HEAD), by="tf-la")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (absent("2018-08-13", "2018-08-17", "tf-th-head"), "must be a contact of tf-la too"),
        (absent("2018-08-13", "2018-08-17", "nobody"), "must be a contact of tf-la too"),
        (absent("2018-08-13", "2018-08-17", HEAD), "cannot stand in for itself"),
        (absent("2018-08-20", "2018-08-17"), "not past, nor before its first"),
        (absent("2018-08-01", "2018-08-10"), "not past, nor before its first"),
    ],
)
def test_an_absence_that_helps_nobody_is_refused(bench: Bench, act: BeAbsent, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        bench.office.do(act, by="tf-la")


def test_two_cannot_stand_in_for_one_another(bench: Bench) -> None:
    bench.office.do(absent("2018-08-13", "2018-08-17"), by="tf-la")
    with pytest.raises(BadInputError, match="choose another"):
        bench.office.do(absent("2018-08-13", "2018-08-17", HEAD, FOCAL), by="tf-la")


def test_a_post_is_a_matter_of_its_body_and_the_steward(bench: Bench) -> None:
    with pytest.raises(NotAllowedError, match="is for tf-la or un-act; not for tf-th"):
        bench.office.do(absent("2018-08-13", "2018-08-17"), by="tf-th")


def test_mails_go_to_who_holds_the_post_on_the_day(bench: Bench, tmp_path: Path) -> None:
    office = bench.office
    known(office)
    known(office, "p-18", None)
    office.do(HoldPost(post=HEAD, person="p-17", since=date(2018, 8, 1)), by="tf-la")
    office.do(HoldPost(post=HEAD, person="p-18", since=date(2018, 9, 1)), by="tf-la")
    sent = an_offer_is_mailed(bench, tmp_path)
    assert sent.address == "kham@la.example"
    assert b"To: Kham Souk <kham@la.example>" in (sent.content or b"")
    bench.until("2018-09-03T03:00")
    sent = an_offer_is_mailed(bench, tmp_path)
    assert sent.address == "head.task-force@la.example"  # this one reads the post's mailbox


def test_nobody_unknown_holds_a_post(bench: Bench) -> None:
    with pytest.raises(UnknownError, match="There is no person “p-99”"):
        bench.office.do(HoldPost(post=HEAD, person="p-99", since=date(2018, 8, 1)), by="tf-la")


def test_whoever_is_erased_is_nowhere_any_more_and_the_ledger_is_whole(
    bench: Bench, tmp_path: Path
) -> None:
    office = bench.office
    known(office)
    office.do(HoldPost(post=HEAD, person="p-17", since=date(2018, 8, 1)), by="tf-la")
    an_offer_is_mailed(bench, tmp_path)
    assert "Kham Souk" in everything(office)
    with office.store.write() as session:
        posts.erase(session, "p-17")
    assert "Kham" not in everything(office)
    assert "kham@" not in everything(office)
    with office.store.read() as session:
        assert audit.check(session).fault is None
    assert audit.differing(office.store) == []
    bench.until("2018-08-14T03:00")
    assert an_offer_is_mailed(bench, tmp_path).address == "head.task-force@la.example"


def everything(office: Office) -> str:
    """All rows of all tables, as text."""
    with office.store.engine.connect() as connection:
        from sqlmodel import SQLModel

        return "\n".join(
            str([bytes(v) if isinstance(v, memoryview) else v for v in row])
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(table.select())
        )


def test_people_are_kept_and_forgotten_at_a_terminal(lived: Settings) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(lived.data_dir)}

    def said(*words: str) -> str:
        done = cli(*words, environment=environment)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    assert "p-1 is known" in said(
        "people", "add", "p-1", "--name", "Kham", "--email", "k@la.example"
    )
    assert "There is a person “p-1” already" in said("people", "add", "p-1", "--name", "X")
    assert "not a valid email" in said("people", "add", "p-2", "--name", "X", "--email", "x")
    assert "not written as it must be" in said("people", "add", "P 2", "--name", "X")
    held = said("people", "post", HEAD, "--person", "p-1", "--since", "2019-01-01")
    assert f"p-1 holds the post {HEAD}" in held
    away = ("--since", "2019-01-02", "--until", "2030-01-01")
    assert "stands in for" in said("people", "absent", HEAD, "--substitute", FOCAL, *away)
    listed = said("people", "list")
    assert "Kham" in listed
    assert "2030-01-01" in listed
    assert "is back" in said("people", "back", HEAD)
    assert "the ledger is as it was" in said("people", "erase", "p-1")
    assert "There is no person “p-1”" in said("people", "erase", "p-1")
    assert "The ledger is whole" in said("ledger", "verify")


def test_days_are_said_as_the_country_of_the_post_counts_them(bench: Bench) -> None:
    office, programme = bench.office, bench.office.programme
    known(office)
    since = date(2018, 9, 1)
    [held] = office.do(HoldPost(post="chair-cn-head", person="p-17", since=since), by="un-act")
    [began] = office.do(absent("2018-08-14", "2018-08-20"), by="tf-la")
    [ends] = office.do(EndBody(body="tf-mm", on=date(2018, 12, 31), reason="x"), by="un-act")
    assert [sentence(programme, event, "un-act") for event in (held, began, ends)] == [
        "p-17 holds the post chair-cn-head from 1 September 2018 on",
        "tf-la-focal-point stands in for tf-la-head from 14 August 2018 to 20 August 2018",
        "Myanmar task force is to end on 31 December 2018: x",
    ]


def test_who_acts_is_a_contact_of_the_programme_and_no_name(bench: Bench) -> None:
    with pytest.raises(UnknownError, match="There is no contact “Kham Souk”"):
        bench.office.do(Offer(holding=HOLDING), by="un-act", contact="Kham Souk")

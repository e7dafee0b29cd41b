"""No mail leaves while its reader's office is closed, whatever made it late."""

import pytest
from sqlmodel import col, select

from notifications.quiet import asleep
from schemas.programme import Programme
from schemas.tables import Absence, Mail, Urgency
from secretariat.commands.office import Desk
from secretariat.ownership import ENGINE
from secretariat.store import Store
from tests.conftest import Bench, at
from tests.test_obligations import Opened
from tests.test_outbox import Server, an_outbox, server

__all__ = ["server"]
HEAD = "tf-kh-head"


def asked_for(bench: Bench, *, urgency: Urgency = Urgency.DUTY) -> None:
    office = bench.office
    with office.store.write() as session:
        desk = Desk(session, office.programme, bench.clock.now(), ENGINE)
        contact = office.programme.contact(HEAD)
        assert contact
        desk.mail("key", contact, "ended", urgency=urgency, body="tf-la", holdings=[])


def the_mail(bench: Bench) -> Mail:
    with bench.office.store.read() as session:
        return session.exec(select(Mail).order_by(col(Mail.id))).one()


def drained(bench: Bench, server: Server) -> Mail:
    port = server.controller.port
    an_outbox(bench, f"smtp://127.0.0.1:{port}").drain()
    return the_mail(bench)


@pytest.mark.parametrize(
    ("until", "opens"),
    [
        ("2026-11-06T19:00+07:00", "2026-11-10T09:00+07:00"),  # Friday; Monday is a holiday
        ("2026-11-07T10:00+07:00", "2026-11-10T09:00+07:00"),
        ("2026-11-05T03:00+07:00", "2026-11-05T09:00+07:00"),
    ],
)
def test_after_an_outage_a_mail_waits_for_the_office_to_open(
    open_office: Opened, server: Server, until: str, opens: str
) -> None:
    bench = open_office("2026-11-04T16:30+07:00")
    asked_for(bench)
    assert the_mail(bench).not_before == bench.clock.now()
    bench.until(until)
    mail = drained(bench, server)
    assert (mail.state, mail.not_before) == ("waiting", at(opens))
    assert server.taken == []
    bench.until(opens)
    assert drained(bench, server).state == "accepted"


def test_an_escalation_waits_too_and_only_what_somebody_waits_for_leaves_at_night(
    open_office: Opened, server: Server
) -> None:
    bench = open_office("2026-11-04T22:00+07:00")
    asked_for(bench, urgency=Urgency.ESCALATION)
    assert drained(bench, server).state == "waiting"
    with bench.office.store.write() as session:
        session.delete(session.exec(select(Mail)).one())
    asked_for(bench, urgency=Urgency.AT_ONCE)
    assert drained(bench, server).state == "accepted"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_hours_are_those_of_whoever_stands_in(store: Store, commit: Programme) -> None:
    """The mail was asked for while the post itself was at work; its substitute is not."""
    words = commit.model_dump()
    substitute = next(c for c in words["contacts"] if c["slug"] == "tf-kh-focal-point")
    substitute["zone"] = "Europe/Vienna"
    programme, now = Programme.model_validate(words), at("2026-11-04T10:00+07:00")
    with store.write() as session:
        assert asleep(session, programme, {HEAD}, now) == {}
        session.add(
            Absence(post=HEAD, since=at("2026-11-01"), until=at("2026-11-20"),
                    substitute="tf-kh-focal-point")
        )  # fmt: skip
        session.flush()
        assert asleep(session, programme, {HEAD}, now) == {HEAD: at("2026-11-04T09:00+01:00")}

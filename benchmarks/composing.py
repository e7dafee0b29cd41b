"""What do our checks cost when a mail is written? Against bare Jinja and EmailMessage.

Ours: facts from the store, text and HTML in a sandbox, a link that is signed and kept, headers,
a calendar part, and the headers parsed back as proof, all of it written to the store. Theirs: the
same text and HTML rendered by a plain Jinja environment from facts at hand, and
EmailMessage.as_bytes. Beside it, ours from the facts they have at hand: sandbox, headers and proof,
but no store, no link and no calendar part.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, PackageLoader
from sqlmodel import select

from benchmarks.race import race, ratio
from notifications.compose import Composer
from notifications.envelope import Envelope, address
from notifications.links import Links
from notifications.overrides import Overrides
from notifications.rendering import teach
from notifications.samples import samples
from schemas.acts import AgreeChair, PlanSom, TakeChair
from schemas.anchor import Anchor
from schemas.tables import Mail
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.languages import language_of
from secretariat.programme import SHIPPED, load_programme
from secretariat.reconcile import reconcile
from secretariat.store import Store, open_store
from secretariat.timers import tick

MANY = 300
PROGRAMME = load_programme(SHIPPED / "commit.yaml")


def a_store(directory: Path) -> tuple[Store, datetime]:
    """A store in which reminders wait to be written."""
    store = open_store(f"sqlite:///{directory}/secretariat.db")
    store.migrate()
    clock = VirtualClock(datetime(2019, 10, 10, 3, tzinfo=UTC))
    office = Office(store, PROGRAMME, clock)
    adopt(office)
    office.do(AgreeChair(som="SOM13", member="CN"), by="un-act")
    office.do(TakeChair(som="SOM13"), by="un-act")
    day = (clock.now() + timedelta(days=100)).date()
    office.do(PlanSom(som="SOM14", host="VN", on=Anchor(day=day)), by="un-act")
    for function in PROGRAMME.functions:
        reconcile(office, function)
    clock.advance_to(clock.now() + timedelta(days=10))
    tick(office)
    return store, clock.now()


def ours(store: Store, now: datetime) -> float:
    """Mails written a second."""
    composer = Composer(
        PROGRAMME, Links(lambda: ["k" * 32], "https://board.example"), "us@we.example"
    )
    with store.read() as session:
        waiting = list(session.exec(select(Mail).where(Mail.template == "obligation")))
        begun = time.perf_counter()
        for number in range(MANY):
            composer.freeze(session, waiting[number % len(waiting)], now)
            session.flush()
        seconds = time.perf_counter() - begun
        session.rollback()
    return MANY / seconds


def from_facts() -> float:
    """Mails written a second from the facts that ``bare`` has, in the sandbox and with proof."""
    templates, facts = Overrides(PROGRAMME), samples(PROGRAMME)["obligation"][0]
    english = language_of("en")
    us, them = address("us", "us@we.example"), address("them", "them@they.example")
    begun = time.perf_counter()
    for number in range(MANY):
        text, html = templates.write("obligation", english, facts, must_leave=True)
        Envelope(
            sender=us,
            recipient=them,
            subject=f"mail {number}",
            date=datetime(2019, 10, 10, 3, tzinfo=UTC),
            message_id=f"<{number}@we.example>",
            language=english.tag,
            text=text,
            html=html,
            head=facts["head"],
        ).as_bytes()
    return MANY / (time.perf_counter() - begun)


def bare() -> float:
    """Mails written a second, without store, link, sandbox, calendar and proof."""
    environment = Environment(loader=PackageLoader("notifications"), autoescape=True)
    teach(environment)
    facts = samples(PROGRAMME)["obligation"][0]
    english = language_of("en")
    begun = time.perf_counter()
    for number in range(MANY):
        text, html = (
            environment.get_template(f"obligation.{kind}").render(facts, language=english)
            for kind in ("txt", "html")
        )
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "us@we.example", "them@they.example"
        message["Subject"], message["Message-ID"] = f"mail {number}", f"<{number}@we.example>"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        message.as_bytes()
    return MANY / (time.perf_counter() - begun)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        store, now = a_store(Path(directory))
        runners = {"secretariat": lambda: ours(store, now), "from facts": from_facts, "bare": bare}
        found = race("compose", runners, unit="mails/s")
    ratio("compose from facts at hand, against bare", found["from facts"], found["bare"], 1.0)
    sys.exit(not ratio("compose, against bare", found["secretariat"], found["bare"], 0.8))


if __name__ == "__main__":
    main()

"""A programme's own mail templates: tried before they are used, never in a deadline's way."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from notifications.compose import Composer
from notifications.links import Links
from notifications.outbox import write_due
from notifications.overrides import Overrides
from notifications.rendering import OURS, Sandbox, render
from notifications.samples import samples
from notifications.trial import first_mistake
from schemas.programme import Programme
from schemas.tables import Mail, Urgency
from secretariat.errors import BadInputError
from secretariat.languages import ENGLISH
from secretariat.programme import SHIPPED
from tests.conftest import BARE, Bench, cli
from tests.test_obligations import Opened
from tests.test_outbox import one_request, only_mail

MAILS = {name.partition(".")[0] for name in OURS.list_templates()} - {"base", "footer"}
Tried = Callable[..., Overrides]


@pytest.fixture
def tried(tmp_path: Path, commit: Programme) -> Tried:
    """A programme's own templates, as they are found when it starts."""

    def made(**files: str) -> Overrides:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        return Overrides(commit, tmp_path)

    return made


def test_every_mail_has_samples_and_every_built_in_template_can_write_them(
    commit: Programme,
) -> None:
    found = samples(commit)
    assert set(found) == MAILS
    for name, cases in found.items():
        for kind in ("txt", "html"):
            for case in cases:
                assert render(f"{name}.{kind}", ENGLISH, case)


def test_own_words_are_used_the_rest_stays_built_in_and_what_fails_later_is_broken_from_then_on(
    tried: Tried, commit: Programme
) -> None:
    own = tried(
        support_txt="{% extends 'base.txt' %}{% block subject %}Help for {{ body }}{% endblock %}",
        ended_txt="{{ body }}\n{{ 1 // (body | length - 3) }}",
        footer_txt="Written for {{ programme.name }}.",
    )
    own.check()
    (facts, *_) = samples(commit)["support"]
    text, html = own.write("support", ENGLISH, facts, must_leave=False)
    assert text.startswith("Help for A body\n")
    assert text.endswith("Written for COMMIT.")
    assert html == render("support.html", ENGLISH, facts)
    (facts, *_) = samples(commit)["ended"]
    facts |= {"body": "abc"}
    with pytest.raises(BadInputError, match="ended"):
        own.write("ended", ENGLISH, facts, must_leave=False)
    text, _ = own.write("ended", ENGLISH, facts, must_leave=True)
    assert text == render("ended.txt", ENGLISH, facts)
    assert list(own.broken) == ["ended"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Subject\n\n{{ nobody }}", 3, "nobody"),
        ("Subject\n{% if false %}{{ nobody }}{% endif %}", 2, "nobody"),
        ("Subject\n{{ holding.nothing }}", 2, "nothing"),
        ("Subject\n\n\n{% if %}", 4, "Expected an expression"),
        ("Subject\n{% for x in [1] %}", 2, "Unexpected end"),
        ("{{ 'a' * 10**9 }}", 1, "numbers"),
        ("{{ 'a' * 1000000000 }}", 1, "numbers"),
        ("{{ [0] * 1000000000 }}", 1, "numbers"),
        ("\n{{ 9 ** 9 ** 9 }}", 2, "exponents|numbers"),
        ("{{ holding.__class__.__mro__ }}", 1, "__class__"),
        ("{{ ''|attr('__class__') }}", 1, "__class__"),
        ("{% for x in range(1000000000) %}{% endfor %}", 1, "Range too big"),
        ("{% for x in range(99999) %}{{ heading }}{% endfor %}", 1, "200000 characters"),
        ("{{ 1 // 0 }}", 1, "division"),
        ("{% include 'nothing.txt' %}", 1, "nothing.txt"),
    ],
)
def test_a_template_that_cannot_write_every_mail_is_named_with_file_line_and_reason(
    commit: Programme, text: str, line: int, words: str
) -> None:
    mistake = first_mistake({"holding.txt": text}, commit, "holding")
    assert mistake and mistake[:2] == ("holding.txt", line)
    assert re.search(words, mistake[2])


def test_a_template_that_never_ends_or_eats_the_memory_is_ended_and_named(
    tried: Tried, tmp_path: Path
) -> None:
    endless = "{% for a in range(9999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    own = tried(
        ended_txt=endless,
        holding_html="\n{{ 'a' | center(1000000000) | length }}",
        meeting_txt="\n\n{% include 'meeting.txt' %}",
        support_txt="\n{{ nobody }}",
    )
    with pytest.raises(BadInputError) as told:
        own.check()
    assert str(told.value).splitlines() == [
        f"{tmp_path}/ended.*: writing this mail takes more than a second",
        f"{tmp_path}/holding.html:1: writing this mail takes more than 64 MB",
        f"{tmp_path}/meeting.txt:3: a template includes itself",
        f"{tmp_path}/support.txt:2: there is no “nobody” in this mail",
    ]


def test_files_no_mail_uses_and_no_text_are_named_and_a_shared_mistake_once(
    tried: Tried, tmp_path: Path
) -> None:
    (tmp_path / "footer.html").write_bytes(b"")
    (tmp_path / "ended.html").write_bytes(b"\xff\xfe")
    (tmp_path / ".hidden").write_text("")
    with pytest.raises(BadInputError) as told:
        tried(base_txt="{{ nobody }}", reminder_txt="Hello").check()
    unread, *other = sorted(str(told.value).splitlines(), key=lambda line: "UTF-8" not in line)
    assert unread.startswith(f"{tmp_path}/ended.html: this cannot be read as UTF-8")
    assert [line.partition(": ")[0] for line in sorted(other)] == [
        f"{tmp_path}/base.txt:1",
        f"{tmp_path}/footer.html",
        f"{tmp_path}/reminder.txt",
    ]


def test_check_names_the_mistakes_of_templates_beside_the_programme_file(tmp_path: Path) -> None:
    programme = (SHIPPED / "commit.yaml").read_text()
    (tmp_path / "programme.yaml").write_text(f"templates: mails\n{programme}")
    asked = cli("check", str(tmp_path / "programme.yaml"), environment=BARE)
    assert asked.returncode == 2
    assert "mails" in asked.stderr and "cannot be read" in asked.stderr
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "ended.txt").write_text("\n{{ nobody }}")
    asked = cli("check", str(tmp_path / "programme.yaml"), environment=BARE)
    assert asked.returncode == 2
    assert f"{tmp_path}/mails/ended.txt:2: there is no “nobody” in this mail" in asked.stderr
    (tmp_path / "mails" / "ended.txt").write_text("{{ body }} has ended")
    assert cli("check", str(tmp_path / "programme.yaml"), environment=BARE).returncode == 0


def test_a_template_broken_later_holds_news_and_leaves_deadlines_to_the_built_in_text(
    open_office: Opened, tried: Tried, tmp_path: Path
) -> None:
    bench = one_request(open_office)
    own = tried(obligation_txt="Our subject\n\n{{ obligation.title }}\n{{ link }}")
    composer = Composer(
        bench.office.programme,
        Links(lambda: ["k" * 32], "https://b.example"),
        "s@commit.example",
        own=own,
    )
    as_news(bench)
    break_later(tmp_path / "obligation.txt", own)
    assert "obligation.txt:1" in own.broken["obligation"]
    write_due(bench.office.store, composer, bench.clock.now())
    urgent, news = mails(bench)
    assert urgent.subject and urgent.subject.startswith("Host confirms"), "the built-in text"
    assert (news.state, news.content) == ("held", None)
    assert "obligation.txt:1" in news.reply


def as_news(bench: Bench) -> None:
    """The same mail once more, of a kind that can wait."""
    mail = only_mail(bench)
    with bench.office.store.write() as session:
        facts = mail.model_dump(exclude={"id"})
        facts |= {"idem_key": "news", "urgency": Urgency.NEWS, "contact": "tf-vn-head"}
        session.add(Mail(**facts))


def break_later(path: Path, own: Overrides) -> None:
    path.write_text("{{ nobody }}")
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
    own.refresh()


def mails(bench: Bench) -> list[Mail]:
    with bench.office.store.read() as session:
        found = session.exec(select(Mail).where(Mail.template == "obligation").order_by(Mail.id))
        return list(found)


def test_the_sandbox_of_templates_still_multiplies_numbers() -> None:
    assert Sandbox(OURS.loader or pytest.fail()).from_string("{{ 6 * 7 }}").render() == "42"

"""Mails and the pages they lead to speak the reader's language, and English where they cannot."""

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from markupsafe import Markup
from playwright.sync_api import sync_playwright

from notifications.compose import Composer
from notifications.links import Links
from notifications.rendering import render
from notifications.samples import samples
from schemas.acts import BeAbsent, Offer
from schemas.anchor import Anchor
from schemas.events import Event
from schemas.meeting_tables import Document
from schemas.programme import Programme
from schemas.tables import Mail
from secretariat import messages, words
from secretariat.catalogues import OURS, catalogue, file_of, is_sound, is_translated, read
from secretariat.clock import VirtualClock
from secretariat.commands import Office
from secretariat.history import adopt
from secretariat.languages import LANGUAGES, Language, language_of
from secretariat.moments import in_words
from secretariat.programme import SHIPPED, load_programme
from secretariat.store import open_store
from secretariat.web import signin
from tests.conftest import Bench, at, reading
from tests.test_obligations import a_meeting
from tests.test_web import LINKS, Site

OTHERS = [code for code in LANGUAGES if code != "en"]
READERS = {"en": "un-act-head", "km": "tf-kh-focal-point", "zh": "tf-cn-focal-point",
           "lo": "tf-la-focal-point", "my": "tf-mm-focal-point", "th": "tf-th-focal-point",
           "vi": "tf-vn-focal-point"}  # fmt: skip
DELEGATION = "som-hosting/SOM14/delegations-named"
TALL = ("km", "lo", "my", "th")
LEADING = (
    "(style => parseFloat(style.lineHeight) / parseFloat(style.fontSize))"
    "(getComputedStyle(document.body))"
)
WEB = Path(signin.__file__).parent
NOW = at("2020-02-03T03:00")
TAGS = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_language_is_called_what_its_readers_call_it(language: Language) -> None:
    assert language.name == Locale.parse(language.cldr).get_language_name()


@pytest.fixture(scope="module")
def shipped() -> Programme:
    return load_programme(SHIPPED / "commit.yaml")


def before_the_meeting(path: Path, programme: Programme) -> Bench:
    """COMMIT in a store, as its contacts read it, when delegations are asked for."""
    clock = VirtualClock(at("2019-01-03T03:00"))
    return Bench(Office(open_store(f"sqlite:///{path}"), programme, clock), clock)


@pytest.fixture(scope="module")
def prepared(blank: Path, shipped: Programme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy; what is said does not depend on the database."""
    path = tmp_path_factory.mktemp("prepared") / "secretariat.db"
    shutil.copy(blank, path)
    bench = before_the_meeting(path, shipped)
    adopt(bench.office)
    a_meeting(bench)
    bench.office.store.engine.dispose()
    return path


@pytest.fixture
def bench(prepared: Path, shipped: Programme, tmp_path: Path) -> Iterator[Bench]:
    shutil.copy(prepared, tmp_path / "secretariat.db")
    bench = before_the_meeting(tmp_path / "secretariat.db", shipped)
    bench.clock.advance_to(NOW)
    yield bench
    bench.office.store.engine.dispose()


def written(bench: Bench, contact: str, template: str = "obligation", **facts: Any) -> Mail:
    """A mail as it leaves now."""
    composer = Composer(
        bench.office.programme, Links(lambda: ["k" * 32], "http://localhost"), "s@un.example"
    )
    with bench.office.store.write() as session:
        mail = Mail(
            id=1, idem_key="k", asked_at=NOW, not_before=NOW, contact=contact, template=template,
            obligation=facts.get("obligation"), holding=facts.get("holding"), context=facts,
        )  # fmt: skip
        composer.freeze(session, mail, NOW)
    return mail


def delegation(bench: Bench, contact: str) -> Mail:
    """The mail that asks a country to name its delegation."""
    facts = {"step": "request", "escalates": False, "hours_late": 0}
    about = f"{DELEGATION}@{body_of(bench, contact)}"
    return written(bench, contact, obligation=about, **facts)


def body_of(bench: Bench, contact: str) -> str:
    """The task force of a contact; of those without one, one they may speak for."""
    found = bench.office.programme.contact(contact)
    assert found
    return found.body if found.body.startswith("tf") else "tf-la"


def parsed(mail: Mail) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(mail.content or b"")
    assert isinstance(message, EmailMessage)
    return message


def part(mail: Mail, kind: str) -> str:
    body = parsed(mail).get_body((kind,))
    assert body
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


# -- the catalogues --------------------------------------------------------------------------------


def test_what_is_shipped_has_every_text_and_nothing_wrong() -> None:
    found = list(messages.states())
    assert {(state.language, state.domain) for state in found} == {
        (code, domain) for code in OTHERS for domain in ("secretariat", "commit")
    }
    assert [fault for state in found for fault in state.faults] == []
    assert all(state.checked_by for state in found)


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("%(num)s left", "noch %(nmu)s"),
        ("%(num)s left", "noch da"),
        ("%(num)s left", "noch %(num)d"),
        ("%(num)s left", "noch 5% von %(num)s"),
        ("{a} and {b}", "{a} und {a.__class__}"),
        ("{a} and {b}", "{a} und {"),
        ('<a href="/">board</a>', '<a href="/x">Tafel</a>'),
        ("all left", "noch %(num)s"),
        (("%(num)s day", "%(num)s days"), ("%(num)s Tag", "Tage")),
    ],
)
def test_a_translation_with_other_placeholders_is_no_translation(
    tmp_path: Path, text: Any, translation: Any
) -> None:
    path = a_catalogue(tmp_path, text, translation)
    assert faults_of(path, text)
    one = text if isinstance(text, str) else text[0]
    assert catalogue(tmp_path, "de", "d").gettext(one) == one


def a_catalogue(directory: Path, text: Any, translation: Any) -> Path:
    path = file_of(directory, "de", "d")
    path.parent.mkdir(parents=True)
    catalog = Catalog(locale="de")
    catalog.add(text, translation)
    path.write_text('msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n')
    messages.write(path, catalog)
    return path


def faults_of(path: Path, *texts: Any) -> list[str]:
    wanted = Catalog()
    for text in texts:
        wanted.add(text)
    return messages.state_of(path, "de", "d", wanted).faults


def test_a_text_not_taken_into_the_catalogue_is_a_fault(tmp_path: Path) -> None:
    path = a_catalogue(tmp_path, "old", "alt")
    assert faults_of(path, "old") == []
    assert "make messages" in faults_of(path, "old", "new")[0]
    assert "make messages" in faults_of(path)[0]


def test_a_missing_and_a_guessed_text_are_counted_and_shown_in_english(tmp_path: Path) -> None:
    path = a_catalogue(tmp_path, "new", "")
    catalog = read(path)
    catalog.add("guessed", "geraten", flags=["fuzzy"])
    messages.write(path, catalog)
    wanted = Catalog()
    wanted.add("new")
    wanted.add("guessed")
    state = messages.state_of(path, "de", "d", wanted)
    assert (state.missing, state.fuzzy, state.faults) == (2, 1, [])
    assert catalogue(tmp_path, "de", "d").gettext("guessed") == "guessed"


def test_a_broken_file_fails_the_check_and_no_mail(tmp_path: Path) -> None:
    path = file_of(tmp_path, "de", "d")
    path.parent.mkdir(parents=True)
    path.write_text('msgid "open\nmsgstr "offen"\n')
    assert str(path) in faults_of(path)[0]
    assert catalogue(tmp_path, "de", "d").gettext("open") == "open"


def test_every_catalogue_says_who_checked_it() -> None:
    for code in OTHERS:
        text = file_of(OURS, code, "secretariat").read_text(encoding="utf-8")
        assert "made by a machine" in text
        assert '"X-Checked-By: ' in text


# -- plurals, days, lists --------------------------------------------------------------------------


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_number_takes_the_form_its_language_has_for_it(code: str) -> None:
    language = language_of(code)
    rule = Locale.parse(language.cldr).plural_form
    one, many = "Late by %(num)s day: %(what)s", "Late by %(num)s days: %(what)s"
    forms: dict[str, set[str]] = {}
    for count in (0, 1, 2, 5, 21):
        said = language.ngettext(one, many, count)
        assert str(count) in said % {"num": count, "what": "x"}
        forms.setdefault(rule(count), set()).add(said)
    assert all(len(said) == 1 for said in forms.values()), "one form for each of CLDR's categories"
    assert len(set.union(*forms.values())) == len(forms)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "Tuesday, 12 November 2019, 17:00"),
        ("km", "អង្គារ 12 វិច្ឆិកា 2019, 17:00"),
        ("lo", "ວັນອັງຄານ, 12 ພະຈິກ 2019, 17:00"),
        ("my", "2019 နိုဝင်ဘာ 12 အင်္ဂါ 17:00"),
        ("th", "วันอังคารที่ 12 พฤศจิกายน ค.ศ. 2019 17:00 น."),
        ("vi", "17:00 Thứ Ba, 12 tháng 11, 2019"),
        ("zh", "2019年11月12日星期二 17:00"),
    ],
)
def test_a_moment_is_said_as_cldr_has_it_in_the_reader_s_zone(code: str, said: str) -> None:
    moment = in_words("Asia/Vientiane", language_of(code))
    assert moment(at("2019-11-12T10:00")) == said
    midnight = moment(at("2019-11-12T17:00"))
    assert language_of(code).weekday(date(2019, 11, 12)) in midnight, "the day that ends then"


@pytest.mark.parametrize(
    ("code", "two", "three"),
    [
        ("en", "A and B", "A, B and C"),
        ("km", "A និង\u200bB", "A, B និង C"),
        ("lo", "A ແລະ B", "A, B, C"),
        ("my", "Aနှင့် B", "A - Bနှင့် C"),
        ("th", "AและB", "A B และC"),
        ("vi", "A và B", "A, B và C"),
        ("zh", "A和B", "A、B和C"),
    ],
)
def test_a_list_is_joined_as_cldr_has_it(code: str, two: str, three: str) -> None:
    language = language_of(code)
    assert language.listed(["A", "B"]) == two
    assert language.listed(["A", "B", "C"]) == three
    assert language.listed([]) == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [("en", "first quarter of 2019"), ("lo", "ໄຕມາດທີ 1 ປີ 2019"), ("zh", "2019年第一季度")],
)
def test_a_quarter_is_said_in_the_reader_s_language(code: str, said: str) -> None:
    assert words.anchor_name(Anchor.model_validate("2019-Q1"), language_of(code)) == said


# -- sentences -------------------------------------------------------------------------------------


def test_a_sentence_puts_its_facts_where_the_language_wants_them(shipped: Programme) -> None:
    event = Event(
        "holding.offered",
        "referral-mechanisms/mapping@LA",
        {"offered_to": "tf-la", "offered_phase": "shared", "function": "referral-mechanisms"},
    )
    assert words.sentence(shipped, event, "un-act") == (
        "UN-ACT offered “Map capacities and consult” (Referral mechanisms, Lao PDR) to "
        "Lao PDR task force"
    )
    assert words.sentence(shipped, event, "un-act", language_of("zh")) == (
        "UN-ACT提请将“摸底能力并开展磋商”（转介机制，老挝）移交给老挝工作组"
    )


def test_days_in_a_sentence_are_those_of_the_post(shipped: Programme) -> None:
    facts = {"substitute": "tf-cn-focal-point", "since": "2018-08-12T16:00:00+00:00",
             "until": "2018-08-17T16:00:00+00:00"}  # fmt: skip
    event = Event("absence.began", "tf-cn-head", facts)
    assert words.sentence(shipped, event, "tf-cn").endswith("from 13 August 2018 to 17 August 2018")


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_can_be_said(code: str) -> None:
    """All that a sentence needs is in the English one, so it is in the translation."""
    catalog = read(file_of(OURS, code, "secretariat"))
    for text in words.MESSAGES:
        message = catalog.get(text)
        assert message
        assert is_translated(message)
        assert is_sound(message)


# -- mails -----------------------------------------------------------------------------------------


class Cipher(Language):
    """A language of which a reader of English understands nothing but what is not translated."""

    def gettext(self, message: str) -> str:
        return re.sub(r"(%\(\w+\)s)|[A-Za-z]", lambda found: found[1] or "¤", message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)

    def text_of(self, *_: Any) -> str:
        return "¤"


def without_letters(fact: Any) -> Any:
    """The facts of a mail with nothing in them to read."""
    if isinstance(fact, Markup | str):
        return type(fact)(re.sub("[A-Za-z]", "¤", fact))
    if isinstance(fact, list):
        return [without_letters(part) for part in fact]
    if isinstance(fact, dict):
        return {name: without_letters(part) for name, part in fact.items()}
    if isinstance(fact, Document):
        return fact.model_copy(update={"name": "¤", "sha256": "¤"})
    return (lambda _: "¤") if callable(fact) else fact


def test_nothing_in_a_mail_is_left_untranslated(shipped: Programme) -> None:
    for template, cases in samples(shipped).items():
        for case in cases:
            kept = {"kind": case.get("kind"), "programme": case["programme"]}
            facts = {name: without_letters(fact) for name, fact in case.items()} | kept
            for kind in ("txt", "html"):
                said = render(f"{template}.{kind}", Cipher("xx", "xx", "en", "Xx"), facts)
                seen = TAGS.sub("", said)
                for name in (shipped.name, "SOM20", "SHA-256"):  # the same in every language
                    seen = seen.replace(name, "")
                assert not re.search("[A-Za-z]", seen), (template, case, seen)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_mail_can_be_written_in_every_language(shipped: Programme, code: str) -> None:
    language = language_of(code)
    for template, cases in samples(shipped).items():
        for case in cases:
            assert "%(" not in render(f"{template}.txt", language, case)
            assert f'<html lang="{language.tag}">' in render(f"{template}.html", language, case)


@pytest.mark.parametrize(("code", "contact"), READERS.items())
def test_a_mail_is_in_its_reader_s_language_and_parses(
    bench: Bench, code: str, contact: str
) -> None:
    mail = delegation(bench, contact)
    language = language_of(code)
    title = language.text_of(bench.office.programme, "Delegation named")
    assert mail.language == code
    assert title in str(parsed(mail)["Subject"])
    text, html = part(mail, "plain"), part(mail, "html")
    assert title in text
    assert title in html
    assert language.gettext("Acknowledge by") in text
    assert "\ufffd" not in text + html
    assert f'lang="{language.tag}"' in html
    assert max(len(line) for line in (mail.content or b"").split(b"\r\n")) <= 998


def test_no_paragraph_is_broken_within(bench: Bench) -> None:
    """Where words have no spaces between them, only the reader's program knows where to break."""
    said = language_of("lo").gettext(
        "Acknowledging says “we have seen it and will do it”: it stops the climb to the next desk, "
        "it is not “done”."
    )
    assert said in part(delegation(bench, "tf-la-focal-point"), "plain")


@pytest.mark.parametrize(
    ("because", "said"),
    [
        ({"review": "no staff"}, "ການທົບທວນລະບຸວ່າ: no staff."),
        ({"missed": ["Delegation named", "Costs settled"]}, "ແຕ່ງຕັ້ງຄະນະຜູ້ແທນ; ຊຳລະຄ່າໃຊ້ຈ່າຍ."),
        ({}, "as it was noted once."),
    ],
)
def test_why_support_is_proposed_is_said_in_the_reader_s_language(
    bench: Bench, because: dict[str, Any], said: str
) -> None:
    about = {"function": "som-hosting", "body": "tf-la", "why": "as it was noted once"}
    mail = written(bench, "tf-la-head", "support", **about, **because)
    assert said in part(mail, "plain")


def test_a_body_s_end_names_what_it_left_in_the_reader_s_language(bench: Bench) -> None:
    left = ["referral-mechanisms/mapping@LA"]
    mail = written(bench, "chair-la-head", "ended", body="tf-la", holdings=left)
    assert "“ສຳຫຼວດຄວາມສາມາດ ແລະ ປຶກສາຫາລື”" in part(mail, "plain")


def test_a_substitute_reads_its_own_language(bench: Bench, shipped: Programme) -> None:
    """The head reads Lao, who stands in for it Vietnamese."""
    mixed = reading(shipped, {"tf-la-focal-point": "vi"})
    office = Office(bench.office.store, mixed, bench.clock)
    days = {"since": date(2020, 2, 3), "until": date(2020, 2, 7)}
    office.do(BeAbsent(post="tf-la-head", substitute="tf-la-focal-point", **days), by="tf-la")
    mail = delegation(Bench(office, bench.clock), "tf-la-head")
    assert mail.language == "vi"
    assert "đang vắng mặt" in part(mail, "plain")


def test_a_language_without_a_catalogue_is_english(bench: Bench, shipped: Programme) -> None:
    french = reading(shipped, {"tf-la-head": "fr"})
    mail = delegation(
        Bench(Office(bench.office.store, french, bench.clock), bench.clock), "tf-la-head"
    )
    assert mail.language == "en"
    assert "is asked for this step" in part(mail, "plain")
    assert '<html lang="en">' in part(mail, "html")


def test_another_programme_s_names_stay_as_they_are(shipped: Programme) -> None:
    """Their catalogue is COMMIT's alone."""
    other = shipped.model_copy(update={"slug": "other"})
    assert language_of("lo").text_of(other, "Delegation named") == "Delegation named"


def test_a_wrong_translation_never_stops_a_mail(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, "lo", "secretariat")
    path.parent.mkdir(parents=True)
    text = file_of(OURS, "lo", "secretariat").read_text(encoding="utf-8")
    path.write_text(
        text.replace("%(body)s", "%(nobody)s").replace('msgid "%(nobody)s', 'msgid "%(body)s')
    )
    monkeypatch.setattr("secretariat.languages.OURS", tmp_path)
    said = part(delegation(bench, "tf-la-focal-point"), "plain")
    assert "is asked for this step of COMMIT" in said, "this one in English"
    assert language_of("lo").gettext("Acknowledge by") in said, "the others in Lao"


# -- the pages of links ----------------------------------------------------------------------------


@pytest.fixture
def site(bench: Bench, tmp_path: Path) -> Site:
    return Site(bench, tmp_path)


def asked(site: Site, contact: str) -> str:
    """The path of the link by which a contact is asked to name a delegation."""
    now = site.bench.clock.now()
    with site.bench.office.store.write() as session:
        about = f"{DELEGATION}@{body_of(site.bench, contact)}"
        return LINKS.mint(session, "obligation", about, contact, now + timedelta(days=9), now)


def offered(site: Site) -> str:
    """The path of a link to answer an offer, for a head who reads Lao."""
    holding = "referral-mechanisms/mapping@LA"
    site.bench.office.do(Offer(holding=holding), by="un-act")
    now = site.bench.clock.now()
    with site.bench.office.store.write() as session:
        until = now + timedelta(days=9)
        return LINKS.mint(session, "offer", holding, "tf-la-head", until, now)


def test_every_mail_and_page_fits_a_phone(site: Site) -> None:
    """At 360 pixels nothing is cut off, and lines of scripts with vowels below have room."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    style = f"<style>{(WEB / 'static/style.css').read_text()}</style>"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        for code, contact in READERS.items():
            shown = site.browser.get(asked(site, contact)).text.replace("</head>", style)
            for html in (part(delegation(site.bench, contact), "html"), shown):
                page.set_content(html)
                assert page.evaluate("document.documentElement.scrollWidth") <= 360, code
                assert page.evaluate(LEADING) >= (1.7 if code in TALL else 1.4), code
        browser.close()


def test_a_link_s_page_and_its_refusals_are_in_the_reader_s_language(site: Site) -> None:
    path = site.link()
    vietnamese = language_of("vi")
    page = site.browser.get(path).text
    assert '<html lang="vi">' in page
    assert vietnamese.gettext("We have seen it and will do it") in page
    assert "Nước chủ nhà xác nhận ngày và địa điểm" in page
    assert site.press(path).status_code == 303
    assert "Xin cảm ơn" in site.browser.get(path).text
    again = site.press(path).text
    assert '<html lang="vi">' in again
    assert "đã xác nhận việc này lúc" in again
    without = site.browser.post(path)
    assert without.status_code == 403
    assert '<html lang="vi">' in without.text


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"answer": "accept"}, 409, "ຍັງບໍ່ພ້ອມສຳລັບ “ຮັບຜິດຊອບຮ່ວມກັນ”"),
        ({"answer": "accept", "seen": "1"}, 409, "ໄດ້ປ່ຽນແປງນັບແຕ່ທ່ານເບິ່ງ"),
        ({"answer": "decline", "words": " "}, 400, "ກະລຸນາຂຽນເຫດຜົນ"),
        ({"answer": "perhaps"}, 400, "ກະລຸນາເລືອກຄຳຕອບ"),
    ],
)
def test_why_an_act_is_refused_is_said_in_the_reader_s_language(
    site: Site, form: dict[str, str], status: int, said: str
) -> None:
    answer = site.press(offered(site), **form)
    assert answer.status_code == status
    assert said in answer.text


def test_a_reader_may_switch_to_english_and_back(site: Site) -> None:
    path = site.link()
    assert 'href="?lang=en"' in site.browser.get(path).text
    english = site.browser.get(f"{path}?lang=en").text
    assert '<html lang="en">' in english
    assert "We have seen it and will do it" in english
    assert 'href="?lang=vi"' in english
    answer = site.browser.post(f"{path}?lang=en", data={"nonce": LINKS.nonce(path[6:])})
    assert answer.headers["location"] == f"{path}?lang=en"


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [("lo-LA,lo;q=0.9,en;q=0.8", "lo"), ("fr,zh-CN;q=0.5", "zh-Hans"), ("fr", "en"), ("", "en")],
)
def test_a_link_that_cannot_be_used_speaks_the_browser_s_language(
    site: Site, accepted: str, tag: str
) -> None:
    """Not its reader's: that would tell that it was a link once."""
    expired = site.link(days=1)
    site.bench.clock.advance_to(site.bench.clock.now() + timedelta(days=2))
    for path in (expired, "/link/altered"):
        page = site.browser.get(path, headers={"Accept-Language": accepted})
        assert page.status_code == 404
        assert f'<html lang="{tag}">' in page.text


def lang(site: Site, path: str = "/", **headers: str) -> str:
    found = re.search('<html lang="([^"]+)"', site.browser.get(path, headers=headers).text)
    assert found
    return found[1]


def test_the_board_is_in_the_language_chosen_else_of_who_is_signed_in_else_of_the_browser(
    site: Site,
) -> None:
    wanted = {"Accept-Language": "fr, zh-CN;q=0.9, lo"}
    assert lang(site) == "en"
    assert lang(site, **wanted) == "zh-Hans"
    site.sign_in("tf-la-head")
    assert lang(site, **wanted) == "lo"
    for chosen in ("th", "en"):
        answer = site.browser.post("/language", data={"language": chosen, "back": "/chair"})
        assert answer.headers["location"] == "/chair"
        assert [lang(site, path, **wanted) for path in ("/", "/nowhere")] == [chosen, chosen]
    site.browser.post("/language", data={"language": "xx"})
    assert lang(site, **wanted) == "lo"


def test_a_copy_of_a_page_serves_only_who_reads_that_language(site: Site) -> None:
    """What a program asks for is in English, so that its mark changes with the content alone."""
    assert site.browser.get("/").headers["vary"] == "Cookie, Accept-Language, Accept-Encoding"
    marks = set()
    for wanted in ("en", "lo"):
        answer = site.browser.get("/api/status", headers={"Accept-Language": wanted})
        marks.add(answer.headers["etag"])
    assert len(marks) == 1


def test_days_and_names_on_the_board_are_those_of_its_language(site: Site) -> None:
    page = site.browser.get("/", headers={"Accept-Language": "lo"}).text
    assert language_of("lo").day(date(2020, 3, 10)) in page
    assert "ກຳປູເຈຍ" in page
    assert "10 March 2020" not in page


def test_why_the_board_refuses_is_said_in_its_language_down_to_its_alternatives(
    site: Site,
) -> None:
    site.sign_in("tf-kh-head")
    form = {"act": "attest", "item": "people", "evidence": "x"}
    path = "/holdings/referral-mechanisms/mapping@LA"
    thai = {"Accept-Language": "th"}
    site.browser.post("/language", data={"language": "th", "back": "/"})
    refused = site.browser.post(path, data=form, headers=thai)
    assert refused.status_code == 403
    programme = site.bench.office.programme
    lao = words.name_of(programme, "tf-la", language_of("th"))
    assert f"{lao} หรือ UN-ACT" in refused.text
    assert "tf-la" not in refused.text.split("<main")[1]
    postponed = {"act": "postpone-som", "to": "2020-04-10", "reason": "rain"}
    kinds = site.browser.post("/meetings/SOM14", data=postponed)
    assert kinds.status_code == 403
    assert "สำนักเลขาธิการ" in kinds.text
    assert " or " not in re.sub(r"<[^>]*>", "", kinds.text.split("<main")[1].split("</main>")[0])


def test_whose_a_right_is_is_said_in_its_language(site: Site) -> None:
    site.sign_in("tf-kh-head")
    site.browser.post("/language", data={"language": "th", "back": "/"})
    refused = site.browser.get("/accounts")
    assert refused.status_code == 403
    main = refused.text[refused.text.index("<main") : refused.text.index("</main>")]
    said = re.sub(r"<[^>]*>", "", main)
    assert "ดูแลบัญชีผู้ใช้ กุญแจ และเว็บฮุก" in said
    assert "ผู้ดูแลระบบ" in said
    assert not re.search(r"[a-z]{3,}", said), said


def test_whom_a_step_asks_and_what_was_planned_are_said_in_the_language_of_the_page(
    site: Site,
) -> None:
    page = site.browser.get("/functions/som-hosting", headers={"Accept-Language": "lo"}).text
    assert "ຂໍຈາກເຈົ້າພາບ" in page
    assert "Costs settled" not in page

"""Whatever anybody typed: a mail has exactly its own headers, one recipient, and says that text."""

import asyncio
import string
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from pathlib import Path
from urllib.parse import urlsplit

import dkim
import fast_mail_parser
import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from notifications.appointments import Appointment
from notifications.envelope import Envelope, address
from notifications.harmless import body_text, header_text
from notifications.invitations import Invitation
from notifications.signing import Signer, signer
from notifications.smtp import Relay
from notifications.transport import Frozen
from schemas.texts import Address
from secretariat.errors import BadInputError
from tests.test_outbox import Server, server

__all__ = ["server"]

ENVELOPE = Envelope(
    sender=address("COMMIT secretariat", "secretariat@commit.example"),
    recipient=address("Task force of Viet Nam, head", "head@vn.example"),
    subject="Host confirms date and venue",
    date=datetime(2019, 1, 3, 3, tzinfo=UTC),
    message_id="<5e0d3c1b8f6a4972a1c0b2d4e6f80912@commit.example>",
    language="en",
    text="Dear colleagues,\n",
    html="<p>Dear colleagues,</p>\n",
    head="412:ab12cd34ef567890",
)
OWN = [
    "auto-submitted", "content-language", "content-type", "date", "from", "message-id",
    "mime-version", "subject", "to", "x-auto-response-suppress", "x-secretariat-ledger",
]  # fmt: skip
SCRIPTS = {
    "my": "မြန်မာနိုင်ငံ လူကုန်ကူးမှု တားဆီးကာကွယ်ရေး",
    "lo": "ສາທາລະນະລັດ ປະຊາທິປະໄຕ ປະຊາຊົນລາວ",
    "km": "ព្រះរាជាណាចក្រកម្ពុជា\u200bជាតិ",
    "th": "ราชอาณาจักรไทย",
    "vi": "Cộng hòa xã hội chủ nghĩa Việt Nam",
    "zh": "中华人民共和国，反对拐卖人口",
}
TRICKS = [
    "=?utf-8?q?Hi=0ABcc=3A_evil=40x.org?=",  # Python 3.11.7 reads a line end out of it
    "=?utf-8?b?SGkKQmNjOiBlQHgub3Jn?=",
    "\r\nBcc: evil@x.org",
    "\nBcc: evil@x.org\n\n",
    *["=?", "?=", "=", "?", "\r", "\0", "\x0b", "\x1c", "\x85", "\u2028", "\u2029", "\ud800"],
    *["\u202e", "\u2066", '"', "\\", ",", ";", ":", "<e@x.org>", "(", ")", "@", ".\r\n", "\n.\n"],
    *["a" * 300, "é" * 60, "𐀀", *SCRIPTS.values()],
]
nasty = st.lists(st.one_of(st.sampled_from(TRICKS), st.text(max_size=20)), max_size=6).map("".join)


def read(content: bytes) -> EmailMessage:
    parsed = BytesParser(policy=default).parsebytes(content)
    assert isinstance(parsed, EmailMessage)
    return parsed


def names(content: bytes) -> list[str]:
    return sorted(name.lower() for name in read(content))


def said(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


@settings(max_examples=50)
@example(subject=TRICKS[0], name=TRICKS[0], text="")
@example(subject="Hi\r\nBcc: evil@x.org", name='"x" <a@b.example>, c@d.example', text=".\n..\n")
@example(subject="a" * 5000, name="b" * 5000, text="c" * 5000)
@example(subject=SCRIPTS["my"] * 9, name=SCRIPTS["lo"] * 9, text=SCRIPTS["km"] * 99)
@given(subject=nasty, name=nasty, text=nasty)
def test_no_text_can_add_a_header_or_a_recipient_or_break_a_line(
    subject: str, name: str, text: str
) -> None:
    recipient = address(name, "head@vn.example")
    content = replace(ENVELOPE, subject=subject, recipient=recipient, text=text).as_bytes()
    assert names(content) == OWN
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert said(read(content), "plain") == body_text(text)
    again = fast_mail_parser.parse_email(content)
    assert [a.address for a in again.to] == ["head@vn.example"]
    assert again.to[0].display_name in (header_text(name), None)
    assert (again.subject or "") == header_text(subject)
    assert (again.cc, again.bcc, again.warnings) == ([], [], [])


def test_a_header_shows_what_was_written_but_for_what_could_steer_it() -> None:
    assert header_text("Reply,\r\nBcc: e@x.org\u202e") == "Reply, Bcc: e@x.org"
    assert header_text("=?utf-8?q?Hi=0ABcc=3A_e=40x.org?=") == "= ?utf-8?q?Hi=0ABcc=3A_e=40x.org?="
    assert header_text("=\u202e?utf-8?q?x?=") == "= ?utf-8?q?x?="
    for text in SCRIPTS.values():
        assert header_text(text) == text, "an invisible space between Khmer words stays"


@pytest.mark.parametrize(
    "forged",
    [
        {"message_id": "<one@commit.example>\r\nBcc: evil@x.org"},
        {"head": "1:ab\r\n\r\nAnother body"},
        {"reply_to": "a@b.example, c@d.example"},
        {"language": "en\nBcc: evil@x.org"},
        {"thread": "<a@b.example>\r\n\tevil\r\nSender: evil@x.org"},
    ],
)
def test_what_would_forge_a_header_all_the_same_is_refused(forged: dict[str, str]) -> None:
    with pytest.raises(BadInputError, match="change its own headers"):
        replace(ENVELOPE, **forged).as_bytes()  # type: ignore[arg-type]


def as_python_writes_it(envelope: Envelope) -> EmailMessage:
    """The parts of a mail as Python's own package makes them."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(body_text(envelope.text))
    message.add_alternative(body_text(envelope.html), subtype="html")
    files = [(invitation, invitation.as_bytes()) for invitation in envelope.invitations]
    if len(files) == 1:
        params = {"method": files[0][0].method}
        said = files[0][1].decode()
        message.add_alternative(said, subtype="calendar", params=params, cte="base64")
    for number, (_, content) in enumerate(files, 1):
        name = f"invitation-{number}.ics" if len(files) > 1 else "invitation.ics"
        message.add_attachment(content, maintype="application", subtype="ics", filename=name)
    return message


def invited(number: int, summary: str, text: str) -> Invitation:
    return Invitation(
        Appointment(f"som/{number}", number, date(2019, 11, 12), summary, cancelled=number == 2),
        text,
        "https://board.example/link/abc.def-_",
        ENVELOPE.sender,
        ENVELOPE.recipient,
        "en",
        ENVELOPE.date,
    )


@settings(max_examples=50)
@example(text="é" * 60 + "a" * 900, html=" \t\n.\n=\n" + "a " * 99, many=1)
@example(text=SCRIPTS["my"] * 30, html="a" * 76 + "=\n" + "é", many=2)
@example(text="a" * 78, html="a" * 79, many=0)
@given(text=nasty, html=nasty, many=st.integers(0, 3))
def test_the_parts_are_byte_by_byte_as_python_s_own_package_writes_them(
    text: str, html: str, many: int
) -> None:
    invitations = tuple(invited(number, html, text) for number in range(1, many + 1))
    envelope = replace(ENVELOPE, text=text, html=html, invitations=invitations)
    content = envelope.as_bytes()
    theirs = as_python_writes_it(envelope)
    ours = read(content)
    for part, again in zip(theirs.walk(), ours.walk(), strict=True):
        if part.is_multipart():
            part.set_boundary(again.get_boundary() or "")
    assert content.endswith(theirs.as_bytes())
    for each in invitations:
        assert icalendar.Calendar.from_ical(each.as_bytes()).to_ical() == each.as_bytes()


def test_the_same_mail_has_the_same_bytes() -> None:
    assert ENVELOPE.as_bytes() == ENVELOPE.as_bytes()
    assert ENVELOPE.as_bytes() != replace(ENVELOPE, text="Other words").as_bytes()


def test_every_mail_says_that_a_machine_wrote_it_and_in_which_language() -> None:
    message = read(replace(ENVELOPE, language="lo").as_bytes())
    assert message["auto-submitted"] == "auto-generated"
    assert message["x-auto-response-suppress"] == "DR, RN, NRN, AutoReply"
    assert message["content-language"] == "lo"
    assert message["date"].datetime == ENVELOPE.date


def test_a_mail_one_may_end_can_be_ended_by_one_click_and_no_other_can() -> None:
    assert "list-unsubscribe" not in names(ENVELOPE.as_bytes())
    link = "https://board.example/link/abc"
    message = read(replace(ENVELOPE, unsubscribe=link).as_bytes())
    assert message["list-unsubscribe"] == f"<{link}>"
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_arrives_as_it_was_written(language: str, server: Server) -> None:
    words = SCRIPTS[language]
    long = words * 60  # no line of it may be longer than SMTP allows
    text = f"{words}\r\n.\r\n..\n.leading dot\rbare\n{long}\n"
    html = f"<p>{long}</p>\n"
    envelope = replace(
        ENVELOPE,
        subject=words,
        recipient=address(f"{words}, 1", "head@vn.example"),
        text=text,
        html=html,
    )
    (taken,) = sent(server, envelope.as_bytes())
    assert taken == envelope.as_bytes()
    message = read(taken)
    assert message["subject"] == words
    assert said(message, "plain") == f"{words}\n.\n..\n.leading dot\nbare\n{long}\n"
    assert said(message, "html") == html
    again = fast_mail_parser.parse_email(taken)
    assert again.warnings == []
    assert again.to[0].display_name == f"{words}, 1"  # Python puts spaces between encoded words
    assert again.text_plain[0].replace("\r\n", "\n") == said(message, "plain")
    assert again.text_html[0].replace("\r\n", "\n") == html


def sent(server: Server, content: bytes) -> list[bytes]:
    """Hand a message over real SMTP."""

    async def hand_over() -> None:
        talk = await Relay(urlsplit(f"smtp://127.0.0.1:{server.controller.port}")).connect()
        mail = Frozen(1, "secretariat@commit.example", "head@vn.example", content)
        assert await talk.offer(mail) is None
        assert (await talk.deliver(mail)).code == 250
        await talk.close()

    asyncio.run(hand_over())
    return server.taken


ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


@pytest.mark.parametrize(
    "typed",
    [
        '"x" <a@b.example>, c@d.example',
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        f"{'a' * 388}@b.example",
        '"a b"@c.example',
        "ສາທາ@lao.example",
        "a@b.example\r\nBcc: e@x.example",
        "a@b.example\0",
        "@b.example",
        "a",
        "",
    ],
)
def test_what_is_not_one_plain_address_is_answered_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValidationError) as told:
        ADDRESS.validate_python(typed)
    assert len(told.value.errors()[0]["msg"]) > 20
    with pytest.raises(BadInputError, match="not one address"):
        address("Somebody", typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("head@vn.example", "head@vn.example"),
        ("head+som@VN.example", "head+som@vn.example"),
        ("büro@bücher.example", None),
        ("buero@bücher.example", "buero@xn--bcher-kva.example"),
    ],
)
def test_a_domain_in_any_script_is_kept_as_every_relay_takes_it(
    typed: str, kept: str | None
) -> None:
    if kept is None:
        with pytest.raises(ValidationError, match="a-z"):
            ADDRESS.validate_python(typed)
    else:
        assert ADDRESS.validate_python(typed) == kept
        assert address("x", kept).addr_spec == kept


@settings(max_examples=100)
@given(
    st.text(string.printable + "é@<>,", max_size=40).map(lambda text: text.replace("é", "ສ@b.co"))
)
def test_an_address_is_one_recipient_or_none(typed: str) -> None:
    try:
        kept = ADDRESS.validate_python(typed)
    except ValidationError:
        return
    content = replace(ENVELOPE, recipient=address(typed, kept)).as_bytes()
    assert [a.address for a in fast_mail_parser.parse_email(content).to] == [kept]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "1024"], check=True, capture_output=True)
    return path


def record(key: Path) -> bytes:
    """What the DNS would say of the key."""
    public = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    import base64

    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def test_a_signed_mail_is_proved_by_the_key_in_the_dns_and_by_no_other(key: Path) -> None:
    vouching = signer(str(key), "2019", "secretariat@commit.example")
    assert vouching
    content = vouching.signed(replace(ENVELOPE, unsubscribe="https://b.example/link/a").as_bytes())
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record(key)

    assert dkim.verify(content, dnsfunc=dns)
    assert asked == [b"2019._domainkey.commit.example."]
    covered = read(content)["dkim-signature"].lower()
    assert "list-unsubscribe-post" in covered and "reply-to" in covered
    for changed in (
        content.replace(b"Host confirms", b"Host declines"),
        content.replace(b"colleagues", b"strangers!"),
        content.replace(b"\r\nTo: ", b"\r\nReply-To: evil@x.example\r\nTo: ", 1),
    ):
        assert changed != content and not dkim.verify(changed, dnsfunc=dns)


def test_a_key_that_cannot_sign_is_named(tmp_path: Path, key: Path) -> None:
    (tmp_path / "no.pem").write_text("not a key")
    for path, words in ((tmp_path / "gone.pem", "cannot be read"), (tmp_path / "no.pem", "PEM")):
        with pytest.raises(BadInputError, match=words):
            signer(str(path), "2019", "secretariat@commit.example")
    with pytest.raises(BadInputError, match="SELECTOR"):
        signer(str(key), "2019; p=", "secretariat@commit.example")
    assert signer("", "2019", "secretariat@commit.example") is None
    assert isinstance(signer(str(key), "2019", "s@commit.example"), Signer)

"""What a mail that came back says, as other programs write it, and whatever is wrong with it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.incoming import Incoming, Verdict, understand
from notifications.returns import Purpose, Return, Returns

RETURNS = Returns("k" * 64, "bounces@commit.example", "replies@commit.example")

POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
Date: Tue, 15 Oct 2019 09:00:01 +0700 (ICT)
From: MAILER-DAEMON@mx.commit.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4B9F2.1571104801/mx.commit.example"
Content-Transfer-Encoding: 8bit
Message-Id: <20191015020001.5C1D3@mx.commit.example>

This is a MIME-encapsulated message.

--4B9F2.1571104801/mx.commit.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.commit.example.

--4B9F2.1571104801/mx.commit.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.commit.example
X-Postfix-Queue-ID: 4B9F2
X-Postfix-Sender: rfc822; {to}
Arrival-Date: Tue, 15 Oct 2019 09:00:00 +0700 (ICT)

Final-Recipient: rfc822; {about}
Original-Recipient: rfc822;{about}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.vn.example
Diagnostic-Code: smtp; 550 {status} <{about}>: Recipient address rejected:
    User unknown in virtual mailbox table

--4B9F2.1571104801/mx.commit.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Subject: Host confirms date and venue

--4B9F2.1571104801/mx.commit.example--
"""

EXCHANGE = """\
Return-Path: <>
From: <postmaster@vn.example>
To: <{to}>
Date: Tue, 15 Oct 2019 02:00:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
 boundary="_003_d1f7e0vnexample_"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <a8b2@vn.example>
In-Reply-To: <mail.1.20191015020000@commit.example>
Subject: Undeliverable: Host confirms date and venue
Auto-Submitted: auto-replied
MIME-Version: 1.0

--_003_d1f7e0vnexample_
Content-Type: multipart/alternative; boundary="_004_alt_"

--_004_alt_
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

WW91ciBtZXNzYWdlIGNvdWxkbid0IGJlIGRlbGl2ZXJlZC4=

--_004_alt_
Content-Type: text/html; charset="utf-8"

<p>Your message couldn't be delivered.</p>
--_004_alt_--

--_003_d1f7e0vnexample_
Content-Type: message/delivery-status

Reporting-MTA: dns;SG2PR01.apcprd01.prod.outlook.example
Received-From-MTA: dns;mx.commit.example
Arrival-Date: Tue, 15 Oct 2019 02:00:03 +0000

Final-Recipient: rfc822;{about}
Action: {action}
Status: {status}
Diagnostic-Code: smtp;550 {status} RESOLVER.ADR.RecipientNotFound; Recipient {about} not found by SMTP address lookup
X-Display-Name: Focal point

--_003_d1f7e0vnexample_
Content-Type: message/rfc822

Subject: Host confirms date and venue
Content-Type: multipart/alternative; boundary="x"

--x
Content-Type: text/plain

words
--x--

--_003_d1f7e0vnexample_--
"""  # noqa: E501  one line, as Exchange writes it

GMAIL = """\
Return-Path: <>
X-Original-To: {to}
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: {to}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: <mail.1.20191015020000@commit.example>
Message-ID: <5da5.1c69.cb9ab@mx.google.example>
Content-Type: multipart/report; boundary="000000000000af"; report-type=delivery-status

--000000000000af
Content-Type: multipart/related; boundary="000000000000b0"

--000000000000b0
Content-Type: text/html; charset="UTF-8"

<html><body>Address not found</body></html>
--000000000000b0--

--000000000000af
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Received-From-MTA: dns; {to}
Arrival-Date: Mon, 14 Oct 2019 19:00:03 -0700 (PDT)
X-Original-Message-ID: <mail.1.20191015020000@commit.example>

Final-Recipient: rfc822; {about}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550-{status} The email account that you tried to reach does not exist.
 {status} Learn more at https://support.google.example/mail/?p=NoSuchUser - gsmtp
Last-Attempt-Date: Mon, 14 Oct 2019 19:00:04 -0700 (PDT)

--000000000000af
Content-Type: message/rfc822

Subject: Host confirms date and venue

words
--000000000000af--
"""

REPORTS = {"postfix": POSTFIX, "exchange": EXCHANGE, "gmail": GMAIL}


def report(
    style: str = "postfix",
    to: str = RETURNS.bounce_address(1),
    about: str = "fp@vn.example",
    status: str = "5.1.1",
    action: str = "failed",
) -> bytes:
    """A report that a mail did not arrive, as one of three programs writes it."""
    text = REPORTS[style].format(to=to, about=about, status=status, action=action)
    return text.replace("\n", "\r\n").encode()


def understood(content: bytes) -> Incoming:
    said = understand(content)
    assert said
    return said


@pytest.mark.parametrize("style", REPORTS)
def test_a_report_says_of_whom_and_why(style: str) -> None:
    said = understood(report(style))
    (verdict,) = said.verdicts
    assert (verdict.recipient, verdict.action, verdict.status) == (
        "fp@vn.example",
        "failed",
        "5.1.1",
    )
    assert "550" in verdict.words
    assert RETURNS.found_in(said.sent_to) == Return(Purpose.BOUNCE, 1, genuine=True)


def test_a_report_quoted_in_a_reply_is_no_report() -> None:
    quoted = b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n' + (
        b"Content-Type: message/rfc822\r\n\r\n" + report() + b"\r\n--q--\r\n"
    )
    assert understood(quoted).verdicts == ()


def test_a_signature_survives_a_change_of_case_and_nothing_else() -> None:
    address = RETURNS.bounce_address(7)
    assert RETURNS.found_in(address.upper()) == Return(Purpose.BOUNCE, 7, genuine=True)
    forged = Return(Purpose.BOUNCE, 8, genuine=False)
    assert RETURNS.found_in(address.replace("+7-", "+8-")) == forged
    assert RETURNS.found_in("bounces@commit.example") is None
    assert RETURNS.found_in(address.replace("commit.example", "other.example")) is None
    other = Returns("x" * 64, RETURNS.bounces_to, RETURNS.replies_to)
    assert other.found_in(address) == Return(Purpose.BOUNCE, 7, genuine=False)
    swapped = RETURNS.reply_address(7).replace("replies+", "bounces+")
    assert RETURNS.found_in(swapped) == Return(Purpose.BOUNCE, 7, genuine=False)


def a_reply(headers: str = "", body: str = "We will do it.", kind: str = "text/plain") -> bytes:
    return (
        f"From: =?utf-8?q?Nguy=E1=BB=85n?= <FP@vn.example>\r\nSubject: =?utf-8?b?VsOibmc=?=\r\n"
        f"Content-Type: {kind}; charset=utf-8\r\n{headers}\r\n{body}\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("", "person"),
        ("Auto-Submitted: no\r\n", "person"),
        ("Auto-Submitted: auto-replied (vacation)\r\n", "away"),
        ("Auto-Submitted: auto-generated\r\n", "automatic"),
        ("Return-Path: <>\r\n", "automatic"),
        ("Precedence: bulk\r\n", "automatic"),
        ("Precedence: list\r\n", "automatic"),
        ("Precedence: junk\r\n", "automatic"),
        ("Precedence: auto_reply\r\n", "automatic"),
        ("X-Secretariat-Ledger: 412:ab12cd34ef567890\r\n", "automatic"),
    ],
)
def test_what_a_program_wrote_is_told_from_what_a_person_wrote(headers: str, kind: str) -> None:
    assert understood(a_reply(headers)).kind == kind


def test_a_reply_is_read_as_plain_text() -> None:
    said = understood(a_reply())
    assert (said.sender, said.subject, said.text) == ("fp@vn.example", "Vâng", "We will do it.")
    page = "<style>p{color:red}</style><p>We <b>will</b> do it.</p><script>alert(1)</script>x&lt;y"
    assert understood(a_reply(body=page, kind="text/html")).text == "We will do it.\nx<y"


def test_a_quoted_link_is_blotted_out_since_whoever_has_it_may_act() -> None:
    text = understood(
        a_reply(body="> https://board.example/link/IkFiYyI.x-Y_z\nhttps%3A%2F%2Fb%2Flink%2Fabc.d")
    ).text
    assert "IkFiYyI" not in text
    assert "abc" not in text


HOSTILE = {
    "nothing": b"",
    "no headers": b"\r\n\r\nwords",
    "NULs": b"From: a\0b@x\r\nSubject: \0\r\n\r\n\0\0words\0",
    "no such charset": a_reply(body="x").replace(b"utf-8\r\n", b"x-klingon\r\n"),
    "a charset that refuses": a_reply(body="x").replace(b"utf-8\r\n", b"undefined\r\n"),
    "a charset that takes minutes": a_reply(body="z" * 250_000).replace(
        b"utf-8\r\n", b"punycode\r\n"
    ),
    "a charset of no letters": b"Subject: =?\xff\xfe?q?x?=\r\n\r\nwords",
    "bad base64": a_reply("Content-Transfer-Encoding: base64\r\n", body="=" * 5000),
    "20,000 headers": b"X-A: b\r\n" * 20_000 + b"\r\nwords",
    "one endless header": b"Subject: " + b"x" * 250_000 + b"\r\n\r\nwords",
    "headers folded endlessly": b"From: x" + b"\r\n " * 60_000 + b"@y\r\n\r\n",
    "many addresses of ours": b"To: " + b"bounces+1-" + b"a" * 250_000,
    "18,000 parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + b"--b\r\n\r\n" * 18_000,
    "a report of 7,000 recipients": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 7_000,
    "angle brackets": a_reply(body="<" * 250_000, kind="text/html"),
    "unfinished comments": a_reply(body="<style" * 40_000, kind="text/html"),
    "an encoded word in every word": b"Subject: " + b"=?utf-8?q?=?= " * 15_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_a_mail_costs_more_than_a_moment(content: bytes) -> None:
    began = time.process_time()
    said = understand(content)
    assert time.process_time() - began < 5
    assert said is None or (len(said.text) <= 4000 and "\0" not in f"{said}")


def test_a_thousand_parts_within_parts_are_not_opened() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(1000)
    )
    assert understand(nested) is None
    assert understand(b"Content-Type: message/rfc822\r\n\r\n" * 1000) is None


PLACE = st.floats(0, 1)
WOUND = st.tuples(
    st.sampled_from(("cut", "flip", "double", "insert")), PLACE, PLACE, st.binary(max_size=40)
)


@settings(max_examples=80)
@given(style=st.sampled_from(sorted(REPORTS)), wounds=st.lists(WOUND, min_size=1, max_size=12))
def test_a_mangled_report_raises_nothing_and_gains_no_signature(
    style: str, wounds: list[tuple[str, float, float, bytes]]
) -> None:
    forger = Returns("forged" * 11, RETURNS.bounces_to, RETURNS.replies_to)
    content = bytearray(report(style, to=forger.bounce_address(1)))
    for how, first, second, more in wounds:
        here, there = (int(where * (len(content) - 1)) for where in (first, second))
        match how:
            case "cut":
                del content[here : here + 200]
            case "flip":
                content[here] ^= 1 << there % 8
            case "double":
                content[here:here] = content[there : there + 300]
            case "insert":
                content[here:here] = more
    said = understood(bytes(content))
    found = RETURNS.found_in(said.sent_to)
    assert found is None or not found.genuine
    assert all(isinstance(verdict, Verdict) for verdict in said.verdicts)

"""No spam filter has anything against our mails: SpamAssassin scores each of them under 1.0."""

import mailbox
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from notifications.appointments import Appointment
from notifications.envelope import address
from notifications.invitations import Invitation
from notifications.rendering import render
from notifications.samples import samples
from schemas.programme import Programme
from secretariat.languages import language_of
from tests.test_envelope import ENVELOPE, SCRIPTS

LIMIT = 1.0
KNOWN_AS_SPAM = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
LANGUAGES = ("en", "lo", "zh", "my")


def identified(name: str) -> str:
    return f"<5e0d3c1b8f6a4972a1c0b2d4e6f80912.{name}@commit.example>"


def written(name: str, facts: dict[str, Any], language: str) -> bytes:
    """One mail as it would be frozen, to a reader of that language."""
    spoken = language_of(language)
    text, html = (render(f"{name}.{kind}", spoken, facts) for kind in ("txt", "html"))
    subject, _, text = text.partition("\n")
    reader = address(SCRIPTS.get(language, "Nguyen Van An"), "head@vn.example")
    envelope = replace(
        ENVELOPE,
        message_id=identified(f"{name}.{language}"),
        recipient=reader,
        language=language,
        subject=subject,
        text=text,
        html=html,
    )
    if name in ("obligation", "meeting"):
        day = Appointment("x", 0, date(2019, 3, 9), subject)
        invitation = Invitation(
            day, text, facts["link"], envelope.sender, reader, language, envelope.date
        )
        envelope = replace(envelope, invitations=(invitation,))
    if name == "weekly":
        envelope = replace(envelope, unsubscribe=facts["link"])
    return envelope.as_bytes()


def scores(mails: dict[str, bytes], directory: Path) -> dict[str, tuple[float, str]]:
    """What SpamAssassin says of each, all in one run, asking nobody on the net."""
    box = mailbox.mbox(directory / "mails")
    for content in mails.values():
        box.add(content)
    box.flush()
    judged = subprocess.run(
        ["spamassassin", "--local", "--mbox", "--nocreate-prefs", "--cf=use_bayes 0"],
        stdin=(directory / "mails").open("rb"),
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(directory)},
        timeout=120,
    ).stdout.decode(errors="replace")
    found = {}
    for said in re.split(r"^From .*\n", judged, flags=re.MULTILINE)[1:]:
        name = re.search(r"^Message-ID: <[0-9a-f]+\.(.+)@", said, re.MULTILINE)
        score = re.search(r"^X-Spam-Status: \w+, score=(-?[\d.]+) ", said, re.MULTILINE)
        why = re.search(r"^X-Spam-Status: .*?tests=(.*?)autolearn", said, re.MULTILINE | re.DOTALL)
        assert name and score and why
        found[name[1]] = float(score[1]), "".join(why[1].split())
    assert set(found) == set(mails), "it keeps no order"
    return found


@pytest.mark.skipif(not shutil.which("spamassassin"), reason="spamassassin is not installed")
def test_no_mail_looks_like_spam_and_what_is_spam_would_be_found(
    commit: Programme, tmp_path: Path
) -> None:
    mails = {
        f"{name}.{language}": written(name, cases[-1], language)
        for name, cases in samples(commit).items()
        for language in LANGUAGES
    }
    spam = replace(ENVELOPE, message_id=identified("spam"), text=f"{KNOWN_AS_SPAM}\n")
    found = scores({**mails, "spam": spam.as_bytes()}, tmp_path)
    for name, (score, why) in found.items():
        print(f"{name:20} {score:5}  {why}")
    assert found.pop("spam")[0] >= LIMIT
    assert {name: said for name, said in found.items() if said[0] >= LIMIT} == {}

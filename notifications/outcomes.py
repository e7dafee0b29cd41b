"""What becomes of a mail after an attempt? Decided from what the relay said, without doing it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from notifications.transport import BUSY, Attempt

BACKOFF = [timedelta(minutes=m) for m in (1, 5, 15, 30)]
UNKNOWN_WAITS = timedelta(minutes=10)  # as long as RFC 5321 lets a relay think after the dot
TRIES = 5  # with a fault of our own, before a mail is set aside
# It closes, it is full, it wants to know who we are, or not like this (RFC 4954).
NOT_ABOUT_THE_MESSAGE = {*BUSY, 454, 503, 530, 534, 535, 538}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_PLAINLY = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such mail domain",
    "5.1.10": "there is no such mailbox",
    "5.2.1": "the mailbox is switched off",
    "5.2.2": "the mailbox is full",
    "5.3.4": "the mail is too big",
    "5.6.7": "its relay takes no address in this script",
    "5.7.1": "the mail is not let in",
    "4.2.2": "the mailbox is full for now",
    "4.7.1": "it asks to be tried again later",
}
_WHERE = {"mail": "at its sender", "rcpt": "at its recipient", "data": "before its text"}


@dataclass(frozen=True)
class Verdict:
    """The mail's next state, and until when it waits; ``trouble``: what ails the relay."""

    state: str
    reply: str
    code: str = ""
    not_before: datetime | None = None
    trouble: str = ""
    busy: bool = False


def judged(attempt: Attempt, tries: int, faults: int, now: datetime, rng: Random) -> Verdict:
    """What follows from the ``tries``-th attempt; ``faults`` of ours came before it in a row."""
    if attempt.fault:
        return _our_fault(attempt, tries, faults, now, rng)
    if attempt.code == 0:
        return _broken(attempt, now, rng)
    return _answered(attempt, tries, now, rng)


def _answered(attempt: Attempt, tries: int, now: datetime, rng: Random) -> Verdict:
    said = f"{attempt.code} {attempt.words}"
    enhanced = _ENHANCED.match(attempt.words)
    code = enhanced.group() if enhanced else ""
    if attempt.phase == "dot" and attempt.code < 300:
        return Verdict("accepted", said, code)
    wait = now + _pause(tries, rng)
    if attempt.code in NOT_ABOUT_THE_MESSAGE or (attempt.phase == "mail" and attempt.code >= 500):
        trouble = (
            f"The mail relay does not serve us now ({said}). "
            "Mail waits; check SECRETARIAT_SMTP_URL and SECRETARIAT_MAIL_FROM."
        )
        words, wait = f"the relay served nobody: {said}", now + _pause(1, rng)
        return Verdict("waiting", words, code, wait, trouble, attempt.code in BUSY)
    plainly = _PLAINLY.get(code) or ("refused" if attempt.code >= 500 else "not now")
    words = f"{plainly} ({' '.join(filter(None, [_WHERE.get(attempt.phase), said]))})"
    if attempt.code >= 500:
        return Verdict("refused", words, code)
    return Verdict("waiting", words, code, wait)


def _our_fault(attempt: Attempt, tries: int, faults: int, now: datetime, rng: Random) -> Verdict:
    if faults + 1 >= TRIES:
        return Verdict("held", f"set aside after {TRIES} tries: {attempt.words}")
    return Verdict("waiting", f"it failed: {attempt.words}", "", now + _pause(tries, rng))


def _broken(attempt: Attempt, now: datetime, rng: Random) -> Verdict:
    trouble = (
        f"The connection to the mail relay broke ({attempt.words}). "
        "Mail waits, and is tried again by itself."
    )
    if attempt.phase == "dot":
        words = f"the relay may have taken it before the connection broke: {attempt.words}"
        return Verdict("unknown", words, "", now + UNKNOWN_WAITS, trouble)
    words = f"the connection broke before it was handed over: {attempt.words}"
    return Verdict("waiting", words, "", now + _pause(1, rng), trouble)


def _pause(tries: int, rng: Random) -> timedelta:
    """How long to wait after so many tries: longer each time, and never all at one moment."""
    if tries <= len(BACKOFF):
        return BACKOFF[tries - 1] * rng.uniform(1, 1.2)
    return timedelta(minutes=rng.uniform(30, 60))

"""What can be read of the program afterwards: one line for each event, in UTC, without secrets."""

import json
import logging
from datetime import UTC, datetime
from typing import Literal

from notifications.links import masked
from schemas.texts import inert

Form = Literal["words", "json"]

OURS = ("secretariat", "notifications", "flows")
_TALKATIVE = "apscheduler"  # it warns of every tick that took longer than a second


def keep_log(form: Form) -> None:
    """Let everything be written to the standard error, in one ``form``; of our own, also news."""
    logging.setLogRecordFactory(Discreet)
    handler = logging.StreamHandler()
    handler.setFormatter(Words() if form == "words" else Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger(_TALKATIVE).setLevel(logging.ERROR)


class Discreet(logging.LogRecord):
    """A line of whichever log, without the tokens of links."""

    def getMessage(self) -> str:  # noqa: N802
        return masked(super().getMessage())


class Words(logging.Formatter):
    """For people: ``2026-11-27T03:06:59.120Z WARNING secretariat.watch: …``, a trace below it.

    What was typed by somebody can neither begin a line of its own nor command a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record)} {record.levelname} {record.name}: {_one_line(record.getMessage())}"
        return f"{line}\n{trace}" if (trace := _trace(self, record)) else line


class Json(logging.Formatter):
    """For a collector: one object a line, with at, level, from, says and perhaps trace."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _at(record),
            "level": record.levelname,
            "from": record.name,
            "says": record.getMessage(),
        }
        if trace := _trace(self, record):
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False)


def _at(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _one_line(text: str) -> str:
    return inert(text.replace("\r", " ").replace("\n", " "))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Where it happened, each line indented so that none looks like one of the log."""
    if not record.exc_info:
        return ""
    lines = masked(formatter.formatException(record.exc_info)).splitlines()
    return "\n".join(f"  {inert(line)}" for line in lines)

"""What can a mail's template count on? Facts as the composer makes them, in every case of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

from markupsafe import Markup

from schemas.anchor import Anchor
from schemas.phase import Transferred
from schemas.programme import Programme
from schemas.tables import Holding, Obligation, Som
from secretariat import board
from secretariat.commands.account_news import Change
from secretariat.rotation import Troika
from secretariat.week import Week

_NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
_LINK = "https://board.example/link/sample"


def samples(programme: Programme) -> dict[str, list[dict[str, Any]]]:
    """The facts of each mail by the name of its template, in each case the template may tell."""
    of_each: dict[str, list[dict[str, Any]]] = {
        "obligation": list(_obligations(programme)),
        "holding": list(_holdings(programme)),
        "support": [{"function": "A function", "body": "A body", "why": "two were not done"}],
        "turn": [
            {"som": "SOM15", "said": "A member passes", "offered": offered, "next": following}
            for offered in (False, True)
            for following in ("", "Lao PDR")
        ],
        "ended": [
            {"body": "A body", "holdings": holdings} for holdings in ([], ["one"], ["a"] * 3)
        ],
        "digest": [{"items": [_item()] * count} for count in (1, 2)],
        "weekly": list(_weeks(programme)),
        "moved": list(_moves()),
        "extension": list(_extensions(programme)),
        "return": list(_returns(programme)),
        "gap": [{"gaps": [_gap()] * count} for count in (1, 2)],
        "upkeep": [{"why": "/backups cannot be written: No space left on device."}],
        "meeting": list(_meetings(programme)),
        "statement": list(_statements()),
        "undelivered": [
            {"why": "550 no such user", "count": count, "mails": [_lost()]} for count in (1, 2)
        ],
        "unreachable": [{"post_name": "A contact", "code": "5.1.1", "words": "no such user"}],
        "reply": [
            {"who": who, "thing": thing} for who in ("", "A contact") for thing in (None, "A step")
        ],
        "signin": [{"until": _NOW}],
        "account": [
            {"change": change.value, "at": _NOW, "ask": "A body", "link": ""} for change in Change
        ],
        "test": [{}],
        "links": [
            {"reason": reason, "items": items}
            for reason in ("", "a key was lost")
            for items in ([], [{"title": "A step", "link": _LINK}])
        ],
    }
    return {
        name: [
            _common(programme) | facts | stand_in for facts, stand_in in product(found, _IN_PLACE)
        ]
        for name, found in of_each.items()
    }


_IN_PLACE = [
    {"stands_in_for": "", "stop": ""},
    {"stands_in_for": "Another contact", "stop": _LINK},
]


def _common(programme: Programme) -> dict[str, Any]:
    return {
        "programme": programme,
        "post": "A body, focal point",
        "contact_body": "A body",
        "local": lambda at: f"{at:%d %B %Y}",
        "now": _NOW,
        "head": "412:ab12cd34ef567890",
        "link": _LINK,
        "appointments": [],
    }


def _obligation(programme: Programme, **changed: Any) -> Obligation:
    function = programme.functions[0]
    facts: dict[str, Any] = {
        "id": f"{function.slug}/2026/step@body",
        "cycle": f"{function.slug}/2026",
        "function": function.slug,
        "milestone": "step",
        "title": "A step of the function",
        "body": programme.bodies[0].slug,
        "asked_at": _NOW,
        "acknowledge_by": _NOW,
        "planned_on": date(2026, 3, 9),
        "due_on": date(2026, 3, 9),
        "do_by": _NOW,
        "ladder": [],
    }
    return Obligation(**facts | changed)


def _obligations(programme: Programme) -> Iterator[dict[str, Any]]:
    for own, escalates, late, acknowledged, provisional in product((True, False), repeat=5):
        yield {
            "obligation": _obligation(
                programme,
                acknowledged_at=_NOW if acknowledged else None,
                acknowledged_by="body" if acknowledged else None,
                provisional=provisional,
            ),
            "title": "A step of the function",
            "evidence": "The record of the step" if acknowledged else "",
            "function": "A function",
            "cycle": "2026",
            "body": "A body",
            "own": own,
            "step": "reminder",
            "escalates": escalates,
            "late_days": 3 if late else 0,
            "not_worked": "10 March 2026" if provisional else None,
            "correction": "the parts are more than the total" if late else "",
            "hours_late": 5 if late else 0,
        }


def _extensions(programme: Programme) -> Iterator[dict[str, Any]]:
    asked = next(_obligations(programme))
    for answer, reason, turn in product(("asked", "granted", "refused"), ("", "rain"), (0, 1)):
        yield asked | {
            "answer": answer,
            "reason": reason,
            "turn": turn,
            "wanted": "2026-03-16",
            "wanted_on": "16 March 2026",
            "promised_on": "9 March 2026",
            "due_on": "9 March 2026",
        }


def _returns(programme: Programme) -> Iterator[dict[str, Any]]:
    asked = next(_obligations(programme))
    for answer, late in product(("received", "to-verify", "verified"), (True, False)):
        yield asked | {
            "answer": answer,
            "number": 7,
            "late": late,
            "received_at": _NOW,
            "figures": [{"name": "A figure", "said": "848", "note": note} for note in ("", "so")],
        }


def _moves() -> Iterator[dict[str, Any]]:
    days = ("9 March 2026", "16 March 2026", None)
    moves = [
        {
            "obligation": "function/2026/step@body",
            "title": "A step of the function",
            "function": "A function",
            "cycle": "2026",
            "body": "A body",
            "was": "9 March 2026",
            "was_provisional": False,
            "day": day,
            "provisional": provisional,
            "sequence": 1,
        }
        for day, provisional in product(days, (True, False))
    ]
    for own, said in product((True, False), ("", "SOM20 was postponed.")):
        yield {
            "about": "SOM20",
            "said": said,
            "own": own,
            "moves": moves,
            "why": None,
            "by": "body",
        }


def _gap() -> dict[str, Any]:
    names = ("obligation", "title", "function", "cycle", "body", "step", "to", "at", "why")
    return dict.fromkeys(names, "sample")


def _holdings(programme: Programme) -> Iterator[dict[str, Any]]:
    kinds = {
        "holding.offered": {"to": "body", "phase": "shared"},
        "review.asked": {"days": 90},
        "holding.follow-up-due": {},
        "holding.accepted": {"phase": "shared"},
    }
    for kind, facts in kinds.items():
        offered = kind == "holding.offered"
        for answer_by in (None, _NOW) if offered else (None,):
            yield {
                "kind": kind,
                "by": programme.secretariat,
                "facts": facts,
                "heading": "A duty",
                "said": "A body offered a duty to another.",
                "holding": _holding(programme, offered, answer_by),
                "phase": "shared",
                "offered_phase": "government-led",
                "owner": "A body",
                "to_answer": kind in ("holding.offered", "review.asked"),
            }


def _holding(programme: Programme, offered: bool, answer_by: datetime | None) -> Holding:
    return Holding(
        id="function/duty@body",
        function=programme.functions[0].slug,
        duty="duty",
        receiver="body",
        takes_over="body",
        owner=programme.secretariat,
        phase="un_led",
        since=_NOW,
        standing="offered" if offered else "steady",
        answer_by=answer_by,
    )


def _item() -> dict[str, Any]:
    return {
        "subject": "A step of the function",
        "text": "Please do it.",
        "ask": "Open the page:",
        "html": Markup("<p>Please do it.</p>"),
        "button": "Open",
        "link": _LINK,
    }


def _meetings(programme: Programme) -> Iterator[dict[str, Any]]:
    cases = product(("", "2026-Q2"), ("", "an election"), (True, False), ("", "A hall"))
    for was, reason, firm, venue in cases:
        yield {
            "venue": venue,
            "som": "SOM20",
            "host": programme.members[0].name,
            "anchor": "2026-06-01" if firm else "2026-Q3",
            "was": was,
            "reason": reason,
            "sequence": 1 if was else 0,
            "when": "1 June 2026",
            "was_when": "the second quarter of 2026" if was else "",
            "firm": firm,
        }


def _statements() -> Iterator[dict[str, Any]]:
    for kind, to_answer in (
        ("circulated", True),
        ("circulated", False),
        ("objected", False),
        ("adopted", False),
    ):
        yield {
            "som": "SOM20",
            "kind": kind,
            "draft": "draft.pdf",
            "version": 1,
            "digest": "ab12cd34ef567890",
            "until": "1 June 2026",
            "to_answer": to_answer,
            "objector": "A body",
            "reason": "Article 3 goes too far",
        }


def _lost() -> dict[str, Any]:
    return {"to": "tf-focal-point", "name": "A contact", "about": "A step of the function"}


def _weeks(programme: Programme) -> Iterator[dict[str, Any]]:
    for asked in ([], [_obligation(programme)]):
        yield {
            "week": Week(
                counts=dict.fromkeys(Transferred, 1),
                rows=[_row(programme)],
                chair=board.Chair(Troika(None, None, None), None, None),
                meetings=[_meeting(programme)] if asked else [],
                late=asked,
                coming=asked,
                moved=[],
            ),
            "happened": ["A duty was accepted."] if asked else [],
            "anchor_words": str,
            "transferred_words": str,
            "body_name": str,
            "function_name": str,
        }


def _row(programme: Programme) -> board.Row:
    return board.Row(programme.functions[0], Transferred.PARTLY, {}, [], None, late=2)


def _meeting(programme: Programme) -> board.Meeting:
    anchor = Anchor(day=date(2026, 3, 9))
    som = Som(name="SOM20", host=programme.members[0].code, anchor=str(anchor))
    return board.Meeting(som, anchor, 7, None)

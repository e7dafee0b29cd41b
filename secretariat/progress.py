"""How far is a cycle? The share of what was asked that is done, and a row for each thing asked."""

import re
from collections.abc import Sequence
from datetime import date

from schemas.programme import Programme
from schemas.tables import Cycle, Obligation


def key(cycle: str) -> str:
    """What Prefect keeps a cycle's artifacts under: ``indicator-collection-2018``."""
    return re.sub("[^a-z0-9]+", "-", cycle.lower()).strip("-")


def share(cycle: Cycle, asked: Sequence[Obligation]) -> float:
    """Percent done; where nothing was asked, that is all of it once the cycle is closed."""
    if not asked:
        return 100.0 if cycle.closed_at else 0.0
    return 100.0 * sum(o.done_at is not None for o in asked) / len(asked)


def rows(programme: Programme, asked: Sequence[Obligation], today: date) -> list[dict[str, str]]:
    """Milestone, body, due and state of each obligation, the first due first."""
    names = {body.slug: body.name for body in programme.bodies}
    return [
        {
            "milestone": each.title,
            "body": names.get(each.body, each.body),
            "due": f"{each.due_on}{', provisional' if each.provisional else ''}",
            "state": state(each, today),
        }
        for each in sorted(asked, key=lambda o: (o.due_on, o.title, o.body))
    ]


def state(asked: Obligation, today: date) -> str:
    if asked.done_at:
        return f"done on {asked.done_at:%Y-%m-%d}"
    if asked.due_on < today:
        return f"late by {(today - asked.due_on).days} days"
    return "acknowledged" if asked.acknowledged_at else "asked"

"""Who has to know that days have moved: each person once, in one mail."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import select

from schemas.events import Event
from schemas.programme import Contact
from schemas.tables import Mail, Obligation, Urgency
from secretariat.commands.office import Desk
from secretariat.commands.reminders import UNSENT

TEMPLATE = "moved"


@dataclass(frozen=True)
class Move:
    """An obligation whose day changed, or that is no longer asked, and who had been told of it."""

    obligation: Obligation
    was: date
    was_provisional: bool
    to: list[Contact]
    released: bool = False

    def said(self) -> dict[str, Any]:
        """What the mail says of it; the obligation itself may be gone when it is written."""
        asked = self.obligation
        return {
            "obligation": asked.id,
            "function": asked.function,
            "cycle": asked.cycle.partition("/")[2],
            "title": asked.title,
            "body": asked.body,
            "was": self.was.isoformat(),
            "was_provisional": self.was_provisional,
            "day": None if self.released else asked.due_on.isoformat(),
            "provisional": asked.provisional,
            "sequence": asked.sequence + self.released,
        }


def tell(desk: Desk, moves: list[Move], why: Event | None) -> None:
    """One mail to each person who had been told of anything that moved.

    ``why`` is what moved it; without one the programme itself was changed.
    """
    people: dict[str, Contact] = {}
    theirs: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        for contact in move.to:
            people[contact.slug] = contact
            theirs[contact.slug].append(move)
    for slug, contact in sorted(people.items()):
        said = _since_told(desk, slug, {m.obligation.id: m.said() for m in theirs[slug]})
        first = theirs[slug][0].obligation
        if not said:
            continue
        desk.mail(
            f"moved#{first.id}#{first.sequence}@{desk.now:%Y%m%dT%H%M%S}>{slug}",
            contact,
            TEMPLATE,
            urgency=Urgency.DUTY,
            moves=said,
            why={"kind": why.kind, "subject": why.subject, "data": why.data} if why else None,
            by=desk.by,
        )


def _since_told(desk: Desk, contact: str, said: dict[str, Any]) -> list[dict[str, Any]]:
    """Moved twice before the first mail left: one mail, from the day they know to the last."""
    query = select(Mail).where(Mail.contact == contact, Mail.template == TEMPLATE)
    for mail in desk.session.exec(query):
        if mail.state not in UNSENT:
            continue
        desk.suppress(mail, "moved again before it was sent")
        for before in mail.context["moves"]:
            newer = said.get(before["obligation"], before)
            known = {name: before[name] for name in ("was", "was_provisional")}
            said[before["obligation"]] = newer | known
    return [
        move
        for move in said.values()
        if (move["was"], move["was_provisional"]) != (move["day"], move["provisional"])
    ]

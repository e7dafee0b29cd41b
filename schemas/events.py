"""What has happened, as the ledger keeps it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One fact: ``kind`` (``holding.accepted``) about one ``subject`` (a holding, cycle, …).

    ``data`` is JSON: strings, numbers, lists, objects; instants as ISO 8601 in UTC. It names
    contacts by id, so that the ledger holds nobody's personal data.
    """

    kind: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)

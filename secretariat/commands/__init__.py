"""Every change comes through here: an act is checked, decided, and recorded in one transaction."""

from secretariat.commands import (
    auditing,
    bodies,
    figures,
    holdings,
    links,
    mails,
    meetings,
    obligations,
    posts,
    promises,
    reach,
    recount,
    returns,
    turns,
    weekly,
)
from secretariat.commands.office import Office

__all__ = [
    "Office",
    "auditing",
    "bodies",
    "figures",
    "holdings",
    "links",
    "mails",
    "meetings",
    "obligations",
    "posts",
    "promises",
    "reach",
    "recount",
    "returns",
    "turns",
    "weekly",
]

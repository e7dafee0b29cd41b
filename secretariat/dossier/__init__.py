"""The handover file of a function or of the chair, and the pack of a meeting, for print."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from schemas.meeting_tables import Document
from schemas.programme import Programme
from secretariat import meeting
from secretariat.dossier import chair, function, pack
from secretariat.dossier.languages import own_name
from secretariat.dossier.shapes import Dossier, Section
from secretariat.dossier.view import View
from secretariat.errors import UnknownError

__all__ = ["CHAIR", "Dossier", "dossier_of", "pack_of"]

CHAIR = "chair"


def dossier_of(session: Session, programme: Programme, name: str, now: datetime) -> Dossier:
    """The dossier of a function or, named “chair”, of the chair, as of ``now`` (aware).

    ``session`` reads the store as it stood then. Raises UnknownError, naming what there is.
    """
    view = View(session, programme, now)
    if found := programme.function(name):
        return _dossier(view, name, found.name, found.what, function.sections(view, found))
    if name == CHAIR:
        what = f"Who holds the chair of {programme.name}, and what goes with it."
        return _dossier(view, name, "The chair", what, chair.sections(view))
    known = ", ".join([CHAIR, *(found.slug for found in programme.functions)])
    raise UnknownError(f"There is no function “{name}”. A dossier can be made of: {known}.")


def pack_of(
    session: Session,
    programme: Programme,
    name: str,
    now: datetime,
    *,
    files: Session,
    reads: Callable[[Document], bool] = lambda _: True,
) -> Dossier:
    """What those who meet take along, as of ``now``; ``files`` reads the store of now.

    ``reads`` says of each paper whether it is the reader's to see.

    Raises UnknownError.
    """
    view = View(session, programme, now)
    seen = meeting.meeting(session, programme, name, now)
    what = f"Senior Officials Meeting of {programme.name}: agenda, papers and delegations."
    return _dossier(
        view, name, name, what, pack.sections(view, seen, files, reads), kind="Agenda pack"
    )


def _dossier(
    view: View,
    name: str,
    title: str,
    what: str,
    sections: tuple[Section, ...],
    kind: str = "Handover dossier",
) -> Dossier:
    programme = view.programme
    return Dossier(
        name=name,
        kind=kind,
        title=title,
        what=what,
        programme=f"{programme.name}, {programme.title}",
        author=view.name(programme.secretariat),
        language=programme.language,
        at=view.now.astimezone(ZoneInfo(programme.zone)),
        day=view.day(view.now),
        head=view.head(),
        greeting=" · ".join(own_name(member) for member in programme.members),
        sections=sections,
    )

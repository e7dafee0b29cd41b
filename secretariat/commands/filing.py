"""What is handed in with an obligation: a document with its versions, or a delegation."""

from dataclasses import dataclass
from hashlib import sha256

from sqlmodel import Session, col, delete, func, select

from schemas.meeting_acts import FileDocument, NameDelegation
from schemas.meeting_tables import Attendee, Delegation, Document, Silence, StoredFile
from schemas.programme import Function, Milestone, Programme
from schemas.tables import Obligation, Som
from secretariat import filetypes
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, handles
from secretariat.commands.promises import the_obligation
from secretariat.cycles import milestone_of
from secretariat.errors import BadInputError, ConflictError
from secretariat.readmodels import row


@dataclass(frozen=True)
class Taken:
    """What an obligation takes, and until when: ``closed_by`` names what ended it, else empty."""

    milestone: Milestone | None
    closed_by: str = ""

    @property
    def kind(self) -> str:
        return (self.milestone.takes or "") if self.milestone else ""


def taken(session: Session, programme: Programme, obligation: Obligation) -> Taken:
    """What may still be handed in with an obligation."""
    function = programme.function(obligation.function)
    milestone = _milestone(function, obligation) if function else None
    if milestone is None or milestone.closed_by is None:
        return Taken(milestone)
    closing = select(Obligation).where(
        Obligation.cycle == obligation.cycle, Obligation.milestone == milestone.closed_by
    )
    done = [o for o in session.exec(closing) if o.done_at]
    return Taken(milestone, done[0].title if done else "")


def _milestone(function: Function, obligation: Obligation) -> Milestone | None:
    step = obligation.id.removeprefix(f"{obligation.cycle}/").partition("@")[0]
    return milestone_of(function, step)[0]


@handles(FileDocument)
def file_document(desk: Desk, act: FileDocument) -> None:
    """Keep a version; the first one does the obligation. The same bytes again change nothing."""
    obligation = the_obligation(desk, act.obligation)
    takes = _open(desk, obligation, "document")
    name = filetypes.plain_name(act.name)
    filetypes.check(name, act.content)
    latest = newest(desk.session, obligation.id)
    digest = sha256(act.content).hexdigest()
    if latest and (latest.sha256, latest.name) == (digest, name):
        return
    desk.session.merge(StoredFile(sha256=digest, content=act.content, kept_at=desk.now))
    version = latest.version + 1 if latest else 1
    desk.record(
        "document.filed",
        obligation.id,
        body=obligation.body,
        contact=desk.contact,
        by=desk.by,
        version=version,
        name=name,
        sha256=digest,
        size=len(act.content),
    )
    assert takes.milestone
    if takes.milestone.silence is None:
        _do(desk, obligation, name)


@handles(NameDelegation)
def name_delegation(desk: Desk, act: NameDelegation) -> None:
    """Keep the names beside the ledger, which learns how many they are."""
    obligation = the_obligation(desk, act.obligation)
    _open(desk, obligation, "delegation")
    som = obligation.cycle.partition("/")[2]
    held = row(desk.session, Som, som)
    if held.closed_at:
        raise ConflictError(marked("{som} is over; nothing was changed."), som=som)
    before = attendees(desk.session, obligation.id)
    said = [(one.name, one.title, one.head) for one in act.delegates]
    if said == [(one.name, one.title, one.head) for one in before]:
        return
    forget(desk.session, obligation.id)
    for one in act.delegates:
        desk.session.add(Attendee(delegation=obligation.id, **one.model_dump()))
    count, with_head = len(act.delegates), any(one.head for one in act.delegates)
    desk.record(
        "delegation.named",
        obligation.id,
        som=som,
        body=obligation.body,
        count=count,
        with_head=with_head,
    )
    _do(desk, obligation, str(count))


def _do(desk: Desk, obligation: Obligation, note: str) -> None:
    if obligation.done_at is None:
        desk.record("obligation.done", obligation.id, body=desk.by, contact=desk.contact, note=note)


def _open(desk: Desk, obligation: Obligation, kind: str) -> Taken:
    found = taken(desk.session, desk.programme, obligation)
    if found.kind != kind:
        raise BadInputError(
            marked("No document is handed in with {obligation}.")
            if kind == "document"
            else marked("No delegation is named with {obligation}."),
            obligation=obligation.id,
        )
    if found.closed_by:
        raise ConflictError(
            marked(
                "No later version is taken: “{closed_by}” is done. Write to the secretariat if it "
                "must be corrected."
            ),
            closed_by=found.closed_by,
        )
    return found


def is_circulated(session: Session, programme: Programme, document: Document) -> bool:
    """Whether a version is before everybody: under silence, or in papers that are closed."""
    under_silence = select(Silence.id).where(Silence.document == document.id)
    if session.exec(under_silence).first():
        return True
    obligation = row(session, Obligation, document.obligation)
    som = session.get(Som, obligation.cycle.partition("/")[2])
    over = som is not None and som.closed_at is not None
    return over or bool(taken(session, programme, obligation).closed_by)


def newest(session: Session, obligation: str) -> Document | None:
    query = select(Document).where(Document.obligation == obligation)
    return session.exec(query.order_by(col(Document.version).desc())).first()


def versions(session: Session, obligation: str) -> list[Document]:
    """Every version, the newest first."""
    query = select(Document).where(Document.obligation == obligation)
    return list(session.exec(query.order_by(col(Document.version).desc())))


def attendees(session: Session, delegation: str) -> list[Attendee]:
    """Who was named for a delegation and is not erased, in the order they were named."""
    query = select(Attendee).where(Attendee.delegation == delegation)
    return list(session.exec(query.order_by(col(Attendee.id))))


def forget(session: Session, delegation: str) -> int:
    """Erase the names of a delegation; the ledger keeps how many there were."""
    count = session.exec(
        select(func.count()).select_from(Attendee).where(Attendee.delegation == delegation)
    ).one()
    session.exec(delete(Attendee).where(col(Attendee.delegation) == delegation))
    return count


def forget_all(session: Session, som: str) -> int:
    """Erase all names of a meeting's delegations; how many they were."""
    named = session.exec(select(Delegation.id).where(Delegation.som == som)).all()
    return sum(forget(session, key) for key in named)

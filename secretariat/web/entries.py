"""The ledger to read and search: every entry as a sentence, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col, or_, select

from schemas.tables import Entry
from secretariat import audit, ledger, words
from secretariat.commands.office import Office
from secretariat.moments import moment_of
from secretariat.web.render import render

router = APIRouter()
PAGE = 50
CHECKED_AT_ONCE = 20_000


@router.get("/ledger")
def show_ledger(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    at: str | None = None,
) -> Response:
    """A page of entries whose subject, kind or body contains ``q``, from ``before`` backwards."""
    office: Office = request.app.state.parts.office
    now = office.clock.now()
    moment = moment_of(at, office.programme.zone, now) if at else now
    with office.store.read() as session:
        query = select(Entry).where(col(Entry.at) <= moment).order_by(col(Entry.seq).desc())
        for word in q.split():
            columns = (Entry.subject, Entry.kind, Entry.by, Entry.data)
            query = query.where(or_(*(col(c).icontains(word, autoescape=True) for c in columns)))
        if before:
            query = query.where(col(Entry.seq) < before)
        found = session.exec(query.limit(PAGE + 1)).all()
        last = ledger.head(session)
        whole = _whole(session) if last.seq <= CHECKED_AT_ONCE else ""
    shown = found[:PAGE]
    return render(
        request,
        "ledger.html",
        entries=[(e, words.sentence(office.programme, ledger.event(e), e.by)) for e in shown],
        body_name=lambda body: words.name_of(office.programme, body),
        older=shown[-1].seq if len(found) > PAGE else None,
        q=q,
        at=at,
        head=last,
        whole=whole,
    )


def _whole(session: Session) -> str:
    return audit.said(audit.check(session))

"""The ledger to read and search: every entry as a sentence, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, true

from schemas.tables import Entry
from secretariat import audit, ledger, rights, words
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.web import signin
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs

router = APIRouter()
PAGE = 50
FIGURES = "^(figure|return)[.]"
"""What these say may be searched by who is signed in: counts too small to tell are found so."""
CHECKED_AT_ONCE = 20_000


@router.get("/ledger", dependencies=[needs(Right.READ_BOARD)])
def show_ledger(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    at: str | None = None,
) -> Response:
    """A page of entries whose subject, kind or body contains ``q``, from ``before`` backwards."""
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session, office.store.read() as present:
        query = select(Entry).order_by(col(Entry.seq).desc())
        searchable = _searchable(request)
        for word in q.split():
            columns = (Entry.subject, Entry.kind, Entry.by, Entry.data)
            own = [col(c).icontains(word, autoescape=True) for c in columns]
            query = query.where(or_(*own[:-1], own[-1] & searchable))
        if before:
            query = query.where(col(Entry.seq) < before)
        found = session.exec(query.limit(PAGE + 1)).all()
        last = ledger.head(present)
        whole = _whole(present) if last.seq <= CHECKED_AT_ONCE else ""
    shown = found[:PAGE]
    return render(
        request,
        "ledger.html",
        entries=[(e, words.sentence(office.programme, ledger.event(e), e.by)) for e in shown],
        body_name=lambda body: words.name_of(office.programme, body),
        older=shown[-1].seq if len(found) > PAGE else None,
        q=q,
        head=last,
        whole=whole,
    )


def _searchable(request: Request) -> ColumnElement[bool]:
    """The entries whose data a reader may search; of a draft of figures its own body alone."""
    by = signin.contact(request)
    if by is None or not signin.may(request, Right.READ_COUNTS):
        return ~col(Entry.kind).regexp_match(FIGURES)
    if rights.over(signin.role(request), Right.READ_DRAFTS) is rights.ALL:
        return true()
    own = rights.own_bodies(request.app.state.parts.office.programme, by)
    return (col(Entry.kind) != "return.saved") | col(Entry.by).in_(own)


def _whole(session: Session) -> str:
    return audit.said(audit.check(session))

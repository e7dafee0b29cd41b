"""The ledger to read and search: every entry as a sentence, newest first."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, true

from schemas.tables import Entry
from secretariat import audit, ledger, rights
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.languages import Language
from secretariat.ledger import Head
from secretariat.moments import parse_moment
from secretariat.rights import Right
from secretariat.web import signin
from secretariat.web.looking import looking
from secretariat.web.render import render
from secretariat.web.signin import needs
from secretariat.web.speaking import language_at

router = APIRouter()
PAGE = 50
FIGURES = "^(figure|return)[.]"
"""What these say may be searched by who is signed in: counts too small to tell are found so."""
CHECKED_AT_ONCE = 20_000
KINDS = {
    "holding": marked("duties handed over"),
    "readiness": marked("readiness"),
    "review": marked("reviews"),
    "obligation": marked("what is asked"),
    "return": marked("figures handed in"),
    "figure": marked("figures stated"),
    "stage": marked("stages reported"),
    "document": marked("documents"),
    "delegation": marked("delegations"),
    "statement": marked("joint statements"),
    "agenda": marked("agendas"),
    "decision": marked("decisions"),
    "som": marked("meetings"),
    "chair": marked("the chair"),
    "body": marked("bodies"),
    "post": marked("posts"),
    "absence": marked("absences"),
    "mail": marked("mails"),
}
"""What an entry may be about, by the first word of its kind."""
_PAGES = {
    **dict.fromkeys(("holding", "readiness", "review"), "/holdings/{}"),
    **dict.fromkeys(("obligation", "return"), "/obligations/{}"),
    **dict.fromkeys(("som", "agenda"), "/meetings/{}"),
    **dict.fromkeys(("cycle", "milestone", "stage"), "/functions/{}"),
}
_WHOLE = ("/holdings/{}", "/obligations/{}")  # of others the first part of the subject has a page


@router.get("/ledger", dependencies=[needs(Right.READ_BOARD)])
def show_ledger(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str, Query(max_length=200)] = "",
    by: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    verify: bool = False,
    at: str | None = None,
) -> Response:
    """A page of entries that have ``q`` in them, of a kind, body and days, ``before`` backwards.

    With ``verify`` it also says whether the whole ledger is what it was.
    """
    office: Office = request.app.state.parts.office
    with looking(request, at).store.read() as session, office.store.read() as present:
        query = select(Entry).order_by(col(Entry.seq).desc())
        searchable = _searchable(request)
        for word in q.split():
            columns = (Entry.subject, Entry.kind, Entry.by, Entry.data)
            own = [col(c).icontains(word, autoescape=True) for c in columns]
            query = query.where(or_(*own[:-1], own[-1] & searchable))
        if kind in KINDS:
            query = query.where(col(Entry.kind).startswith(f"{kind}."))
        if by:
            query = query.where(Entry.by == by)
        zone = office.programme.zone
        if since:
            query = query.where(Entry.at > parse_moment(since, zone) - timedelta(days=1))
        if until:
            query = query.where(Entry.at <= parse_moment(until, zone))
        if before:
            query = query.where(col(Entry.seq) < before)
        found = session.exec(query.limit(PAGE + 1)).all()
        last = ledger.head(present)
        whole = _whole(present, last, language_at(request)) if verify else ""
    shown = found[:PAGE]
    return render(
        request,
        "ledger.html",
        entries=shown,
        older=shown[-1].seq if len(found) > PAGE else None,
        asked={"q": q, "kind": kind, "by": by, "since": since, "until": until},
        kinds=KINDS,
        head=last,
        whole=whole,
        page_about=_page_about,
    )


def _page_about(entry: Entry) -> str:
    page = _PAGES.get(entry.kind.partition(".")[0], "")
    return page.format(entry.subject if page in _WHOLE else entry.subject.partition("/")[0])


def _searchable(request: Request) -> ColumnElement[bool]:
    """The entries whose data a reader may search; of a draft of figures its own body alone."""
    by = signin.contact(request)
    if by is None or not signin.may(request, Right.READ_COUNTS):
        return ~col(Entry.kind).regexp_match(FIGURES)
    if signin.over(request, Right.READ_DRAFTS) is rights.ALL:
        return true()
    own = rights.own_bodies(request.app.state.parts.office.programme, by)
    return (col(Entry.kind) != "return.saved") | col(Entry.by).in_(own)


def _whole(session: Session, last: Head, language: Language) -> str:
    if last.seq > CHECKED_AT_ONCE:
        return language.gettext(
            "It is too long to check on a page: run “secretariat ledger verify”."
        )
    return audit.said(audit.check(session), language)

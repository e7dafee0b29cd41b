"""The door for other programs: the same acts as JSON, with a key against doing them twice."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from schemas.acts import Letter
from schemas.events import Event
from schemas.figures import Figures
from schemas.status import Status
from schemas.tables import Entry, Holding, Obligation
from secretariat import board, closeup, figures, words
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.typed import checked
from secretariat.web import signin
from secretariat.web.forms import ACTS
from secretariat.web.signin import needs

_PROBLEM = {
    "type": "object",
    "required": ["title", "status"],
    "properties": {"title": {"type": "string"}, "status": {"type": "integer"}},
}
router = APIRouter(
    prefix="/api",
    responses={
        "4XX": {
            "description": "A sentence to act on (RFC 9457); nothing was changed.",
            "content": {"application/problem+json": {"schema": _PROBLEM}},
        }
    },
)
Cursor = Annotated[str, Query(max_length=300, description="``next`` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Page(BaseModel):
    """Some of many; ``next`` is what to hand back as ``after``, none behind the last page."""

    items: list[dict[str, Any]]
    next: str | None


@router.get("/openapi.json", include_in_schema=False, dependencies=[needs(Right.READ_BOARD)])
def describe(request: Request) -> dict[str, Any]:
    """What programs can ask for, as OpenAPI."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/status", dependencies=[needs(Right.READ_BOARD)])
def show_status(request: Request, at: str | None = None) -> Status:
    """Where every function and holding stands, now or at a past day or instant."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session:
        return board.status(session, office.programme, moment)


@router.get("/holdings", dependencies=[needs(Right.READ_BOARD)])
def list_holdings(
    request: Request, after: Cursor = "", limit: Limit = 100, at: str | None = None
) -> Page:
    """Every holding, now or at a past day or instant."""
    return _page(request, select(Holding), col(Holding.id), after, limit, at)


@router.get("/obligations", dependencies=[needs(Right.READ_BOARD)])
def list_obligations(
    request: Request,
    after: Cursor = "",
    limit: Limit = 100,
    body: str = "",
    at: str | None = None,
) -> Page:
    """What is and was asked, of everybody or of one body."""
    query = select(Obligation)
    if body:
        query = query.where(Obligation.body == body)
    return _page(request, query, col(Obligation.id), after, limit, at, leave_out={"ladder"})


@router.get("/ledger", dependencies=[needs(Right.READ_BOARD)])
def list_entries(
    request: Request, after: Annotated[int, Query(ge=0, le=2**62)] = 0, limit: Limit = 100
) -> Page:
    """What happened, oldest first, as sentences with the seals that ``verify`` goes by."""
    office: Office = request.app.state.parts.office
    query = select(Entry).where(col(Entry.seq) > after).order_by(col(Entry.seq)).limit(limit + 1)
    with office.store.read() as session:
        found = session.exec(query).all()
    shown = found[:limit]
    return Page(
        items=[words.told(office.programme, entry) for entry in shown],
        next=str(shown[-1].seq) if len(found) > limit else None,
    )


def _page(
    request: Request,
    query: SelectOfScalar[Any],
    key: Any,
    after: str,
    limit: int,
    at: str | None,
    leave_out: set[str] | None = None,
) -> Page:
    """The rows behind ``after``; the last one's key is where the next page goes on."""
    office: Office = request.app.state.parts.office
    store, _ = office.as_of(at)
    with store.read() as session:
        found = session.exec(query.where(key > after).order_by(key).limit(limit + 1)).all()
        items = [row.model_dump(mode="json", exclude=leave_out) for row in found[:limit]]
    return Page(items=items, next=items[-1]["id"] if len(found) > limit else None)


@router.get("/figures", dependencies=[needs(Right.READ_BOARD)])
def show_figures(request: Request, at: str | None = None) -> Figures:
    """Every figure and stage with its source, now or at a past day or instant."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session:
        return figures.everything(session, office.programme, moment)


@router.get("/holdings/{key:path}", dependencies=[needs(Right.READ_BOARD)])
def show_holding(request: Request, key: str) -> dict[str, Any]:
    """One holding, with its ``version`` to hand back as ``seen``, and what is missing."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        seen = closeup.holding(session, office.programme, key)
    by = signin.contact(request)
    return {
        **seen.holding.model_dump(mode="json"),
        "missing": [item.slug for item in seen.missing],
        "possible": seen.possible(by.body) if by else [],
    }


@router.post("/acts", dependencies=[needs(Right.ACT)])
def do_act(
    request: Request,
    act: Annotated[dict[str, Any], Body()],
    dry_run: bool = False,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> JSONResponse:
    """Carry out one act for the body of whoever is signed in, or say what it would do.

    With ``letter`` ({"document": name, "sha256": …}) it is done on behalf of ``on_behalf_of``.
    """
    parts = request.app.state.parts
    office: Office = parts.office
    who = signin.acting(request)
    letter = _letter(act.pop("letter", None), who.body)
    by = str(act.pop("on_behalf_of", who.body)) if letter else who.body
    asked = checked(ACTS.validate_python, act)
    signin.acting(request, asked)
    if dry_run:
        seen = office.preview(
            asked, by=by, contact=who.slug, letter=letter, look=parts.composer.look
        )
        mails = [{"to": mail.to, "subject": mail.subject, "text": mail.text} for mail in seen.mails]
        return JSONResponse({"would": seen.sentences, "mails": mails})
    key = f"api:{who.slug}:{idempotency_key}" if idempotency_key else None
    events = office.do(asked, by=by, contact=who.slug, key=key, letter=letter)
    return JSONResponse({"events": [_as_json(office, event, by) for event in events]})


def _letter(given: Any, filed_by: str) -> Letter | None:
    if given is None:
        return None
    words = given if isinstance(given, dict) else {}
    return checked(Letter.model_validate, {**words, "filed_by": filed_by})


def _as_json(office: Office, event: Event, by: str) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "subject": event.subject,
        "data": event.data,
        "words": words.sentence(office.programme, event, by),
    }

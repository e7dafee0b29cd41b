"""The door for other programs: the same acts as JSON, with a key against doing them twice."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request
from fastapi.responses import JSONResponse

from schemas.acts import Letter
from schemas.events import Event
from schemas.figures import Figures
from schemas.status import Status
from secretariat import board, closeup, figures, words
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.typed import checked
from secretariat.web import signin
from secretariat.web.forms import ACTS
from secretariat.web.signin import needs

router = APIRouter(prefix="/api")


@router.get("/status", dependencies=[needs(Right.READ_BOARD)])
def show_status(request: Request, at: str | None = None) -> Status:
    """Where every function and holding stands, now or at a past day or instant."""
    office: Office = request.app.state.parts.office
    store, moment = office.as_of(at)
    with store.read() as session:
        return board.status(session, office.programme, moment)


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

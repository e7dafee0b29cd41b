"""The doors of a return: its form, by a mailed link or signed in; its template, and a file."""

import hashlib
import json
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from schemas.return_acts import Given, SaveReturn, SubmitReturn
from schemas.return_tables import FigureReturn
from schemas.tables import Link, Obligation
from secretariat import returns, sheets
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, Office
from secretariat.commands.returns import asked_of
from secretariat.errors import BadInputError, NotAllowedError
from secretariat.languages import Language
from secretariat.ownership import ENGINE
from secretariat.readmodels import row
from secretariat.rights import Right
from secretariat.sheets import Paper, RefusedError
from secretariat.sheets.table import TYPES
from secretariat.web import links, return_form, signin
from secretariat.web.obligations import obligation_page
from secretariat.web.signin import needs
from secretariat.web.speaking import asked_for, language_at

router = APIRouter()
NO_FILE = marked("Choose a file to send. Nothing was changed.")
TOO_LARGE = marked("What was sent is too large. Nothing was changed.")


# -- by a mailed link ------------------------------------------------------------------------------


@router.get("/link/{token}/return.{form}", dependencies=[needs(Right.USE_LINK)])
def template_by_link(request: Request, token: str, form: str) -> Response:
    link = _link(request, token)
    if isinstance(link, Response):
        return link
    contact = request.app.state.parts.office.programme.contact(link.contact)
    return _template(request, link.object, form, language_at(request), contact.body)


@router.post("/link/{token}/return", dependencies=[needs(Right.USE_LINK)])
async def form_by_link(request: Request, token: str) -> Response:
    typed = await _typed(request)
    return await run_in_threadpool(_form_by_link, request, token, typed)


def _form_by_link(request: Request, token: str, typed: dict[str, str]) -> Response:
    link = _link(request, token, typed.get("nonce", ""))
    if isinstance(link, Response):
        return link
    office: Office = request.app.state.parts.office
    given, faults = _read(office, link.object, typed)
    if faults:
        return links.figures_page(request, token, link, 422, typed=typed, faults=faults)
    return _do(request, token, link, typed.get("answer", ""), given)


@router.post("/link/{token}/return/file", dependencies=[needs(Right.USE_LINK)])
async def file_by_link(request: Request, token: str) -> Response:
    nonce, content = await _uploaded(request)
    return await run_in_threadpool(_file_by_link, request, token, nonce, content)


def _file_by_link(request: Request, token: str, nonce: str, content: bytes) -> Response:
    link = _link(request, token, nonce)
    if isinstance(link, Response):
        return link
    office: Office = request.app.state.parts.office
    language = language_at(request)
    try:
        given = sheets.read(content, _paper(office, link.object, language))
    except RefusedError as error:
        refused = [wrong.said(language) for wrong in error.wrong]
        return links.figures_page(request, token, link, 422, refused=refused)
    return _do(request, token, link, "save", given)


def _link(request: Request, token: str, nonce: str | None = None) -> Link | Response:
    """A good link to an obligation, whose page was opened where ``nonce`` must prove it."""
    link = links.checked(request, token)
    if isinstance(link, Response):
        return link
    if link.purpose != "obligation":
        raise BadInputError(marked("This link is about no figures."))
    if nonce is not None and not request.app.state.parts.composer.links.knows(token, nonce):
        raise NotAllowedError(links.NOT_PRESSED)
    return link


def _do(request: Request, token: str, link: Link, answer: str, given: list[Given]) -> Response:
    office: Office = request.app.state.parts.office
    contact = office.programme.contact(link.contact)
    assert contact
    act = _act(link.object, answer, given)
    key = f"link:{link.id}:{_once(office, act)}"
    office.do(act, by=contact.body, contact=contact.slug, key=key)
    return RedirectResponse(f"/link/{token}{asked_for(request)}", 303)


def _once(office: Office, act: SaveReturn | SubmitReturn) -> str:
    """The same figures are handed in once to the same state of a return."""
    with office.store.read() as session:
        kept = session.get(FigureReturn, act.obligation)
    said = json.dumps(act.model_dump(mode="json"), sort_keys=True).encode()
    return f"{act.act}:{kept.version if kept else 0}:{hashlib.sha256(said).hexdigest()[:16]}"


# -- signed in -------------------------------------------------------------------------------------


@router.get("/return/template/{key:path}.{form}", dependencies=[needs(Right.ACT)])
def show_template(request: Request, key: str, form: str) -> Response:
    by = signin.contact(request)
    return _template(request, key, form, language_at(request), by.body if by else "")


@router.post("/return/form/{key:path}", dependencies=[needs(Right.ACT)])
async def send_form(request: Request, key: str) -> Response:
    typed = await _typed(request)
    return await run_in_threadpool(_send_form, request, key, typed)


def _send_form(request: Request, key: str, typed: dict[str, str]) -> Response:
    by = signin.acting(request)
    office: Office = request.app.state.parts.office
    given, faults = _read(office, key, typed)
    if faults:
        return obligation_page(request, key, 422, typed=typed, faults=faults)
    office.do(_act(key, typed.get("answer", ""), given), by=by.body, contact=by.slug)
    return _back_to(key)


@router.post("/return/file/{key:path}", dependencies=[needs(Right.ACT)])
async def send_file(request: Request, key: str) -> Response:
    _, content = await _uploaded(request)
    return await run_in_threadpool(_send_file, request, key, content)


def _send_file(request: Request, key: str, content: bytes) -> Response:
    by = signin.acting(request)
    office: Office = request.app.state.parts.office
    language = language_at(request)
    try:
        given = sheets.read(content, _paper(office, key, language))
    except RefusedError as error:
        refused = [wrong.said(language) for wrong in error.wrong]
        return obligation_page(request, key, 422, refused=refused)
    office.do(SaveReturn(obligation=key, figures=given), by=by.body, contact=by.slug)
    return _back_to(key)


def _back_to(key: str) -> Response:
    return RedirectResponse(f"/obligations/{quote(key, safe='/@')}", 303)


# -- what both doors do ----------------------------------------------------------------------------


async def _typed(request: Request) -> dict[str, str]:
    _check_length(request)
    fields = (await request.form()).items()
    return {name: value for name, value in fields if isinstance(value, str)}


def _check_length(request: Request) -> None:
    """What says no length, or too great a one, is not even read."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > sheets.LARGEST + 10_000:
        raise BadInputError(TOO_LARGE)


async def _uploaded(request: Request) -> tuple[str, bytes]:
    """The nonce and the file of a form."""
    _check_length(request)
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadInputError(NO_FILE)
        return str(form.get("nonce", "")), await file.read(sheets.LARGEST + 1)


def _read(
    office: Office, key: str, typed: dict[str, str]
) -> tuple[list[Given], list[returns.Fault]]:
    """What a form says, and all that is wrong with it for what its button asks."""
    with office.store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        asked = asked_of(desk, row(session, Obligation, key))
    given, faults = return_form.read(asked, typed)
    if typed.get("answer") == "submit":
        unread = {fault.key for fault in faults}
        faults += [fault for fault in returns.faults(asked, given) if fault.key not in unread]
    return given, faults


def _act(key: str, answer: str, given: list[Given]) -> SaveReturn | SubmitReturn:
    match answer:
        case "submit":
            return SubmitReturn(obligation=key, figures=given)
        case "save":
            return SaveReturn(obligation=key, figures=given)
        case _:
            raise BadInputError(
                marked("Choose one of the answers on the page. Nothing was changed.")
            )


def _paper(office: Office, key: str, language: Language) -> Paper:
    with office.store.read() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        return sheets.paper(desk, row(session, Obligation, key), language)


def _template(request: Request, key: str, form: str, language: Language, reader: str) -> Response:
    """The form to fill in; what its body has given so far is in it only for that body."""
    office: Office = request.app.state.parts.office
    if form not in TYPES:
        raise BadInputError(marked("A template comes as xlsx or as csv."))
    paper = _paper(office, key, language)
    with office.store.read() as session:
        kept = session.get(FigureReturn, key)
    own = kept.so_far if kept and reader == paper.body else []
    so_far = [Given.model_validate(one) for one in own]
    make = sheets.xlsx_template if form == "xlsx" else sheets.csv_template
    name = f"{paper.body}-{paper.period}.{form}"
    disposition = f'attachment; filename="{name}"'
    return Response(
        make(paper, so_far), media_type=TYPES[form], headers={"Content-Disposition": disposition}
    )

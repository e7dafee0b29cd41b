"""What is handed in and taken out again: documents and delegations, by link or signed in."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import UploadFile

from schemas.act import Act
from schemas.meeting_acts import FileDocument, NameDelegation
from schemas.meeting_tables import Document, Silence, StoredFile
from schemas.tables import Link, Obligation
from secretariat import filetypes
from secretariat.catalogues import marked
from secretariat.commands import filing
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, NotAllowedError, UnknownError
from secretariat.readmodels import row
from secretariat.rights import Right
from secretariat.typed import act_from
from secretariat.web import links, signin
from secretariat.web.signin import needs

router = APIRouter()
ROUNDABOUT = 100_000
"""Bytes a form takes around the file in it."""
ROWS = 12
"""How many people the form of a delegation has lines for beyond those already named."""


@dataclass(frozen=True)
class Sent:
    """What a form brought: its words, and its file if one was chosen."""

    words: dict[str, str]
    name: str = ""
    content: bytes = b""


async def received(request: Request) -> Sent:
    """A form with at most one file. Raises BadInputError: too large to be read at all."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > filetypes.LARGEST + ROUNDABOUT:
        async for _ in request.stream():
            pass  # a browser shows our answer only once it has sent everything
        raise BadInputError(marked("The file is larger than 10 MB. Nothing was changed."))
    async with request.form(max_files=1, max_fields=300, max_part_size=ROUNDABOUT) as form:
        words = {name: value for name, value in form.items() if isinstance(value, str)}
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        if not files:
            return Sent(words)
        return Sent(words, files[0].filename or "", await files[0].read())


# -- by a mailed link ------------------------------------------------------------------------------


@router.post("/link/{token}/document", dependencies=[needs(Right.USE_LINK)])
async def file_by_link(request: Request, token: str) -> Response:
    """Hand a document in with the obligation a link is for."""
    sent = await received(request)
    return await run_in_threadpool(_by_link, request, token, sent, document_act)


@router.post("/link/{token}/delegation", dependencies=[needs(Right.USE_LINK)])
async def name_by_link(request: Request, token: str) -> Response:
    """Name the delegation the obligation of a link asks for."""
    sent = await received(request)
    return await run_in_threadpool(_by_link, request, token, sent, delegation_act)


def _by_link(request: Request, token: str, sent: Sent, act_of: Any) -> Response:
    parts = request.app.state.parts
    link = links.checked(request, token)
    if isinstance(link, Response):
        return link
    if not parts.composer.links.knows(token, sent.words.get("nonce", "")):
        raise NotAllowedError(links.NOT_PRESSED)
    if link.purpose != "obligation":
        raise BadInputError(marked("Choose one of the answers on the page. Nothing was changed."))
    return links.do_once(request, token, link, act_of(link.object, sent))


@router.get("/link/{token}/document", dependencies=[needs(Right.USE_LINK)])
def show_by_link(request: Request, token: str, version: int | None = None) -> Response:
    """A document of the very thing a link is about, and of nothing else."""
    link = links.checked(request, token)
    if isinstance(link, Response):
        return link
    with request.app.state.parts.office.store.read() as session:
        return download(session, _of_link(session, link, version))


def _of_link(session: Session, link: Link, version: int | None) -> Document:
    if link.purpose == "silence":
        return row(session, Document, session.get_one(Silence, link.object).document)
    if link.purpose == "obligation" and version:
        return row(session, Document, f"{link.object}#{version}")
    raise UnknownError(marked("There is no document here."))


# -- signed in -------------------------------------------------------------------------------------


@router.get("/documents/{key:path}", dependencies=[needs(Right.READ_PAPERS)])
def show_document(request: Request, key: str, version: int) -> Response:
    """One version of a document; not yet circulated it is its body's, and there for no other."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        document = row(session, Document, f"{key}#{version}")
        if not reads(request, session, document):
            signin.hide(request, Document, document.id)
        return download(session, document)


def reads(request: Request, session: Session, document: Document) -> bool:
    """Whether a document is whoever comes to read: circulated, or their own, or theirs to plan."""
    programme = request.app.state.parts.office.programme
    body = row(session, Obligation, document.obligation).body
    own = signin.may(request, Right.READ_DRAFTS, body)
    return own or filing.is_circulated(session, programme, document)


@router.post("/documents/{key:path}", dependencies=[needs(Right.ACT)])
async def file_signed_in(request: Request, key: str) -> Response:
    """Hand a document in with an obligation."""
    sent = await received(request)
    return await run_in_threadpool(_signed_in, request, key, sent, document_act)


@router.post("/delegations/{key:path}", dependencies=[needs(Right.ACT)])
async def name_signed_in(request: Request, key: str) -> Response:
    """Name the delegation an obligation asks for."""
    sent = await received(request)
    return await run_in_threadpool(_signed_in, request, key, sent, delegation_act)


def _signed_in(request: Request, key: str, sent: Sent, act_of: Any) -> Response:
    office: Office = request.app.state.parts.office
    by = signin.acting(request)
    office.do(act_of(key, sent), by=by.body, contact=by.slug)
    som = key.partition("/")[2].partition("/")[0]
    back = f"/meetings/{quote(som)}" if sent.words.get("back") == "meeting" else None
    return RedirectResponse(back or f"/obligations/{quote(key, safe='/@')}", 303)


# -- what both do ----------------------------------------------------------------------------------


def document_act(obligation: str, sent: Sent) -> Act:
    if not sent.name:
        raise BadInputError(marked("Choose a file first. Nothing was changed."))
    name = filetypes.plain_name(sent.name)
    filetypes.check(name, sent.content)
    return act_from(FileDocument, obligation=obligation, name=name, content=b64encode(sent.content))


def delegation_act(obligation: str, sent: Sent) -> Act:
    """The lines of a form that have a name in them; ``head`` is the number of one of them."""
    numbers = [name.removeprefix("name-") for name in sent.words if name.startswith("name-")]
    delegates = [
        {
            "name": sent.words[f"name-{number}"].strip(),
            "title": sent.words.get(f"title-{number}", "").strip(),
            "head": sent.words.get("head") == number,
        }
        for number in numbers
        if sent.words[f"name-{number}"].strip()
    ]
    if not delegates:
        raise BadInputError(marked("Write at least one name into the form. Nothing was changed."))
    return act_from(NameDelegation, obligation=obligation, delegates=delegates)


def download(session: Session, document: Document) -> Response:
    """A document's bytes, to be saved and never shown in the page: it is somebody else's."""
    kept = session.get(StoredFile, document.sha256)
    if kept is None:
        raise UnknownError(marked("This document is no longer kept here."))
    kind = filetypes.TYPES[filetypes.ending(document.name)]
    plain = f"document{filetypes.ending(document.name)}"
    encoded = quote(document.name, safe="")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    return Response(kept.content, media_type=kind, headers={"Content-Disposition": disposition})

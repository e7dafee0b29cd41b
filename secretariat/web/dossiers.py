"""The dossier of a function or of the chair, to download."""

from fastapi import APIRouter, Request, Response

from secretariat import asked
from secretariat.catalogues import marked
from secretariat.commands.office import Office
from secretariat.dossier import dossier_of
from secretariat.dossier.files import Form, file_name, render
from secretariat.dossier.shapes import Dossier
from secretariat.errors import NotAllowedError
from secretariat.rights import Right
from secretariat.web.opening import opened, unusable
from secretariat.web.signin import needs

router = APIRouter()
NOTHING_TO_READ = marked("This link asks for nothing to be read.")
TYPES = {
    Form.PDF: "application/pdf",
    Form.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@router.get("/functions/{name}/dossier.pdf", dependencies=[needs(Right.READ_ADDRESSES)])
def show_pdf(request: Request, name: str, at: str | None = None) -> Response:
    return _download(request, name, at, Form.PDF)


@router.get("/functions/{name}/dossier.docx", dependencies=[needs(Right.READ_ADDRESSES)])
def show_docx(request: Request, name: str, at: str | None = None) -> Response:
    return _download(request, name, at, Form.DOCX)


@router.get("/link/{token}/dossier.pdf", dependencies=[needs(Right.USE_LINK)])
def show_what_is_to_be_read(request: Request, token: str) -> Response:
    """The dossier a mailed link asks its reader to read, and no other."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        link, why = opened(request, session, token)
        if link is None or why or link.purpose != "obligation":
            return unusable(request, session, token, link, why)
        seen = asked.obligation(session, office.programme, link.object, office.clock.now())
    if seen.milestone is None or seen.milestone.dossier is None:
        raise NotAllowedError(NOTHING_TO_READ)
    return _file(office, seen.milestone.dossier, None, Form.PDF)


def _download(request: Request, name: str, at: str | None, form: Form) -> Response:
    """Now or at the end of a past day. It lists mailboxes, so it is for who has signed in."""
    office: Office = request.app.state.parts.office
    return _file(office, name, at, form)


def _file(office: Office, name: str, at: str | None, form: Form) -> Response:
    store, moment = office.as_of(at)
    with store.read() as session:
        return printed(dossier_of(session, office.programme, name, moment), form)


def printed(made: Dossier, form: Form) -> Response:
    """A dossier, pack or paper as a file to keep."""
    disposition = f'attachment; filename="{file_name(made, form)}"'
    return Response(
        render(made, form),
        media_type=TYPES[form],
        headers={"Content-Disposition": disposition},
    )

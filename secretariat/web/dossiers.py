"""The dossier of a function or of the chair, to download."""

from fastapi import APIRouter, Request, Response

from secretariat.commands.office import Office
from secretariat.dossier import dossier_of
from secretariat.dossier.files import Form, file_name, render
from secretariat.errors import NotAllowedError
from secretariat.web import signin

router = APIRouter()
TYPES = {
    Form.PDF: "application/pdf",
    Form.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@router.get("/functions/{name}/dossier.pdf")
def show_pdf(request: Request, name: str, at: str | None = None) -> Response:
    return _download(request, name, at, Form.PDF)


@router.get("/functions/{name}/dossier.docx")
def show_docx(request: Request, name: str, at: str | None = None) -> Response:
    return _download(request, name, at, Form.DOCX)


def _download(request: Request, name: str, at: str | None, form: Form) -> Response:
    """Now or at the end of a past day. It lists mailboxes, so it is for who has signed in."""
    office: Office = request.app.state.parts.office
    if signin.contact(request) is None:
        raise NotAllowedError("A dossier lists the mailboxes of its contacts: sign in first.")
    store, moment = office.as_of(at)
    with store.read() as session:
        dossier = dossier_of(session, office.programme, name, moment)
    disposition = f'attachment; filename="{file_name(dossier, form)}"'
    return Response(
        render(dossier, form),
        media_type=TYPES[form],
        headers={"Content-Disposition": disposition},
    )

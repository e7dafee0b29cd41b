"""As which file is a dossier handed over?"""

from enum import StrEnum

from secretariat.dossier.shapes import Dossier


class Form(StrEnum):
    """A PDF to keep, a DOCX to edit."""

    PDF = "pdf"
    DOCX = "docx"


def file_name(dossier: Dossier, form: Form) -> str:
    """``dossier-som-hosting-2019-01-03.pdf``, ``paper-figures-2018-2019-01-03.pdf``."""
    kind = dossier.kind.split()[-1].lower()
    return f"{kind}-{dossier.name}-{dossier.at:%Y-%m-%d}.{form}"


def render(dossier: Dossier, form: Form) -> bytes:
    """The file's bytes; the same dossier gives the same."""
    from secretariat.dossier import docx, pdf  # noqa: PLC0415  only who prints loads the printers

    return pdf.render(dossier) if form is Form.PDF else docx.render(dossier)

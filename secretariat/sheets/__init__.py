"""Returns as files: a template to fill in, and what somebody filled in, read back or refused."""

from schemas.return_acts import Given
from schemas.tables import Obligation
from secretariat.commands.office import Desk
from secretariat.commands.returns import asked_of
from secretariat.errors import BadInputError
from secretariat.languages import ENGLISH, Language
from secretariat.sheets.commas import read as read_csv
from secretariat.sheets.commas import template as csv_template
from secretariat.sheets.form import LARGEST, Paper, RefusedError

_PACKED = (b"PK", b"\xd0\xcf\x11\xe0")
"""How workbooks begin: XLSX, and what is older or locked by a password, which is refused as one."""

__all__ = ["LARGEST", "Paper", "RefusedError", "csv_template", "paper", "read", "xlsx_template"]


def paper(desk: Desk, obligation: Obligation, language: Language = ENGLISH) -> Paper:
    """The form for what answers an obligation. Raises BadInputError: it asks for no figures."""
    asked = asked_of(desk, obligation)
    if not asked:
        raise BadInputError(f"{obligation.id} asks for no figures.")
    period = obligation.cycle.partition("/")[2]
    return Paper(obligation.id, obligation.body, period, asked, desk.programme, language)


def read(content: bytes, paper: Paper) -> list[Given]:
    """The figures in a file, by what it is. Raises RefusedError."""
    if not content.startswith(_PACKED):
        return read_csv(content, paper)
    from secretariat.sheets import workbook_in  # noqa: PLC0415  openpyxl is for who sends workbooks

    return workbook_in.read(content, paper)


def xlsx_template(paper: Paper, given: list[Given]) -> bytes:
    """As ``csv_template``, for people: a workbook."""
    from secretariat.sheets import workbook  # noqa: PLC0415  openpyxl is for who wants workbooks

    return workbook.template(paper, given)

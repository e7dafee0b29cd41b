"""What strangers send us, in every wrong form atheris can think of: `make fuzz` runs all of it.

Each target is a reader and samples it starts from. It may take what it is given or refuse it in
words; anything else it raises, and anything slow, ends the run and says where the bytes are kept.
"""

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["notifications", "secretariat", "email", "openpyxl"]):
    from notifications.incoming import understand
    from secretariat import sheets
    from secretariat.programme import SHIPPED, load_programme

from tests.test_incoming import HOSTILE, REPORTS, report
from tests.test_return_files import FIGURES, a_paper

PAPER = a_paper(load_programme(SHIPPED / "commit.yaml"))
TEMPLATE = sheets.xlsx_template(PAPER, FIGURES)
SHEET = "xl/worksheets/sheet2.xml"


def figures(content: bytes) -> None:
    try:
        sheets.read(content, PAPER)
    except sheets.RefusedError as error:
        assert error.wrong


def workbook(content: bytes) -> None:
    figures(b"PK" + content)


def sheet(content: bytes) -> None:
    """A workbook packed as it should be, in which one sheet is not as it should be."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(TEMPLATE)) as given, zipfile.ZipFile(out, "w") as packed:
        for part in given.namelist():
            packed.writestr(part, content if part == SHEET else given.read(part))
    figures(out.getvalue())


TARGETS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "mail": (understand, [*map(report, REPORTS), *(c for c in HOSTILE.values() if len(c) < 5000)]),
    "workbook": (workbook, [TEMPLATE[2:]]),
    "sheet": (sheet, [zipfile.ZipFile(io.BytesIO(TEMPLATE)).read(SHEET)]),
    "csv": (figures, [sheets.csv_template(PAPER, FIGURES)]),
}


def main() -> None:
    name, seconds = sys.argv[1:]
    target, samples = TARGETS[name]
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, sample in enumerate(samples):
        (corpus / str(number)).write_bytes(sample)
    limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1000", "-max_len=50000"]
    found = f"-artifact_prefix={corpus}-"
    atheris.Setup([sys.argv[0], *limits, found, str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""The tables kept as CSV beside the pages, for people to read."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

DOCS = Path(__file__).parent.parent


def rows(name: str) -> list[dict[str, str]]:
    """The lines of ``docs/NAME.csv``."""
    with (DOCS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table in Markdown; within a cell a line end is a space and a bar is no border."""
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for line in lines:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in line)
        yield f"| {' | '.join(cells)} |"


def requirements() -> str:
    """What is asked of the program, R1 to R50."""
    lines = rows("requirements")
    count = {state: sum(line["state"] == state for line in lines) for state in STATES}
    return "\n".join(
        [
            "# What is asked, and what shows it",
            "",
            f"Fifty requirements, R1 to R50: {count['met']} are met, {count['partly']} partly and",
            f"{count['not met']} not. Each names the tests that hold it and, where it is not met",
            "whole, what is missing. Printed from `docs/requirements.csv` by `make pages`; a test",
            "finds a number that is left out and a test that does not exist.",
            "",
            *table(
                ("", "asked", "state", "shown by"),
                ((r["id"], r["asks"], f"**{r['state']}**", _shown(r)) for r in lines),
            ),
            "",
        ]
    )


STATES = ("met", "partly", "not met")


def _shown(line: dict[str, str]) -> str:
    tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in line["held by"].split())
    missing = line["missing"] and f"Missing: {line['missing']}."
    return " ".join(part for part in (tests and f"{tests}.", missing) if part)


def asvs() -> str:
    """What the security standard asks."""
    return "\n".join(
        [
            "# The security standard, item by item",
            "",
            "What OWASP's Application Security Verification Standard 5.0 asks of what this program",
            "has, at level 2, with the test that shows it or the reason why not. Printed from",
            "`docs/asvs.csv` by `make pages`.",
            "",
            *table(
                ("", "asked", "state", "shown by, or why"),
                (
                    (line["id"], line["asks"], line["state"], _test_or_reason(line))
                    for line in rows("asvs")
                ),
            ),
            "",
        ]
    )


def _test_or_reason(line: dict[str, str]) -> str:
    shown = line["shown by or why"]
    return f"`{shown.removeprefix('tests/')}`" if line["state"] == "met" else shown

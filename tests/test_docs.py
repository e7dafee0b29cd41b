"""What the documents say is so: of the tests, of the code, and of what is asked."""

import ast
import re

import pytest

from docs.printing import PAGES
from docs.printing.tables import STATES, rows
from tests.conftest import REPO

NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_printed_from_the_code_is_what_the_code_says(path: str) -> None:
    """``make pages`` prints them."""
    assert (REPO / "docs" / path).read_text(encoding="utf-8") == PAGES[path]()


def test_what_contributors_are_told_to_make_can_be_made() -> None:
    told = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rules = (REPO / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([\w-]+)`", told))
    assert "pages" in named
    assert named - set(re.findall(r"^([\w-]+):", rules, flags=re.MULTILINE)) == set()


def test_each_of_the_ten_promises_names_tests_there_are() -> None:
    said = (REPO / "docs/promises.md").read_text(encoding="utf-8")
    lines = [line for line in said.splitlines() if line.startswith("| P")]
    assert [line.split()[1] for line in lines] == [f"P{number}" for number in range(1, 11)]
    for line in lines:
        named = NAMED.findall(line)
        assert named, line
        assert [test for test in named if not there_is(*test)] == []


def test_each_of_the_fifty_requirements_names_tests_there_are_or_what_is_missing() -> None:
    lines = rows("requirements")
    assert [line["id"] for line in lines] == [f"R{number}" for number in range(1, 51)]
    for line in lines:
        tests = line["held by"].split()
        assert [test for test in tests if not there_is(*test.split("::"))] == []
        assert line["state"] in STATES
        assert bool(tests) == (line["state"] != "not met"), line["id"]
        assert bool(line["missing"]) == (line["state"] != "met"), line["id"]


def test_every_act_says_what_it_does() -> None:
    said = (REPO / "docs/reference/acts.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|  \|", said, flags=re.MULTILINE) == []


def there_is(file: str, name: str) -> bool:
    """Whether a file of tests has a test of that name."""
    tree = ast.parse((REPO / file).read_text(encoding="utf-8"))
    return name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

"""What the documents say of the tests is so."""

import ast
import re

from tests.conftest import REPO

NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


def test_each_of_the_ten_promises_names_tests_there_are() -> None:
    rows = re.findall(r"^\| (P\d+) \|.*$", said := _promises(), flags=re.MULTILINE)
    assert rows == [f"P{number}" for number in range(1, 11)]
    for row in said.splitlines():
        if row.startswith("| P"):
            assert NAMED.search(row), row
    for file, name in NAMED.findall(said):
        tree = ast.parse((REPO / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def _promises() -> str:
    return (REPO / "docs/promises.md").read_text(encoding="utf-8")

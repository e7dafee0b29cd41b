"""Every command that README and documentation show is run, in the order of its page."""

import gc
import re
import shlex
from pathlib import Path

import pytest

from secretariat import service
from secretariat.settings import Settings
from tests.conftest import BARE, REPO, cli

BLOCK = re.compile(r"^```\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:\.venv/bin/)?secretariat (.+)")
# What serves until it is stopped, needs another server, or answers as the machine is:
# test_end_to_end, test_move, test_webhooks, test_operation and test_scale run these.
ELSEWHERE = {"demo", "up", "move", "webhook", "doctor", "prefect"}


def commands(page: str) -> list[list[str]]:
    """What follows ``secretariat`` on each line of a page's blocks, as a shell reads it."""
    lines = "\n".join(BLOCK.findall((REPO / page).read_text(encoding="utf-8"))).splitlines()
    found = [COMMAND.fullmatch(line) for line in lines]
    return [_words(line[1]) for line in found if line]


def _words(line: str) -> list[str]:
    """The words of a command, without where a shell puts what it prints."""
    words = shlex.split(line, comments=True)
    return words[: words.index(">")] if ">" in words else words


PAGES = [
    str(path.relative_to(REPO))
    for path in sorted([REPO / "README.md", *REPO.glob("docs/**/*.md")])
    if path.parent.name != "reference" and commands(str(path.relative_to(REPO)))
]


@pytest.fixture
def desk(lived: Settings, tmp_path: Path) -> Path:
    """A directory beside the replayed installation, with the files that pages speak of."""
    for name in ("paper.pdf", "draft.pdf", "letter.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.7\n%%EOF\n")
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/programme.md"])
def test_the_commands_of_a_page_do_what_they_are_shown_for(
    page: str, desk: Path, lived: Settings
) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(lived.directory)}
    for command in commands(page):
        if command[0] not in ELSEWHERE:
            gc.collect()  # what a command of its own process would have let go: its store
            done = cli(*command, environment=environment, cwd=desk)
            assert done.returncode == 0, (command, done.stderr)


def test_the_commands_of_the_second_programme_begin_it(tmp_path: Path) -> None:
    rivers = tmp_path / "rivers.yaml"
    rivers.write_bytes((REPO / "docs/examples/rivers.yaml").read_bytes())
    (tmp_path / ".env").write_text("SECRETARIAT_PROGRAMME=rivers.yaml\n", encoding="utf-8")
    service.begin(Settings(data_dir=tmp_path / "data", programme=rivers, _env_file=None))
    told = [
        cli(*command, environment=BARE, cwd=tmp_path) for command in commands("docs/programme.md")
    ]
    assert [done.returncode for done in told] == [0] * 6, [done.stderr for done in told]
    assert "Croatian water agency accepted" in told[-2].stdout
    assert "Readings of the quarter handed in" in told[-1].stdout

"""Which templates write a programme's mails? Its own as far as they work, else the built-in ones.

A template is used only as it was tried: the files are read, tried in another process and kept; a
file changed while we run is tried again before any mail is written by it.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from notifications.rendering import OURS, Sandbox, own_first, render, render_block
from schemas.programme import Programme
from secretariat.errors import BadInputError
from secretariat.languages import Language

_FILES = sorted(name for name in OURS.list_templates() if name.endswith((".txt", ".html")))
_SHARED = ("base", "footer")
_NAMES = sorted({file.partition(".")[0] for file in _FILES} - set(_SHARED))
_LONGEST_WAIT = 120  # seconds, on a machine that has much else to do


@dataclass
class Overrides:
    """The mail templates in a programme's ``directory``; without one, only the built-in ones.

    ``broken`` says of each mail that cannot be written by them why not, with file and line.
    """

    programme: Programme
    directory: Path | None = None
    broken: dict[str, str] = field(default_factory=dict, init=False)
    _sandbox: Sandbox = field(default=OURS, init=False)
    _seen: object = field(default="nothing yet", init=False)

    def __post_init__(self) -> None:
        self.refresh()

    @classmethod
    def beside(cls, file: Path, programme: Programme) -> "Overrides":
        """Those of the programme in ``file``, which names their directory."""
        directory = file.resolve().parent / programme.templates if programme.templates else None
        return cls(programme, directory)

    def refresh(self) -> None:
        """Read and try the files anew if any has changed."""
        if self.directory is None:
            return
        seen = _look(self.directory)
        if seen != self._seen:
            sources, unread = _read(self.directory)
            self.broken = _tried(self.directory, sources, self.programme) | unread
            self._sandbox, self._seen = Sandbox(own_first(sources)), seen

    def check(self) -> None:
        """Raises BadInputError with every mistake in the programme's templates."""
        if self.broken:
            raise BadInputError("\n".join(dict.fromkeys(self.broken.values())))

    def write(
        self, template: str, language: Language, facts: dict[str, Any], *, must_leave: bool
    ) -> tuple[str, str]:
        """The text and the HTML of a mail.

        One that ``must_leave`` is written by the built-in template if the programme's own cannot.
        Raises BadInputError: any other waits until the template is mended.
        """
        if template not in self.broken:
            try:
                return _written(template, language, facts, self._sandbox)
            except SQLAlchemyError:
                raise
            except Exception as error:
                if self._sandbox is OURS:
                    raise
                self.broken[template] = f"{self.directory}: {template}: {error}"
        if must_leave:
            return _written(template, language, facts, OURS)
        raise BadInputError(f"a template of the programme is broken: {self.broken[template]}")

    def block(self, file: str, block: str, language: Language, facts: dict[str, Any]) -> str:
        """A part of a mail, for the one that brings several together."""
        by = OURS if file.partition(".")[0] in self.broken else self._sandbox
        return render_block(file, block, language, facts, by)


def _written(
    template: str, language: Language, facts: dict[str, Any], by: Sandbox
) -> tuple[str, str]:
    text, html = (render(f"{template}.{kind}", language, facts, by) for kind in ("txt", "html"))
    return text, html


def _look(directory: Path) -> object:
    """What changes whenever a file does."""
    try:
        found = [(path.name, path.stat()) for path in directory.iterdir()]
    except OSError:
        return None
    return sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _read(directory: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of the files, and what is wrong with those that have none."""
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return {}, {
            "": f"{directory}: this directory of templates cannot be read: {error.strerror}"
        }
    sources, unread = {}, {}
    for path in paths:
        if path.name not in _FILES:
            unread[path.name] = (
                f"{path}: no mail has such a template; there are {', '.join(_FILES)}"
            )
            continue
        try:
            sources[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            unread[path.stem] = f"{path}: this cannot be read as UTF-8 text ({error})"
    return sources, unread


def _tried(directory: Path, sources: dict[str, str], programme: Programme) -> dict[str, str]:
    """What is wrong with each mail that these templates cannot write."""
    wrong: dict[str, str] = {}
    rest = list(_NAMES) if sources else []
    while rest:
        begun, found = _try(sources, programme, rest)
        for name, (file, line, words) in found.items():
            wrong[name] = f"{directory / file}:{line}: {words}"
        if begun is None:
            break
        wrong[begun] = f"{directory / begun}.*: writing this mail takes more than a second"
        rest = [name for name in rest if name > begun]
    return wrong


def _try(
    sources: dict[str, str], programme: Programme, names: list[str]
) -> tuple[str | None, dict[str, tuple[str, int, str]]]:
    """The mail whose writing ended the trial, if one did, and the mistakes met before."""
    asked = {"sources": sources, "programme": programme.model_dump(mode="json"), "names": names}
    trial = subprocess.run(
        [sys.executable, "-m", "notifications.trial"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_LONGEST_WAIT,
        check=False,
    )
    said = [json.loads(line) for line in trial.stdout.splitlines()]
    if not said:
        raise BadInputError(f"The templates could not be tried: {trial.stderr[-300:]}")
    begun = said[-1][0] if len(said[-1]) == 1 else None
    return begun, {line[0]: tuple(line[1]) for line in said if len(line) == 2 and line[1]}

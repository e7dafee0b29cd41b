"""Which texts are there to translate, and how far is each language?

``python -m secretariat.messages update`` takes the texts of the program and of the programmes we
ship into every catalogue; ``check`` says what is missing, and fails on what must not be shipped.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from schemas.programme import Programme
from secretariat import words
from secretariat.catalogues import OURS, PROGRAMMES, file_of, is_sound, is_translated, read
from secretariat.languages import ENGLISH, LANGUAGES
from secretariat.programme import SHIPPED, load_programme

HERE = Path(__file__).parent
ROOTS = (HERE, HERE.parent / "notifications")
_JINJA = "jinja2.ext:babel_extract"
METHODS = {".py": "python", ".html": _JINJA, ".txt": _JINJA}
_SPEAKS = re.compile(r"\b(_|gettext|phrase|marked)\(|{%-? *trans")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "phrase": None, "marked": None}
_HEAD = """\
# {name} ({code}), {domain}.
#
# These translations were made by a machine and no native speaker has checked them yet. Correct a
# text in its msgstr, run "make messages" and "make check"; then put your name for "nobody yet".
#
# One word for one thing:
#
msgid ""
msgstr ""
"Language: {code}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"
"Last-Translator: a machine\\n"
"X-Checked-By: nobody yet\\n"
"""


@dataclass
class State:
    """How far one catalogue is: counts, who checked it, and what must not be shipped."""

    language: str
    domain: str
    texts: int = 0
    missing: int = 0
    fuzzy: int = 0
    checked_by: str = "nobody yet"
    faults: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return (
            f"{self.language} {self.domain}: {self.texts} texts, {self.missing} missing, "
            f"{self.fuzzy} fuzzy, checked by {self.checked_by}"
        )


def states() -> Iterator[State]:
    """The state of every catalogue there is to be."""
    for domain, (root, texts) in _domains().items():
        for code in LANGUAGES:
            if code != ENGLISH.code:
                yield state_of(file_of(root, code, domain), code, domain, texts)


def update() -> None:
    """Take new texts into each catalogue and old ones out; the head of a file stays as it is."""
    for domain, (root, texts) in _domains().items():
        for code, language in LANGUAGES.items():
            if code == ENGLISH.code:
                continue
            path = file_of(root, code, domain)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                plurals = Catalog(locale=code).plural_forms
                head = _HEAD.format(
                    name=language.english_name, code=code, domain=domain, plurals=plurals
                )
                path.write_text(head, encoding="utf-8")
            catalog = read(path)
            catalog.update(texts, no_fuzzy_matching=True)
            write(path, catalog)


def write(path: Path, catalog: Catalog) -> None:
    """Put a catalogue's texts, sorted, under the head its file has."""
    head = path.read_text(encoding="utf-8").partition("\n\n")[0].strip()
    body = BytesIO()
    write_po(
        body,
        catalog,
        width=0,
        sort_output=True,
        omit_header=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    path.write_text(f"{head}\n\n{body.getvalue().decode().strip()}\n", encoding="utf-8")


def _domains() -> dict[str, tuple[Path, Catalog]]:
    """The texts of each domain, and where its catalogues are."""
    programmes = (load_programme(path) for path in [SHIPPED / "commit.yaml"])
    return {"secretariat": (OURS, _program())} | {
        programme.slug: (PROGRAMMES, _programme(programme)) for programme in programmes
    }


def _program() -> Catalog:
    """All texts in templates and modules."""
    found = Catalog()
    for path in sorted(path for root in ROOTS for path in root.rglob("*")):
        if path.suffix not in METHODS or not _SPEAKS.search(path.read_text(encoding="utf-8")):
            continue
        place = path.relative_to(HERE.parent).as_posix()
        options = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
        texts = extract_from_file(METHODS[path.suffix], path, KEYWORDS, options=options)
        for _, text, _, _ in texts:
            found.add(text, locations=[(place, 1)])
    for text in words.MESSAGES:
        found.add(text, locations=[("secretariat/words.py", 1)])
    return found


def _programme(programme: Programme) -> Catalog:
    """All names and titles people read in a programme file."""
    found = Catalog()
    for text in filter(None, _texts(programme)):
        found.add(text)
    return found


def _texts(programme: Programme) -> Iterator[str]:
    yield programme.title
    yield from (member.name for member in programme.members)
    yield from (body.name for body in programme.bodies)
    yield from (contact.role.replace("-", " ") for contact in programme.contacts)
    yield from (item.name for item in programme.readiness)
    for function in programme.functions:
        yield from (function.name, function.what, function.knock_on)
        yield from (duty.name for duty in function.duties)
        yield from (milestone.title for milestone in function.milestones)
        yield from (milestone.evidence for milestone in function.milestones)
        for strand in function.strands:
            yield strand.name
            yield from (stage.name for stage in strand.stages)
            yield from (stage.evidence for stage in strand.stages)
    for step in (step for ladder in programme.ladders for step in ladder.steps):
        yield from (step.name.replace("-", " "), step.to.replace("-", " "))
    for indicator in programme.indicators:
        yield from (indicator.name, indicator.unit)


def state_of(path: Path, code: str, domain: str, texts: Catalog) -> State:
    state = State(code, domain, len(texts), len(texts))
    if not path.exists():
        state.faults.append(f"{path} is not there; run “make messages”")
        return state
    try:
        catalog = read(path)
    except ValueError as error:
        state.faults.append(str(error))
        return state
    state.checked_by = _checked_by(path)
    known = {message.id for message in catalog if message.id}
    if known != {message.id for message in texts if message.id}:
        state.faults.append(f"{path} has not the texts of the program; run “make messages”")
    for message in catalog:
        if message.id and is_translated(message):
            state.missing -= 1
            if not is_sound(message):
                state.faults.append(f"{path}: other placeholders than in “{message.id}”")
        elif message.fuzzy:
            state.fuzzy += 1
    return state


def _checked_by(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    named = (line for line in lines if line.startswith('"X-Checked-By: '))
    return next(named, '"X-Checked-By: nobody yet').removeprefix('"X-Checked-By: ')[:-3]


if __name__ == "__main__":
    if sys.argv[1:] == ["update"]:
        update()
    found = list(states())
    print("\n".join(state.words for state in found))  # noqa: T201
    sys.exit("\n".join(fault for state in found for fault in state.faults) or 0)

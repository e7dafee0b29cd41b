"""What is a dossier made of, whatever it is printed as?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Points:
    """Sentences of equal rank."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What a thing is, as (name, value) pairs."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under named columns; ``widths`` are shares of the line."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


Block = str | Points | Facts | Table | Section
"""A string is a paragraph. All text is plain: no renderer reads markup in it."""


@dataclass(frozen=True)
class Dossier:
    """A handover file, or a paper of another ``kind``, as things stood at ``at``.

    ``at`` is in the programme's zone, ``day`` that day in words, ``head`` the ledger's last entry
    then, ``SEQ:HASH``; ``greeting`` names the members in their own languages.
    """

    name: str
    title: str
    what: str
    programme: str
    author: str
    language: str
    at: datetime
    day: str
    head: str
    greeting: str
    sections: tuple[Section, ...]
    kind: str = "Handover dossier"

    @property
    def short_head(self) -> str:
        seq, _, seal = self.head.partition(":")
        return f"{seq}:{seal[:16]}"


def texts(dossier: Dossier) -> set[str]:
    """Every text a reader sees."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.add(text)
        return text

    rewritten(dossier, note)
    return found


def rewritten(dossier: Dossier, change: Callable[[str], str]) -> Dossier:
    """The same dossier with every text changed."""
    return replace(
        dossier,
        title=change(dossier.title),
        what=change(dossier.what),
        programme=change(dossier.programme),
        author=change(dossier.author),
        greeting=change(dossier.greeting),
        sections=tuple(_section(section, change) for section in dossier.sections),
    )


def _section(section: Section, change: Callable[[str], str]) -> Section:
    return Section(change(section.title), tuple(_block(block, change) for block in section.blocks))


def _block(block: Block, change: Callable[[str], str]) -> Block:
    match block:
        case str():
            return change(block)
        case Points(items):
            return Points(tuple(map(change, items)))
        case Facts(rows):
            return Facts(tuple((change(name), change(value)) for name, value in rows))
        case Table(columns, widths, rows):
            changed = tuple(tuple(map(change, row)) for row in rows)
            return Table(tuple(map(change, columns)), widths, changed)
        case Section():
            return _section(block, change)

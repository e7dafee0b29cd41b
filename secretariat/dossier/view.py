"""What a dossier is read from: one programme, one session, one moment, and days in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from schemas.programme import Member, Programme
from schemas.tables import Entry
from secretariat import board, words
from secretariat.commands.office import bodies_of
from secretariat.dossier.shapes import Block, Section, Table
from secretariat.moments import last_day


@dataclass(frozen=True)
class View:
    """``session`` reads the store as it stood at ``now`` (aware)."""

    session: Session
    programme: Programme
    now: datetime

    @cached_property
    def chair(self) -> board.Chair:
        return board.chair(self.session)

    @cached_property
    def steward(self) -> str:
        return bodies_of(self.session, self.programme).steward

    def zone(self, body: str) -> ZoneInfo:
        """Where the body's working day is; the chair's office works where the chair is."""
        member = None
        if body == self.programme.chair and self.chair.term:
            member = self.programme.member(self.chair.term.member)
        return ZoneInfo(member.zone) if member else self.programme.body_zone(body)

    def day(self, at: datetime) -> str:
        """The programme's day an instant lies in: “10 March 2020”."""
        return in_words(at.astimezone(ZoneInfo(self.programme.zone)).date())

    def last_day(self, at: datetime, body: str) -> str:
        """The day of the body that ends with ``at``: what is due on a day is due at its end."""
        return in_words(last_day(at, self.zone(body).key))

    def name(self, body: str) -> str:
        return words.name_of(self.programme, body)

    def member(self, code: str | None) -> Member | None:
        return self.programme.member(code) if code else None

    def entries(self, *which: ColumnElement[bool]) -> list[Entry]:
        """The ledger's entries for which all of ``which`` holds, oldest first."""
        return list(self.session.exec(select(Entry).where(*which).order_by(col(Entry.seq))))

    def head(self) -> str:
        """The ledger's last entry, ``SEQ:HASH``; “0” of an empty ledger."""
        last = self.session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()
        return f"{last.seq}:{last.hash}" if last else "0"


def in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def capital(text: str) -> str:
    """The text beginning with a capital; the rest stays as it is: “UN-led”."""
    return text[:1].upper() + text[1:]


def one_line(text: str) -> str:
    return " ".join(text.split())


def table(columns: dict[str, int], rows: Iterable[tuple[str, ...]], otherwise: str) -> Table | str:
    """A table of named columns with their shares of the line, or a sentence if it has no rows."""
    found = tuple(rows)
    return Table(tuple(columns), tuple(columns.values()), found) if found else otherwise


def section(title: str, *blocks: Block) -> Section:
    return Section(title, blocks)

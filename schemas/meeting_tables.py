"""The tables of meetings: agenda, documents, delegations, the statement, decisions."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class AgendaItem(SQLModel, table=True):
    """An item of a meeting's agenda; ``id`` is ``SOM14/item-3``."""

    __tablename__ = "agenda_item"

    id: str = Field(primary_key=True)
    som: str = Field(index=True)
    number: int
    title: str
    presenter: str | None = Field(default=None, description="a body")
    paper: bool = Field(default=False, description="whether the presenter is asked for one")
    carried_from: str | None = Field(default=None, description="the item it continues")
    carried_to: str | None = Field(default=None, description="the item that continues it")
    reached: bool | None = Field(default=None, description="what the minutes say; null: nothing")
    summary: str = ""
    withdrawn_at: datetime | None = instant(default=None)
    withdrawn_why: str = ""

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None


class Document(SQLModel, table=True):
    """A version of a document handed in for an obligation; ``id`` is ``obligation#version``."""

    __tablename__ = "document"

    id: str = Field(primary_key=True)
    obligation: str = Field(index=True)
    version: int
    name: str
    sha256: str = Field(index=True)
    size: int = Field(description="bytes")
    by: str
    contact: str | None = None
    filed_at: datetime = instant()


class Delegation(SQLModel, table=True):
    """How many somebody sends to a meeting; ``id`` is the obligation. Names stand elsewhere."""

    __tablename__ = "delegation"

    id: str = Field(primary_key=True)
    som: str = Field(index=True)
    body: str
    count: int
    with_head: bool
    named_at: datetime = instant()


class Silence(SQLModel, table=True):
    """A draft of the joint statement circulated with a deadline; ``id`` is ``SOM14/statement-1``.

    Nobody objects until ``ends_at``: it is adopted.
    """

    __tablename__ = "silence"
    __table_args__ = (CheckConstraint("state in ('open', 'broken', 'adopted', 'replaced')"),)

    id: str = Field(primary_key=True)
    som: str = Field(index=True)
    number: int
    document: str = Field(description="the version that was circulated")
    circulated_at: datetime = instant()
    until: date = Field(description="its last day")
    ends_at: datetime = instant(description="when that day is over in every country")
    state: str = "open"
    ended_at: datetime | None = instant(default=None)


class Objection(SQLModel, table=True):
    """A government that broke a silence, and why."""

    __tablename__ = "objection"

    silence: str = Field(primary_key=True)
    body: str = Field(primary_key=True)
    reason: str
    at: datetime = instant()


class Decision(SQLModel, table=True):
    """What a meeting decided, and of whom it is asked; ``id`` is ``SOM14/decision-2``."""

    __tablename__ = "decision"

    id: str = Field(primary_key=True)
    som: str = Field(index=True)
    number: int
    text: str
    body: str
    do_by: date | None = Field(default=None, description="else the day of its milestone")
    item: int | None = None
    recorded_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)
    withdrawn_why: str = ""


# -- beside the ledger -----------------------------------------------------------------------------


class StoredFile(SQLModel, table=True):
    """The bytes of a document; the ledger has their name, size and SHA-256."""

    __tablename__ = "stored_file"

    sha256: str = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    kept_at: datetime = instant()


class Attendee(SQLModel, table=True):
    """Somebody named for a delegation, outside the ledger so that they can be erased."""

    __tablename__ = "attendee"

    id: int | None = Field(default=None, primary_key=True)
    delegation: str = Field(index=True, description="the obligation it was named for")
    name: str
    title: str = ""
    head: bool = False

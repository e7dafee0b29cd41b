"""The table of webhooks: where other programs are told what happened here."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class Webhook(SQLModel, table=True):
    """An address that gets each new entry of the ledger, and how far it has got.

    It stands beside the ledger. ``secret`` is encrypted with a key outside the store. Its times are
    real ones, also where a demo's clock is moved about.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("state in ('on', 'given up')"),
        CheckConstraint("(tries = 0) = (failing_since is null)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    url: str
    kinds: list[str] = Field(sa_type=JSON, description="what its entries begin with; none: all")
    secret: str
    cursor: int = Field(description="the last entry that arrived")
    state: str = "on"
    tries: int = Field(default=0, description="how often the next entry was sent in vain")
    failing_since: datetime | None = instant(default=None)
    next_at: datetime | None = instant(default=None, description="not to be tried before")
    last_at: datetime | None = instant(default=None)
    last_words: str = ""
    made_at: datetime = instant()
    by: str

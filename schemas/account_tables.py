"""The tables of signing in: sessions, second factors, and accounts that were closed.

They stand beside the ledger: who looks at the board is nobody's history.
"""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class SignedIn(SQLModel, table=True):
    """A browser, or a ``program`` with a token, that is signed in as a contact.

    ``id`` is the hash of its cookie or token. It ends when another ``person`` holds the contact's
    post, and a browser's also when the contact has another ``role``. ``scopes`` bound what a token
    is good for; those made before there were any have none. ``pending`` is what it was handed to
    prove a second factor with, once.
    """

    __tablename__ = "signed_in"
    __table_args__ = (CheckConstraint("kind in ('browser', 'program')"),)

    id: str = Field(primary_key=True)
    kind: str
    contact: str = Field(index=True)
    person: str | None = None
    role: str
    scopes: list[str] | None = Field(default=None, sa_type=JSON)
    browser: str = Field(default="", description="what it calls itself")
    made_at: datetime = instant()
    seen_at: datetime = instant(description="to the minute")
    expires_at: datetime = instant()
    wants_factor: bool = Field(description="it counts only once a second factor was given")
    factor_at: datetime | None = instant(default=None, description="the second factor was given")
    pending: str | None = None


class SecondFactor(SQLModel, table=True):
    """What a contact has besides its mailbox, as long as the same ``person`` holds its post.

    ``secret`` is an authenticator's, encrypted with a key outside the store, or a passkey's public
    key. ``counter`` is the last time step a code was taken for, or a passkey's own count.
    """

    __tablename__ = "second_factor"
    __table_args__ = (
        CheckConstraint("kind in ('authenticator', 'passkey')"),
        CheckConstraint("(kind = 'passkey') = (credential is not null)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact: str = Field(index=True)
    person: str | None = None
    kind: str
    secret: str
    credential: str | None = Field(default=None, unique=True)
    counter: int = 0
    made_at: datetime = instant()
    used_at: datetime | None = instant(default=None)


class RecoveryCode(SQLModel, table=True):
    """A code for when the second factor is lost, good once; ``id`` is its hash."""

    __tablename__ = "recovery_code"

    id: str = Field(primary_key=True)
    contact: str = Field(index=True)
    person: str | None = None
    used_at: datetime | None = instant(default=None)


class ClosedAccount(SQLModel, table=True):
    """A contact that may not sign in until the operator opens its account again."""

    __tablename__ = "closed_account"

    contact: str = Field(primary_key=True)
    closed_at: datetime = instant()
    by: str

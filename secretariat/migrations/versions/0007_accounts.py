"""accounts: sessions that end, second factors, closed accounts

Who was signed in signs in again, and programs get new tokens.
"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, schemas.columns.Instant(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.drop_table("signed_in")
    op.create_table(
        "signed_in",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        _instant("made_at"),
        _instant("seen_at"),
        _instant("expires_at"),
        sa.Column("wants_factor", sa.Boolean(), nullable=False),
        _instant("factor_at", nullable=True),
        sa.Column("pending", sa.String(), nullable=True),
        sa.CheckConstraint("kind in ('browser', 'program')"),
    )
    op.create_table(
        "second_factor",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("credential", sa.String(), nullable=True, unique=True),
        sa.Column("counter", sa.Integer(), nullable=False),
        _instant("made_at"),
        _instant("used_at", nullable=True),
        sa.CheckConstraint("kind in ('authenticator', 'passkey')"),
        sa.CheckConstraint("(kind = 'passkey') = (credential is not null)"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        _instant("used_at", nullable=True),
    )
    op.create_table(
        "closed_account",
        sa.Column("contact", sa.String(), primary_key=True),
        _instant("closed_at"),
        sa.Column("by", sa.String(), nullable=False),
    )
    for table in ("signed_in", "second_factor", "recovery_code"):
        op.create_index(f"ix_{table}_contact", table, ["contact"])

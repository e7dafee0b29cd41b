"""webhooks"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, schemas.columns.Instant(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _instant("failing_since", nullable=True),
        _instant("next_at", nullable=True),
        _instant("last_at", nullable=True),
        sa.Column("last_words", sa.String(), nullable=False),
        _instant("made_at"),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('on', 'given up')"),
        sa.CheckConstraint("(tries = 0) = (failing_since is null)"),
    )

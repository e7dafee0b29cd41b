"""returns of figures"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = schemas.columns.Instant(timezone=True)
    op.create_table(
        "figure_return",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("saved_at", instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("first_submitted_at", instant, nullable=True),
        sa.Column("submitted_at", instant, nullable=True),
        sa.Column("submitted_by", sa.String(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("correction", sa.String(), nullable=False),
        sa.Column("correction_asked_at", instant, nullable=True),
        sa.Column("verified_at", instant, nullable=True),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("verified_note", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('draft', 'submitted', 'correction', 'verified')"),
        sa.CheckConstraint("(state = 'draft') = (submitted_at is null)"),
        sa.CheckConstraint("(state = 'verified') = (verified_at is not null)"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_figure_return_period", "figure_return", ["period"])

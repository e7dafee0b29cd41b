"""figures, stages and turns of the chair"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("at_least", sa.Boolean(), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("stated_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("withdrawn_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_statement_figure", "statement", ["indicator", "period", "about"])
    op.create_table(
        "stage_report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("strand", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reported_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('planned', 'under-way', 'reached')"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stage_report_function", "stage_report", ["function"])
    op.create_table(
        "passed_turn",
        sa.Column("som", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("passed_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("som", "member"),
    )
    op.create_table(
        "swap",
        sa.Column("som", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("offered_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("answered_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('offered', 'accepted', 'declined')"),
        sa.PrimaryKeyConstraint("som"),
    )

"""meetings: venue, agenda, documents, delegations, the joint statement and decisions"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = schemas.columns.Instant(timezone=True)


def _words(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=optional)


def _count(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=optional)


def _at(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, INSTANT, nullable=optional)


def upgrade() -> None:
    with op.batch_alter_table("som") as table:
        table.add_column(_words("venue", optional=True))
    _make_the_agenda()
    _make_what_is_handed_in()
    _make_the_statement()


def _make_the_agenda() -> None:
    op.create_table(
        "agenda_item",
        _words("id"),
        _words("som"),
        _count("number"),
        _words("title"),
        _words("presenter", optional=True),
        sa.Column("paper", sa.Boolean(), nullable=False),
        _words("carried_from", optional=True),
        _words("carried_to", optional=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        _words("summary"),
        _at("withdrawn_at", optional=True),
        _words("withdrawn_why"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_agenda_item_som", "agenda_item", ["som"])
    op.create_table(
        "decision",
        _words("id"),
        _words("som"),
        _count("number"),
        _words("text"),
        _words("body"),
        sa.Column("do_by", sa.Date(), nullable=True),
        _count("item", optional=True),
        _at("recorded_at"),
        _at("withdrawn_at", optional=True),
        _words("withdrawn_why"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_decision_som", "decision", ["som"])


def _make_what_is_handed_in() -> None:
    op.create_table(
        "document",
        _words("id"),
        _words("obligation"),
        _count("version"),
        _words("name"),
        _words("sha256"),
        _count("size"),
        _words("by"),
        _words("contact", optional=True),
        _at("filed_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("obligation", "sha256"):
        op.create_index(f"ix_document_{column}", "document", [column])
    op.create_table(
        "stored_file",
        _words("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _at("kept_at"),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "delegation",
        _words("id"),
        _words("som"),
        _words("body"),
        _count("count"),
        sa.Column("with_head", sa.Boolean(), nullable=False),
        _at("named_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delegation_som", "delegation", ["som"])
    op.create_table(
        "attendee",
        _count("id"),
        _words("delegation"),
        _words("name"),
        _words("title"),
        sa.Column("head", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attendee_delegation", "attendee", ["delegation"])


def _make_the_statement() -> None:
    op.create_table(
        "silence",
        _words("id"),
        _words("som"),
        _count("number"),
        _words("document"),
        _at("circulated_at"),
        sa.Column("until", sa.Date(), nullable=False),
        _at("ends_at"),
        _words("state"),
        _at("ended_at", optional=True),
        sa.CheckConstraint("state in ('open', 'broken', 'adopted', 'replaced')"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silence_som", "silence", ["som"])
    op.create_table(
        "objection",
        _words("silence"),
        _words("body"),
        _words("reason"),
        _at("at"),
        sa.PrimaryKeyConstraint("silence", "body"),
    )

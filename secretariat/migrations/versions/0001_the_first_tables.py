"""the first tables"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("since", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("until", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("substitute", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("post"),
    )
    op.create_table(
        "cycle",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("opened_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("closed_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("cycle", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cycle_function"), ["function"], unique=False)

    op.create_table(
        "ending",
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("ends_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("ended_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("body"),
    )
    op.create_table(
        "holding",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("takes_over", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("since", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("offered_to", sa.String(), nullable=True),
        sa.Column("offered_phase", sa.String(), nullable=True),
        sa.Column("answer_by", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("follow_up", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("custody_of", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(standing = 'offered') = (offered_phase is not null)"),
        sa.CheckConstraint("(standing = 'offered') = (offered_to is not null)"),
        sa.CheckConstraint("(standing = 'suspended') = (follow_up is not null)"),
        sa.CheckConstraint("phase in ('un_led', 'shared', 'government_led', 'completed')"),
        sa.CheckConstraint("standing in ('steady', 'offered', 'suspended')"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("holding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holding_function"), ["function"], unique=False)

    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_subject"), ["subject"], unique=False)

    op.create_table(
        "link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("expires_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("used_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("used_as", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "milestone",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_cycle"), ["cycle"], unique=False)

    op.create_table(
        "obligation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("asked_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("acknowledge_by", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("do_by", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("moved_from", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("missed_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("ladder", sa.JSON(), nullable=False),
        sa.Column("acknowledged_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("done_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_obligation_cycle"), ["cycle"], unique=False)
        batch_op.create_index("ix_obligation_open", ["done_at", "do_by"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idem_key", sa.String(), nullable=False),
        sa.Column("asked_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("not_before", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("obligation", sa.String(), nullable=True),
        sa.Column("holding", sa.String(), nullable=True),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lease_until", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("possible_duplicate", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("accepted_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state != 'accepted' or (accepted_at is not null and content is not null)"
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'sending', 'accepted', 'refused', 'suppressed', 'held')"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idem_key"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_holding"), ["holding"], unique=False)
        batch_op.create_index("ix_outbox_next", ["state", "not_before"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_obligation"), ["obligation"], unique=False)

    op.create_table(
        "person",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "post_held",
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("since", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("until", schemas.columns.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("post", "since"),
    )
    op.create_table(
        "readiness",
        sa.Column("holding", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("waived", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.CheckConstraint("(evidence is null) <> (waived is null)"),
        sa.PrimaryKeyConstraint("holding", "item"),
    )
    op.create_table(
        "review",
        sa.Column("holding", sa.String(), nullable=False),
        sa.Column("asked_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("answered_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("performed", sa.Boolean(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("holding", "asked_at"),
    )
    op.create_table(
        "run",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("deployment", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("asked_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("prefect_id", sa.String(), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("ended_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'started', 'running', 'done', 'failed')"),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_prefect_id"), ["prefect_id"], unique=False)

    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "signed_in",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("expires_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "som",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("postponed_from", sa.String(), nullable=True),
        sa.Column("closed_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "support",
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("proposed_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("function", "body"),
    )
    op.create_table(
        "term",
        sa.Column("som", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("agreement", sa.String(), nullable=False),
        sa.Column("took_office_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("left_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.CheckConstraint("agreement in ('formal', 'informal')"),
        sa.PrimaryKeyConstraint("som"),
    )
    op.create_table(
        "timer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("claimed_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.create_index("ix_timer_due", ["claimed_at", "due_at"], unique=False)
        batch_op.create_index("ix_timer_step", ["kind", "subject", "step"], unique=True)

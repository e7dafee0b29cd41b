"""mail people trust: how far an attempt came, when a mail expires, what it became part of"""

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ENDED = "('accepted', 'bounced', 'refused', 'suppressed', 'expired')"
KEPT = (
    "id, idem_key, asked_at, not_before, contact, template, obligation, holding, context, subject, "
    "message_id, address, content, state, lease_until, attempts, possible_duplicate, reply, "
    "accepted_at"
)


def upgrade() -> None:
    _make_the_outbox_anew()
    _let_digests_be_stopped()
    _make_links_anew()
    _make_room_for_what_comes_back()
    _let_obligations_say_more()
    _let_days_keep_their_rule()


def _let_digests_be_stopped() -> None:
    op.create_table(
        "no_digest",
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("since", schemas.columns.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contact"),
    )


def _make_the_outbox_anew() -> None:
    """SQLite cannot change a CHECK, so the rows move to a table that has the new ones."""
    for index in ("ix_outbox_holding", "ix_outbox_next", "ix_outbox_obligation"):
        op.drop_index(index, table_name="outbox")
    op.rename_table("outbox", "outbox_before")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idem_key", sa.String(), nullable=False),
        sa.Column("asked_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("not_before", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("obligation", sa.String(), nullable=True),
        sa.Column("holding", sa.String(), nullable=True),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("bundle", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lease_until", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("possible_duplicate", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("accepted_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("ended_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"state in ('waiting', 'sending', 'unknown', 'held', 'bundled', {ENDED[1:]}"
        ),
        sa.CheckConstraint(
            "state != 'accepted' or (accepted_at is not null and content is not null)"
        ),
        sa.CheckConstraint("(state = 'sending') = (lease_until is not null)"),
        sa.CheckConstraint("(state = 'bundled') = (bundle is not null)"),
        sa.CheckConstraint(f"(state in {ENDED}) = (ended_at is not null)"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idem_key"),
    )
    op.create_index(
        "ix_outbox_next", "outbox", ["state", "urgency", "expires_at", "not_before", "id"]
    )
    for column in ("attempted_at", "bundle", "holding", "message_id", "obligation"):
        op.create_index(f"ix_outbox_{column}", "outbox", [column])
    op.execute(
        f"insert into outbox ({KEPT}, urgency, faults, phase, code, ended_at) "  # noqa: S608
        f"select {KEPT}, 3, 0, case when state = 'sending' then 'dot' else '' end, '', "
        f"case when state in {ENDED} "
        "then coalesce(accepted_at, not_before) end from outbox_before"
    )
    op.drop_table("outbox_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "select setval(pg_get_serial_sequence('outbox', 'id'), "
            "(select coalesce(max(id), 0) + 1 from outbox), false)"
        )


def _make_links_anew() -> None:
    """Links are signed in another way now; who holds one of before asks the secretariat."""
    op.drop_table("link")
    op.create_table(
        "link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("made_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("used_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("renewed_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.Column("revoked_at", schemas.columns.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("key", "object", "contact", "expires_at"):
        op.create_index(f"ix_link_{column}", "link", [column])


def _make_room_for_what_comes_back() -> None:
    op.create_table(
        "suspended_address",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("since", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("obligation", sa.String(), nullable=True),
        sa.Column("holding", sa.String(), nullable=True),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint("kind in ('person', 'away', 'automatic')"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reply_sender", "reply", ["sender", "at"])
    op.create_index("ix_reply_once", "reply", ["mail", "said"], unique=True)
    for column in ("holding", "obligation"):
        op.create_index(f"ix_reply_{column}", "reply", [column])
    op.create_table(
        "received",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", schemas.columns.Instant(timezone=True), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_received_at", "received", ["at"])


def _let_obligations_say_more() -> None:
    """Days put off, asked for and extended; the whole ladder, not only its steps."""
    with op.batch_alter_table("timer") as table:
        table.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("timer") as table:
        table.alter_column("turn", server_default=None)
    counts = ("sequence", "extended_by", "snoozes")
    with op.batch_alter_table("obligation") as table:
        table.add_column(sa.Column("promised_on", sa.Date(), nullable=True))
        for name in counts:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("wanted_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("wanted_why", sa.String(), nullable=False, server_default=""))
        for name in ("wanted_at", "acknowledged_until"):
            table.add_column(sa.Column(name, schemas.columns.Instant(timezone=True), nullable=True))
        table.add_column(sa.Column("snoozed_until", sa.Date(), nullable=True))
    _complete_what_was_asked()
    with op.batch_alter_table("obligation") as table:
        table.alter_column("promised_on", existing_type=sa.Date(), nullable=False)
        for name in (*counts, "wanted_why"):
            table.alter_column(name, server_default=None)


def _complete_what_was_asked() -> None:
    """As the ledger, read anew, would have it."""
    asked = sa.table(
        "obligation",
        *map(sa.column, ("id", "sequence")),
        sa.column("due_on", sa.Date()),
        sa.column("promised_on", sa.Date()),
        sa.column("ladder", sa.JSON()),
    )
    ledger = sa.table("ledger", *map(sa.column, ("seq", "kind", "subject", "data")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(asked.c.id, asked.c.due_on, asked.c.ladder)).all():
        query = sa.select(ledger.c.kind, ledger.c.data).where(ledger.c.subject == row.id)
        first, moves = row.due_on, 0
        for entry in connection.execute(query.order_by(ledger.c.seq)):
            if entry.kind == "obligation.asked":
                first, moves = date.fromisoformat(json.loads(entry.data)["due_on"]), 0
            moves += entry.kind == "obligation.moved"
        whole = {"slug": "standard", "acknowledge_within": 5, "steps": row.ladder}
        connection.execute(
            asked.update()
            .where(asked.c.id == row.id)
            .values(promised_on=first, sequence=moves, ladder=whole)
        )


def _let_days_keep_their_rule() -> None:
    """What a day was counted from, so that it can be counted again by a newer calendar."""
    with op.batch_alter_table("milestone") as table:
        table.add_column(sa.Column("anchor", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("offset", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("milestone") as table:
        for name in ("anchor", "offset"):
            table.alter_column(name, server_default=None)
    with op.batch_alter_table("obligation") as table:
        table.add_column(
            sa.Column("by_rule", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    with op.batch_alter_table("obligation") as table:
        table.alter_column("by_rule", server_default=None)

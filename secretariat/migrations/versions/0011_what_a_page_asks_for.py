"""indexes by which pages find what is open, of a function, a body or a meeting"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("function", "body"):
        op.create_index(f"ix_obligation_{column}", "obligation", [column, "done_at", "do_by"])
    op.create_index("ix_review_answered_at", "review", ["answered_at"])
    op.create_index("ix_cycle_name", "cycle", ["name"])

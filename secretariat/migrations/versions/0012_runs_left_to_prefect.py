"""a run that Prefect's own trigger is to begin waits for it first"""

import sqlalchemy as sa
from alembic import op

import schemas.columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("not_before", schemas.columns.Instant(timezone=True)))

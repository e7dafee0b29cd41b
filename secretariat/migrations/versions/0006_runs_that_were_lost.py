"""runs that were lost"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("beat", "lost"):
        op.add_column("run", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))

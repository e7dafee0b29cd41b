"""scopes of tokens

Tokens made before go on as they were, without bounds of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signed_in", sa.Column("scopes", sa.JSON(), nullable=True))

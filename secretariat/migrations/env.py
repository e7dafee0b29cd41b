"""Alembic's entry: migrates the store it is handed, within a transaction if it is handed one."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from schemas.read_models import READ_MODELS
from secretariat.store import WRITER_LOCK

assert READ_MODELS


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        transactional_ddl=True,  # on SQLite too, where transactions are begun by us
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # two programs may begin at once
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({WRITER_LOCK})")
        context.run_migrations()


if (within := context.config.attributes["within"]) is not None:
    migrate(within)
else:
    with context.config.attributes["engine"].connect() as own:
        migrate(own)
        own.commit()

"""Alembic's entry: migrates the store it is handed."""

from alembic import context
from sqlmodel import SQLModel

from schemas.read_models import READ_MODELS
from secretariat.store import WRITER_LOCK

assert READ_MODELS

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # two programs may begin at once
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({WRITER_LOCK})")
        context.run_migrations()
    connection.commit()

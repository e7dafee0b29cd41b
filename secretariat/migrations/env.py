"""Alembic's entry: migrates the store it is handed."""

from alembic import context
from sqlmodel import SQLModel

from schemas.read_models import READ_MODELS

assert READ_MODELS

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

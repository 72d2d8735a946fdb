"""Alembic runs this file; the connection and its transaction belong to the caller."""

from alembic import context

from amends_store.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    transactional_ddl=True,
)
context.run_migrations()

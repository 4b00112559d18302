"""Runs migrations on the connection that `sync.county.office` hands over."""

from alembic import context

from sync.county.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

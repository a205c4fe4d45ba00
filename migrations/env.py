"""Runs migrations on the connection that ``loyalty_api.kernel.migrate`` hands over."""

from alembic import context
from sqlalchemy import text

from loyalty_api.tables import metadata

connection = context.config.attributes["connection"]
# A migration that waits for a lock would make every till wait behind it.
connection.execute(text("SET lock_timeout = '5s'"))
connection.execute(text("SET statement_timeout = '15min'"))
connection.commit()
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()

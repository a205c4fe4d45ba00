"""How a migration makes tables, so that the schema can be distributed without a rewrite.

On plain PostgreSQL these make ordinary tables. Where the Citus extension is loaded they also place them: member
tables by ``member_id``, claim tables by the value they claim, reference tables everywhere.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import text

from loyalty_api.kernel.database import APPLICATION_ROLE


def member_table(name: str, *columns: Any, **options: Any) -> None:
    """A table of rows that belong to one member; every key of it begins with ``member_id``."""
    op.create_table(name, *columns, **options)
    _place(f"create_distributed_table('{name}', 'member_id')")


def claim_table(name: str, *columns: Any, by: str) -> None:
    """A table whose rows make a value unique across members; placed by that value."""
    op.create_table(name, *columns)
    _place(f"create_distributed_table('{name}', '{by}', colocate_with => 'none')")


def reference_table(name: str, *columns: Any) -> None:
    """A small table of configuration, the same on every node."""
    op.create_table(name, *columns)
    _place(f"create_reference_table('{name}')")


def row_type(name: str, **fields: str) -> None:
    """A composite type whose rows pass as one argument (see ``kernel/together.py``). It is never changed."""
    op.execute(f"CREATE TYPE {name} AS ({', '.join(f'{field} {kind}' for field, kind in fields.items())})")


def make_application_role() -> None:
    """Makes the role that processes drop to, where the migrating user may make one; else they stay who they are."""
    op.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {APPLICATION_ROLE} NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role {APPLICATION_ROLE} was not made: this user may not make roles';
        END $$""")


def grant(name: str, rights: str) -> None:
    """Gives the application's role rights on a table, as ``SELECT, INSERT``; nothing where there is no role."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
                GRANT {rights} ON {name} TO {APPLICATION_ROLE};
            END IF;
        END $$""")


def _place(call: str) -> None:
    if op.get_bind().execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")).scalar():
        op.execute(f"SELECT {call}")

"""The schema: up from nothing, the same as the models say, safe to run while tills post."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from loyalty_api.kernel.database import driver_url
from loyalty_api.kernel.migrate import migrate, missing_migrations, newest_migration
from loyalty_api.tables import metadata
from tests.architecture.source import ROOT


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


async def on(url: str, work: Any) -> Any:
    engine = create_async_engine(driver_url(url).replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def test_an_empty_database_is_brought_up_and_a_second_run_finds_nothing_to_do(empty_database_url: str) -> None:
    every = [each.revision for each in reversed(list(script().walk_revisions()))]
    assert await missing_migrations(empty_database_url) == every
    assert await migrate(empty_database_url) == every
    assert await missing_migrations(empty_database_url) == []
    assert await migrate(empty_database_url) == []


async def test_the_database_is_what_the_models_say(fresh_database_url: str) -> None:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, metadata)

    assert await on(fresh_database_url, compare) == []


async def test_the_checks_of_the_database_are_those_of_the_models(fresh_database_url: str) -> None:
    """Which Alembic does not compare."""
    connection = await asyncpg.connect(fresh_database_url)
    rows = await connection.fetch(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    await connection.close()
    modelled = {
        str(check.name)
        for table in metadata.tables.values()
        for check in table.constraints
        if type(check).__name__ == "CheckConstraint"
    }
    assert {row["conname"] for row in rows} == modelled


async def test_rows_that_change_in_place_have_room_on_their_page(fresh_database_url: str) -> None:
    connection = await asyncpg.connect(fresh_database_url)
    rows = await connection.fetch(
        "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL AND relkind = 'r'"
    )
    await connection.close()
    room = {row["relname"]: row["reloptions"] for row in rows if not row["relname"].startswith("pg_")}
    assert room == {"balances": ["fillfactor=50"], "member_tiers": ["fillfactor=50"]}


def test_migrations_form_one_line_and_the_newest_is_known() -> None:
    assert len(script().get_heads()) == 1
    assert script().get_current_head() == newest_migration()


def test_migrations_only_lead_forward() -> None:
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert "def downgrade" not in path.read_text(), path


async def test_the_sql_of_every_migration_passes_the_linter(empty_database_url: str, tmp_path: Path) -> None:
    linter = shutil.which("squawk") or str(Path(sys.executable).parent / "squawk")
    statements = tmp_path / "migrations.sql"
    statements.write_text(await on(empty_database_url, _sql_of_all))
    excluded = ",".join(
        [
            "prefer-robust-stmts",  # each migration runs in a transaction: it happens as a whole or not at all
            "require-timeout-settings",  # set for all of them in migrations/env.py
            "prefer-bigint-over-int",  # versions and moves are few
            "prefer-bigint-over-smallint",  # accounts and statuses are fewer
            "require-concurrent-index-creation",  # on tables that the same migration makes
        ]
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [linter, "--assume-in-transaction", "--pg-version", "15.0", "--exclude", excluded, statements],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _sql_of_all(connection: Connection) -> str:
    """What the migrations send to an empty database, as one file."""
    from alembic import op
    from alembic.operations import Operations

    out = io.StringIO()
    context = MigrationContext.configure(connection, opts={"as_sql": True, "output_buffer": out})
    with Operations.context(context), pytest.MonkeyPatch.context() as patch:
        patch.setattr(op, "get_bind", lambda: connection)
        for revision in reversed(list(script().walk_revisions())):
            revision.module.upgrade()
    return out.getvalue()

"""Bringing a database to the newest schema, forward only, each migration in a transaction of its own.

Alembic is imported where it is used: a process that only asks which migration is the newest starts a second sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from loyalty_api.kernel.database import ACQUIRE_SECONDS_MAX, Connection, driver_url, look

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection as SyncConnection

_LOCK = 0x6C6F79616C74  # two deploys at once take turns
LACKING = "The database lacks migrations; run `loyalty migrate`."


class NotMigrated(Exception):
    """The database lacks migrations."""

    def __init__(self) -> None:
        super().__init__(LACKING)


async def migrate(url: str) -> list[str]:
    """Applies what is missing and names it, oldest first. Raises Busy when the database is out of reach."""
    return await _on(url, _upgrade)


async def missing_migrations(url: str) -> list[str]:
    """The migrations that the database lacks, oldest first."""
    return await _on(url, _missing)


async def is_migrated(connection: Connection) -> bool:
    """Whether the database has the schema that this code was written for."""
    if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return False
    rows = await connection.fetch("SELECT version_num FROM alembic_version")
    return newest_migration() in {row["version_num"] for row in rows}


@cache
def newest_migration() -> str:
    """The migration that this code was written for."""
    return max(file.name.partition("_")[0] for file in (_folder() / "versions").glob("[0-9]*.py"))


async def _on(url: str, work: Callable[[SyncConnection], list[str]]) -> list[str]:
    from sqlalchemy.ext.asyncio import create_async_engine

    await look(url, is_migrated, seconds_max=ACQUIRE_SECONDS_MAX)  # is told as Busy, which an engine's errors are not
    engine = create_async_engine(driver_url(url).replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: SyncConnection) -> list[str]:
    from alembic import command
    from sqlalchemy import text

    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    connection.commit()
    applied = _missing(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    connection.commit()
    return applied


def _missing(connection: SyncConnection) -> list[str]:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection)
    script = ScriptDirectory.from_config(_config())
    done = {each.revision for each in script.iterate_revisions(context.get_current_heads(), "base")}
    connection.commit()
    return [each.revision for each in reversed(list(script.walk_revisions())) if each.revision not in done]


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder()))
    return config


def _folder() -> Path:
    """The migrations: inside the installed package, or beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.exists() else package.parents[1] / "migrations"

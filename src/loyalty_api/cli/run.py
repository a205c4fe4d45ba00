"""What commands share: settings, a database, and errors as one sentence with the way out."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg
import click
import msgspec

from loyalty_api.cli.local import ServeFailed
from loyalty_api.kernel.database import Connection, Database, look
from loyalty_api.kernel.embedded import EmbeddedFailed
from loyalty_api.kernel.facts_abroad import open_facts
from loyalty_api.kernel.logging import configure_logging
from loyalty_api.kernel.migrate import LACKING, NotMigrated, is_migrated
from loyalty_api.kernel.refusals import Busy, Refusal
from loyalty_api.settings import MissingSetting, read_settings

Result = TypeVar("Result")

EXIT_FAILED = 1  # asked for something that was refused, or found what must not be
EXIT_USAGE = 2  # click's own
EXIT_UNREACHABLE = 3  # the database or the server did not answer
LOOK_SECONDS_MAX = 2.0  # before serving begins


def plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns expected errors into one sentence on standard error and an exit code that means something."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except Busy as busy:
            fail(_unreachable(busy), EXIT_UNREACHABLE)
        except Refusal as refusal:
            for error in refusal.errors:
                click.echo(f"  {error.field}: {error.message}", err=True)
            fail(refusal.detail if not refusal.errors else refusal.title)
        except (MissingSetting, NotMigrated, EmbeddedFailed, ServeFailed) as error:
            fail(str(error))
        except KeyboardInterrupt:
            sys.exit(130)

    return wrapped


def fail(sentence: str, code: int = EXIT_FAILED) -> None:
    """One sentence, and out."""
    click.echo(f"loyalty: {sentence}", err=True)
    sys.exit(code)


def tell_what_lacks(url: str) -> None:
    """Says so when the database is out of reach or lacks migrations; a process may start before it is there."""
    try:
        if not run(look(url, is_migrated, seconds_max=LOOK_SECONDS_MAX)):
            click.echo(f"loyalty: {LACKING}", err=True)
    except Busy as busy:
        click.echo(f"loyalty: {_unreachable(busy)}", err=True)


def _unreachable(busy: Busy) -> str:
    why = str(busy.__cause__ or "") or "it does not answer"
    return f"{busy.detail.rstrip('.')} ({why}). Is LOYALTY_DATABASE_URL right, and PostgreSQL running?"


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a command's coroutine."""
    return asyncio.run(work)


async def with_database(work: Callable[[Database], Awaitable[Result]], *, pool_size: int = 2) -> Result:
    """Runs ``work`` on the database that the settings name, then lets go of it."""
    settings = read_settings()
    configure_logging("WARNING")
    facts, abroad = open_facts(settings.redis_url)
    database = await Database.open(settings.database_url, pool_size=pool_size, facts=facts)
    try:
        return await work(database)
    except asyncpg.SyntaxOrAccessError as error:
        async with database.reader() as connection:
            if await is_migrated(connection):
                raise
        raise NotMigrated from error
    finally:
        await database.close()
        if abroad is not None:
            await abroad.close()


async def writing(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Runs ``work`` in one transaction of the database that the settings name."""
    return await with_database(lambda database: database.write(work))


def tell(as_json: bool, value: Any, text: str) -> None:
    """The outcome: JSON for machines, or text for people."""
    click.echo(msgspec.json.encode(value).decode() if as_json else text)

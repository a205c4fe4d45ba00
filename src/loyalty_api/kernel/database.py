"""One way in: ``write`` (a transaction, the project's only commit) and ``reader`` (a consistent, read-only view).

Statements run on asyncpg. SQLAlchemy describes the tables (``metadata``), composes reads whose filters vary
(``fetch``) and, through Alembic, migrates. Errors are told apart by SQLSTATE, never by constraint name:

- 40001, 40P01 and ``RaceLost``: the transaction is run again, here and nowhere else;
- no connection, not let in, no such database, shutdown, too many connections: ``Busy`` (whoever asked may ask again).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import asyncpg as dialect_module
from sqlalchemy.sql import ClauseElement

from loyalty_api.kernel.facts import Facts, noting_facts
from loyalty_api.kernel.refusals import Busy, Refusal

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Answer = TypeVar("Answer")

metadata = MetaData(naming_convention={"pk": "%(table_name)s_pkey", "ix": "%(table_name)s_%(column_0_N_name)s_idx"})

ATTEMPTS_MAX = 8
ACQUIRE_SECONDS_MAX = 5.0
COMMAND_SECONDS_MAX = 60.0
APPLICATION_ROLE = "loyalty_app"  # may insert and read the ledger, not change it; made by the migrations

# Attempts run few, large statements that go by keys: planned once, by index whatever the tables' size was then, and
# row by row, so that rows are locked in the order in which they come.
_BY_KEY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# Each is told of every statement, once it has ended: empty, but for who traces (see ``telemetry.py``).
QUERY_WATCHERS: list[Callable[[Any], None]] = []
_DIALECT = dialect_module.dialect()
_RETRIED = {"40001", "40P01"}
_UNREACHABLE = ("08", "28", "3D", "53", "57P")


class RaceLost(Exception):
    """Another transaction committed the same key first: run this one again, and it will see that."""


class Database:
    """Connections to one PostgreSQL: a pool for all sorts of statements, and a few that only ``attempt`` uses.
    ``facts``: who is told of what was committed."""

    def __init__(self, pool: asyncpg.Pool, connect: Callable[[], Awaitable[asyncpg.Connection]], facts: Facts) -> None:
        self._pool = pool
        self._connect = connect
        # Kept, not pooled: what a pool does around each use costs an attempt as much as its statements do.
        self._idle: list[asyncpg.Connection] = []
        self._facts = facts

    @classmethod
    async def open(cls, url: str, *, pool_size: int, facts: Facts | None = None) -> Database:
        """Connects to ``url`` when first used, so that a process can start before its database."""

        async def connect() -> asyncpg.Connection:
            connection = await asyncpg.connect(driver_url(url), timeout=ACQUIRE_SECONDS_MAX, **_options(_BY_KEY))
            await _prepare(connection)
            return connection

        pool = await asyncpg.create_pool(
            driver_url(url), min_size=0, max_size=pool_size, init=_prepare, reset=_keep, **_options({})
        )
        return cls(pool, connect, facts or Facts())

    async def close(self) -> None:
        """Waits for running statements of the pool, then closes every connection."""
        await self._pool.close()
        for connection in self._idle:
            await connection.close()

    async def write(self, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Runs ``work`` in one transaction and commits; anything it raises rolls back.

        ``work`` may run several times, so it must have no effect outside the connection.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with noting_facts() as noted:
                    async with self._connection() as connection, connection.transaction():
                        answer = await work(connection)
                self._facts.tell(noted)
                return answer
            except (RaceLost, asyncpg.PostgresError) as error:
                if not _may_retry(error):
                    raise
                if attempt == ATTEMPTS_MAX:
                    raise Busy("Too many tills are writing the same thing; try again.") from error
                await asyncio.sleep(random.uniform(0, 0.005 * attempt))
        raise AssertionError("unreachable")

    async def attempt(self, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Runs ``work`` with no transaction around it: for work whose only write is one statement, its last.

        Raises RaceLost when another transaction was first; nothing is written then. Whoever calls it sees to it that
        only a few are under way at once: each has a connection of its own.
        """
        with noting_facts() as noted, _told_busy():
            connection = await self._take()
            try:
                answer = await work(connection)
            except asyncpg.PostgresError as error:
                if _may_retry(error):
                    raise RaceLost from error
                raise
            except (RaceLost, Refusal):
                raise
            except BaseException:  # a statement may be under way still
                connection.terminate()
                raise
            finally:
                self._idle.append(connection)
        self._facts.tell(noted)
        return answer

    async def _take(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[Connection]:
        """A read-only connection that sees one instant of the database throughout."""
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        with _told_busy():
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS_MAX) as connection:
                yield connection


async def look(url: str, work: Callable[[asyncpg.Connection], Awaitable[Answer]], *, seconds_max: float) -> Answer:
    """Runs ``work`` on a connection of its own, to see what a database is like. Raises Busy when it is out of reach."""
    with _told_busy():
        connection = await asyncpg.connect(driver_url(url), timeout=seconds_max)
        try:
            return await work(connection)
        finally:
            await connection.close()


@contextmanager
def _told_busy() -> Generator[None]:
    """Tells what keeps the database out of reach as Busy."""
    try:
        yield
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        raise Busy("The database is out of reach at the moment; try again.") from error
    except asyncpg.PostgresError as error:
        if (getattr(error, "sqlstate", None) or "").startswith(_UNREACHABLE):
            raise Busy("The database is out of reach at the moment; try again.") from error
        raise


def _options(settings: dict[str, str]) -> dict[str, Any]:
    return {
        "command_timeout": COMMAND_SECONDS_MAX,
        "server_settings": {"jit": "off", "application_name": "loyalty_api", "timezone": "UTC"} | settings,
    }


async def fetch(connection: Connection, statement: ClauseElement) -> list[asyncpg.Record]:
    """The rows of a composed SQLAlchemy ``select``. For reads; hot statements are written out as SQL."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})  # lists for IN
    values = compiled.params
    order = getattr(compiled, "positiontup", None) or ()
    return await connection.fetch(str(compiled), *(values[name] for name in order))


def driver_url(url: str) -> str:
    """The address as asyncpg reads it (``postgresql+asyncpg://`` is SQLAlchemy's way of writing it)."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1).replace("postgres://", "postgresql://", 1)


def _may_retry(error: Exception) -> bool:
    return isinstance(error, RaceLost) or getattr(error, "sqlstate", None) in _RETRIED


async def _prepare(connection: Any) -> None:
    """JSON passes as bytes, untouched: what was written is what is read, to the byte."""
    for watch in QUERY_WATCHERS:
        connection.add_query_logger(watch)
    await connection.set_type_codec("json", schema="pg_catalog", encoder=_as_is, decoder=_as_is, format="binary")
    await connection.execute(
        f"SELECT set_config('role', '{APPLICATION_ROLE}', false) FROM pg_roles"
        f" WHERE rolname = '{APPLICATION_ROLE}' AND pg_has_role(rolname, 'MEMBER')"
    )


def _as_is(value: bytes) -> bytes:
    return value


async def _keep(_connection: Any) -> None:
    """Nothing to reset: no session state is ever left behind, and a reset costs a round trip per use."""

"""The stage: one PostgreSQL, a database of its own for each who is measured, all copies of one, and their servers.

All share the server's settings, fsync on among them. Not PostgreSQL's own are ``shared_buffers``, ``wal_compression``,
and a ``max_wal_size`` and ``checkpoint_timeout`` beyond what a run needs: a checkpoint would fall into somebody's turn,
and so would what follows it, when every page is written to the log whole as it is first changed. Under a load like this
that is over within a minute (and then two to three per cent of the cost between two checkpoints), so what is measured
is the time behind it. Autovacuum is off for the same reason: what it reads of the turns before would count in
the turn of whoever it happens to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import ExitStack

import asyncpg

from benchmarks.served import ORM_ON_ALL_CORES, PRODUCT, PRODUCT_ON_ALL_CORES, Served
from benchmarks.shop import open_shop
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate

SETTINGS = {
    "wal_compression": "on",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "shared_buffers": "1GB",
    "autovacuum": "off",
    "max_connections": "400",  # every server, each with its processes and their pools, stays up to the end
}
_TEMPLATE = "shop"
_WARM = (
    "CREATE EXTENSION IF NOT EXISTS pg_prewarm",
    "SELECT pg_prewarm(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind = 'i'"
    " OR relname IN ('members', 'identifier_claims', 'balances', 'member_tiers', 'tier_days'))",
    "SELECT count(*) FROM (SELECT FROM balances FOR UPDATE) AS locked",
    "SELECT count(*) FROM (SELECT FROM member_tiers FOR UPDATE) AS locked",
)


class Stage:
    """A context manager; whatever was started stops with it."""

    def __init__(self, *, members: int) -> None:
        self._members = members
        self._opened = ExitStack()
        self._served: dict[tuple[str, bool], Served] = {}

    def __enter__(self) -> Stage:
        try:
            self.server = self._opened.enter_context(EmbeddedPostgres(settings=SETTINGS))
            asyncio.run(self._execute(f"CREATE DATABASE {_TEMPLATE}"))
            asyncio.run(migrate(self.url(_TEMPLATE)))
            self.shop = asyncio.run(open_shop(self.url(_TEMPLATE), members=self._members))
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def url(self, database: str) -> str:
        """The address of one database."""
        return self.server.url(database)

    def copy(self, databases: Collection[str]) -> None:
        """Makes databases that hold the members, the program and the key, and no purchases."""
        for name in databases:
            asyncio.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}"))

    def served(self, database: str, *, one_process: bool = False) -> Served:
        """The server of a database: the ORM's of the one called orm, the product of any other."""
        key = database, one_process
        if key not in self._served:
            product = PRODUCT if one_process else PRODUCT_ON_ALL_CORES
            served = Served(self.url(database), ORM_ON_ALL_CORES if database == "orm" else product)
            self._served[key] = self._opened.enter_context(served)
        return self._served[key]

    def checkpoint(self) -> None:
        """Puts everything on disk that was made until now."""
        asyncio.run(self._execute("CHECKPOINT"))

    def warm(self, databases: Collection[str]) -> None:
        """Brings into memory what a purchase may look up, and changes every page once that it may change."""
        for name in databases:
            asyncio.run(self._execute(*_WARM, database=name))

    async def _execute(self, *statements: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(self.server.url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

"""The stage: one PostgreSQL, a database of its own for each who is measured, all copies of one, and their servers.

All share the server's settings, fsync on among them. Those that are not PostgreSQL's own: ``wal_compression``, and a
``max_wal_size`` and ``checkpoint_timeout`` beyond what a run needs, because a checkpoint would fall into somebody's
turn; and ``shared_buffers`` of the size that such a machine would give it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import ExitStack

import asyncpg

from benchmarks.served import ORM, PRODUCT, Served
from benchmarks.shop import open_shop
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate

SETTINGS = {
    "wal_compression": "on",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "shared_buffers": "1GB",
}
_TEMPLATE = "shop"


class Stage:
    """A context manager; whatever was started stops with it."""

    def __init__(self, *, members: int) -> None:
        self._members = members
        self._opened = ExitStack()
        self._served: dict[str, Served] = {}

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

    def served(self, database: str) -> Served:
        """The server of a database: the ORM's of the one called orm, the product of any other."""
        if database not in self._served:
            served = Served(self.url(database), ORM if database == "orm" else PRODUCT)
            self._served[database] = self._opened.enter_context(served)
        return self._served[database]

    def checkpoint(self) -> None:
        """Puts everything on disk, so that no turn pays for what was made before."""
        asyncio.run(self._execute("CHECKPOINT"))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

"""What a superuser did behind the product's back, seen by `verify` before it is rolled back."""

from __future__ import annotations

import asyncpg

from loyalty_api.domain.lifecycle.verify import Report, verify


async def verify_tampered(superuser: asyncpg.Connection, statement: str, *values: object) -> Report:
    """The report after the statement, which must change something; nothing of it remains."""
    transaction = superuser.transaction()
    await transaction.start()
    try:
        changed = await superuser.execute(statement, *values)
        assert not changed.endswith(" 0"), f"nothing was changed by {statement}"
        return await verify(_Same(superuser))  # type: ignore[arg-type]
    finally:
        await transaction.rollback()


class _Same:
    """Hands the tampering transaction itself to `verify`, so that nothing needs to be undone afterwards."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def reader(self) -> _Same:
        return self

    async def __aenter__(self) -> asyncpg.Connection:
        await self._connection.set_type_codec(
            "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
        )
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        return None

"""Time that passes while no job runs."""

from __future__ import annotations

import asyncio
from datetime import datetime

import asyncpg

from loyalty_api.kernel.database import driver_url
from tests.make.shop import Shop


def let_time_pass(database_url: str, shop: Shop, instant: str) -> None:
    """Moves the program's present as real time does: nobody runs what is due."""

    async def move() -> None:
        connection = await asyncpg.connect(driver_url(database_url))
        try:
            await connection.execute(
                "UPDATE programs SET clock_now = $2 WHERE code = $1",
                shop.document["program"],
                datetime.fromisoformat(instant),
            )
        finally:
            await connection.close()

    asyncio.run(move())

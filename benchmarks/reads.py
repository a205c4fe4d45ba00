"""What a read of figures takes, in milliseconds: the median of some, each in a view of its own."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from typing import Any

from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Database


async def median_ms(
    database: Database, read: Callable[[Any], Awaitable[object]], *, reads: int, enough_seconds: float = float("inf")
) -> float:
    """The median of ``reads``, or of fewer where they have taken ``enough_seconds`` together."""
    took: list[float] = []
    while len(took) < reads and sum(took) < enough_seconds:
        async with database.reader() as connection:
            started = monotonic()
            await read(connection)
            took.append(monotonic() - started)
    return round(1000 * statistics.median(took), 1)

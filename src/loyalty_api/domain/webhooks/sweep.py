"""What webhooks leave behind: old deliveries, and those of webhooks that were deleted. And what they still need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import first_id_of

BATCH = 5000
DELIVERED_KEPT = timedelta(days=7)  # a busy program makes millions a day
FAILED_KEPT = timedelta(days=30)

_NEEDED = """
SELECT min(needed) FROM (
    SELECT c.position AS needed FROM webhook_cursors c JOIN webhooks w USING (program_id, webhook_id)
    WHERE w.program_id = $1 AND w.state = 'on'
    UNION ALL
    SELECT d.position FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.webhook_id
    WHERE w.program_id = $1 AND w.state = 'on' AND d.state <> 'delivered' AND d.state = 'waiting') AS n
"""
_ALL = "SELECT program_id, webhook_id, state FROM webhooks"
_DELIVERED = """
DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND delivery_id = ANY(ARRAY(
    SELECT delivery_id FROM webhook_deliveries WHERE webhook_id = $1 AND delivery_id < $2 AND state = 'delivered'
    ORDER BY delivery_id LIMIT $3))
"""
_FAILED = """
DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND delivery_id = ANY(ARRAY(
    SELECT delivery_id FROM webhook_deliveries
    WHERE webhook_id = $1 AND delivery_id < $2 AND state <> 'delivered' AND state = 'failed'
    ORDER BY delivery_id LIMIT $3))
"""
_EVERY = """
DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND delivery_id = ANY(ARRAY(
    SELECT delivery_id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY delivery_id LIMIT $2))
"""
_CLOSED = "DELETE FROM webhooks WHERE program_id = $1 AND webhook_id = $2 AND state = 'closed'"


async def first_needed(connection: Connection, program_id: UUID) -> int | None:
    """The first position of the feed that a webhook of the program has still to deliver; one that is off needs
    nothing, and goes on at the oldest event there is."""
    return await connection.fetchval(_NEEDED, program_id)


async def every_webhook(connection: Connection) -> Sequence[asyncpg.Record]:
    """Of all programs, the closed ones too."""
    return await connection.fetch(_ALL)


async def sweep_deliveries(connection: Connection, webhook: asyncpg.Record, *, now: datetime) -> bool:
    """Removes a batch of the webhook's old deliveries; whether there may be more. The last batch of a closed webhook
    takes its row too. ``now``: real time."""
    webhook_id = webhook["webhook_id"]
    if webhook["state"] == "closed":
        if await connection.execute(_EVERY, webhook_id, BATCH) == f"DELETE {BATCH}":
            return True
        await connection.execute(_CLOSED, webhook["program_id"], webhook_id)
        return False
    delivered = await connection.execute(_DELIVERED, webhook_id, first_id_of(now - DELIVERED_KEPT), BATCH)
    failed = await connection.execute(_FAILED, webhook_id, first_id_of(now - FAILED_KEPT), BATCH)
    return f"DELETE {BATCH}" in (delivered, failed)

"""Reads of webhooks and of what became of their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from loyalty_api.domain.webhooks.refusals import DeliveryNotFound, WebhookNotFound
from loyalty_api.kernel.database import Connection

_COLUMNS = "webhook_id, program_id, url, types, state, reason, failing_since, previous_until, created_at"
_ONE = f"SELECT {_COLUMNS} FROM webhooks WHERE program_id = $1 AND webhook_id = $2 AND state <> 'closed'"
_LIST = f"SELECT {_COLUMNS} FROM webhooks WHERE program_id = $1 AND state <> 'closed' ORDER BY webhook_id"
_DELIVERY = """
SELECT delivery_id, event_id, type, subject, state, attempts, attempted_at, next_attempt_at, status, duration_ms,
       error, response, replay_of, position, part
FROM webhook_deliveries WHERE webhook_id = $1 AND program_id = $2
"""
_OPEN = " AND state <> 'delivered'"  # by the index of these


async def read_webhook(connection: Connection, *, program_id: UUID, webhook_id: UUID) -> asyncpg.Record:
    """A webhook without its secrets. Refuses: WebhookNotFound."""
    row = await connection.fetchrow(_ONE, program_id, webhook_id)
    if row is None:
        raise WebhookNotFound(f"There is no webhook {webhook_id} in this program.")
    return row


async def list_webhooks(connection: Connection, program_id: UUID) -> Sequence[asyncpg.Record]:
    """All webhooks of a program, oldest first."""
    return await connection.fetch(_LIST, program_id)


async def list_deliveries(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, state: str | None, before: UUID | None, limit: int
) -> Sequence[asyncpg.Record]:
    """Deliveries, newest first. Refuses: WebhookNotFound."""
    await read_webhook(connection, program_id=program_id, webhook_id=webhook_id)
    query, values = _DELIVERY, list[Any]((webhook_id, program_id))
    if state is not None:
        values.append(state)
        query += f" AND state = $3{'' if state == 'delivered' else _OPEN}"
    if before is not None:
        values.append(before)
        query += f" AND delivery_id < ${len(values)}"
    return await connection.fetch(f"{query} ORDER BY delivery_id DESC LIMIT {limit:d}", *values)


async def read_delivery(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, delivery_id: UUID
) -> asyncpg.Record:
    """One delivery. Refuses: DeliveryNotFound."""
    row = await connection.fetchrow(f"{_DELIVERY} AND delivery_id = $3", webhook_id, program_id, delivery_id)
    if row is None:
        raise DeliveryNotFound(f"This webhook has no delivery {delivery_id}; deliveries are kept for some days.")
    return row

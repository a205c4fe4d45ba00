"""Sending again what was sent before: one delivery, or all of a span of time. Each is a delivery of its own.

The event comes under its own id, so a receiver that has it knows it. Replays wait for nothing and keep no order.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.feed.queries import Place, read_events
from loyalty_api.domain.feed.refusals import EventForgotten
from loyalty_api.domain.webhooks.queries import read_delivery, read_webhook
from loyalty_api.domain.webhooks.refusals import TooMuchToReplay, WebhookOff
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import first_id_of, new_id

REPLAYED_MAX = 10_000

_FOUND = """
SELECT delivery_id FROM webhook_deliveries
WHERE webhook_id = $1 AND program_id = $2 AND delivery_id >= $3 AND delivery_id < $4
  AND ($5::text IS NULL OR state = $5) AND state <> 'waiting' AND replay_of IS NULL
ORDER BY delivery_id LIMIT $6
"""
_AGAIN = """
INSERT INTO webhook_deliveries (webhook_id, delivery_id, program_id, position, part, event_id, type, subject, state,
                                attempts, next_attempt_at, replay_of)
SELECT d.webhook_id, u.fresh, d.program_id, d.position, d.part, d.event_id, d.type, d.subject, 'waiting', 0, $4,
       d.delivery_id
FROM unnest($2::uuid[], $3::uuid[]) AS u (delivery_id, fresh)
JOIN webhook_deliveries d ON d.webhook_id = $1 AND d.delivery_id = u.delivery_id
"""


async def replay_one(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, delivery_id: UUID, now: datetime
) -> UUID:
    """The delivery that sends it again. Refuses: WebhookNotFound, WebhookOff, DeliveryNotFound, EventForgotten."""
    await _check_on(connection, program_id, webhook_id)
    row = await read_delivery(connection, program_id=program_id, webhook_id=webhook_id, delivery_id=delivery_id)
    place = Place(row["position"], row["part"])
    if not await read_events(connection, program_id=program_id, places=[place]):
        raise EventForgotten("The event of this delivery is older than events are kept.")
    fresh = new_id()
    await connection.execute(_AGAIN, webhook_id, [delivery_id], [fresh], now)
    return fresh


async def replay_span(
    connection: Connection,
    *,
    program_id: UUID,
    webhook_id: UUID,
    from_: datetime,
    until: datetime,
    state: str | None,
    now: datetime,
) -> int:
    """How many deliveries made in [``from_``, ``until``) are sent again; ``state``: only those ``delivered``, or
    ``failed``. What is waiting comes by itself, replays are not replayed. Refuses: WebhookNotFound, WebhookOff,
    TooMuchToReplay."""
    await _check_on(connection, program_id, webhook_id)
    span = first_id_of(from_), first_id_of(until)
    rows = await connection.fetch(_FOUND, webhook_id, program_id, *span, state, REPLAYED_MAX + 1)
    if len(rows) > REPLAYED_MAX:
        raise TooMuchToReplay(f"There are more than {REPLAYED_MAX:,} deliveries in that span; name a shorter one.")
    found = [row["delivery_id"] for row in rows]
    await connection.execute(_AGAIN, webhook_id, found, [new_id() for _ in found], now)
    return len(found)


async def _check_on(connection: Connection, program_id: UUID, webhook_id: UUID) -> None:
    row = await read_webhook(connection, program_id=program_id, webhook_id=webhook_id)
    if row["state"] != "on":
        raise WebhookOff("Switch the webhook on first.")

"""Changing a webhook: where it points, what it is told, and whether it is on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.webhooks.refusals import WebhookNotFound
from loyalty_api.kernel.database import Connection

BY_HAND = "switched off by hand"

_HOLD = "SELECT state FROM webhooks WHERE program_id = $1 AND webhook_id = $2 AND state <> 'closed' FOR UPDATE"
_URL = "UPDATE webhooks SET url = $3 WHERE program_id = $1 AND webhook_id = $2"
_TYPES = "UPDATE webhooks SET types = $3 WHERE program_id = $1 AND webhook_id = $2"
_OFF = "UPDATE webhooks SET state = 'off', reason = $3 WHERE program_id = $1 AND webhook_id = $2"
_ON = """
UPDATE webhooks SET state = 'on', reason = NULL, failing_since = NULL WHERE program_id = $1 AND webhook_id = $2
"""
# What waits begins anew: at once, and for three days.
_AT_ONCE = """
UPDATE webhook_deliveries SET next_attempt_at = $2, give_up_at = NULL
WHERE webhook_id = $1 AND state = 'waiting' AND state <> 'delivered' AND next_attempt_at IS NOT NULL
"""


async def change_webhook(
    connection: Connection,
    *,
    program_id: UUID,
    webhook_id: UUID,
    now: datetime,
    url: str | None = None,
    kinds: Collection[str] | None = None,
    every_kind: bool = False,
    state: str | None = None,
) -> None:
    """Changes what is given. ``every_kind``: all events from now on, where ``kinds`` would name some.

    ``state`` ``on``: goes on where it stopped, or at the oldest event that is kept. Refuses: WebhookNotFound.
    """
    was = await connection.fetchval(_HOLD, program_id, webhook_id)
    if was is None:
        raise WebhookNotFound(f"There is no webhook {webhook_id} in this program.")
    if url is not None:
        await connection.execute(_URL, program_id, webhook_id, url)
    if every_kind or kinds is not None:
        types = None if kinds is None else sorted(set(kinds))
        await connection.execute(_TYPES, program_id, webhook_id, types)
    if state == "off" and was == "on":
        await connection.execute(_OFF, program_id, webhook_id, BY_HAND)
    if state == "on" and was == "off":
        await connection.execute(_ON, program_id, webhook_id)
        await connection.execute(_AT_ONCE, webhook_id, now)

"""Deleting a webhook: nothing is sent to it from now on, and its deliveries are swept away."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.webhooks.cursors import close_cursor
from loyalty_api.domain.webhooks.refusals import WebhookNotFound
from loyalty_api.kernel.database import Connection

_CLOSE = """
UPDATE webhooks SET state = 'closed', url = '', secret = '', previous_secret = NULL
WHERE program_id = $1 AND webhook_id = $2 AND state <> 'closed'
"""


async def close_webhook(connection: Connection, *, program_id: UUID, webhook_id: UUID) -> None:
    """Deletes it, address and secrets at once. Refuses: WebhookNotFound."""
    if await connection.execute(_CLOSE, program_id, webhook_id) != "UPDATE 1":
        raise WebhookNotFound(f"There is no webhook {webhook_id} in this program.")
    await close_cursor(connection, program_id=program_id, webhook_id=webhook_id)

"""A new secret for a webhook. For a while both sign, so that the receiver may change over without losing anything."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from loyalty_api.domain.webhooks.refusals import WebhookNotFound
from loyalty_api.domain.webhooks.sign import SECRET_BYTES, write_secret
from loyalty_api.kernel.database import Connection

OVERLAP = timedelta(hours=24)
OVERLAP_MAX = timedelta(days=7)

_ROTATE = """
UPDATE webhooks SET previous_secret = CASE WHEN $4::timestamptz > $5 THEN secret END,
                    previous_until = CASE WHEN $4::timestamptz > $5 THEN $4::timestamptz END, secret = $3
WHERE program_id = $1 AND webhook_id = $2 AND state <> 'closed'
"""


async def rotate_secret(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, overlap: timedelta, now: datetime
) -> str:
    """The new secret, told once. The one before signs too until ``now`` + ``overlap`` (none: it is leaked, and ends
    at once); one before that ends now. Refuses: WebhookNotFound."""
    secret = secrets.token_bytes(SECRET_BYTES)
    done = await connection.execute(_ROTATE, program_id, webhook_id, secret, now + overlap, now)
    if done != "UPDATE 1":
        raise WebhookNotFound(f"There is no webhook {webhook_id} in this program.")
    return write_secret(secret)

"""Opening a webhook: events that get their place from now on are sent to it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.feed.queries import feed_end
from loyalty_api.domain.webhooks.cursors import open_cursor
from loyalty_api.domain.webhooks.refusals import TooManyWebhooks
from loyalty_api.domain.webhooks.sign import SECRET_BYTES, write_secret
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id

WEBHOOKS_MAX = 20  # of a program

_COUNT = "SELECT count(*) FROM webhooks WHERE program_id = $1 AND state <> 'closed'"
_OPEN = """
INSERT INTO webhooks (program_id, webhook_id, url, types, state, secret, created_at, created_by)
VALUES ($1, $2, $3, $4, 'on', $5, $6, $7)
"""


async def open_webhook(
    connection: Connection,
    *,
    program_id: UUID,
    url: str,
    kinds: Collection[str] | None,
    now: datetime,
    actor: str,
) -> tuple[UUID, str]:
    """The new webhook's id, and its secret as it is told now and never again. ``kinds`` None: events of all.

    Refuses: TooManyWebhooks.
    """
    if await connection.fetchval(_COUNT, program_id) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(f"A program has {WEBHOOKS_MAX} webhooks at most; delete one first.")
    webhook_id, secret = new_id(), secrets.token_bytes(SECRET_BYTES)
    types = None if kinds is None else sorted(set(kinds))
    await connection.execute(_OPEN, program_id, webhook_id, url, types, secret, now, actor)
    place = await feed_end(connection, program_id)
    await open_cursor(connection, program_id=program_id, webhook_id=webhook_id, place=place)
    return webhook_id, write_secret(secret)

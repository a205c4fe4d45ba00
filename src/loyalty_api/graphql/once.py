"""Doing what a mutation does once per id that the phone made."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from loyalty_api.domain.claims.once import Outcome, find_outcome, keep_outcome
from loyalty_api.graphql.phones import Request
from loyalty_api.kernel.database import Connection


async def write_once(request: Request, key: UUID, content: str, work: Callable[[Connection], Awaitable[None]]) -> None:
    """Does it once per id, which is remembered for 30 days; an old request that arrives late changes nothing.

    Refuses: KeyReused.
    """
    member_id = request.who.member_id
    named: dict[str, Any] = {"scope_id": member_id, "key": str(key), "now": request.received_at}
    named["content_hash"] = hashlib.sha256(content.encode()).digest()

    async def once(connection: Connection) -> None:
        if await find_outcome(connection, **named) is None:
            await work(connection)
            await keep_outcome(connection, Outcome(200, None, member_id), **named)

    await request.forget()
    await request.phones.database.write(once)

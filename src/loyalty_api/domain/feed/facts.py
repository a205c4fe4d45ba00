"""The feed for subscribers within the product: the same events, decoded, without the envelope that others need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.feed.events import KINDS
from loyalty_api.domain.feed.expand import PARTS
from loyalty_api.kernel.database import Connection

_BEHIND = """
SELECT position, member_id, type, occurred_at, recorded_at, data
FROM outbox WHERE program_id = $1 AND position > $2 ORDER BY position LIMIT $3
"""


class Fact(NamedTuple):
    """One event. ``kind``: its type without prefix and version; ``data``: a struct of that kind in ``KINDS``."""

    position: int
    kind: str
    member_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    data: Any


_decoders = {kind: msgspec.json.Decoder(data).decode for kind, data in KINDS.items() if kind not in PARTS}


async def read_rows(connection: Connection, *, program_id: UUID, behind: int, limit: int) -> list[asyncpg.Record]:
    """The rows that tell the program's events behind a position, at most ``limit``."""
    return await connection.fetch(_BEHIND, program_id, behind, limit)


def facts_of(rows: list[asyncpg.Record]) -> Iterator[Fact]:
    """The events of the rows in their order. Of a kind that this version does not know, nothing is told."""
    for position, member_id, kind, occurred_at, recorded_at, data in rows:
        if several := PARTS.get(kind):
            for each, told in several(data):
                yield Fact(position, each, member_id, occurred_at, recorded_at, told)
        elif decode := _decoders.get(kind):
            yield Fact(position, kind, member_id, occurred_at, recorded_at, decode(data))

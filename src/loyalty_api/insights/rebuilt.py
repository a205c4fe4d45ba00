"""Whether the figures may be told: not while they are worked out anew, when for a while they would be too low."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.feed.cursors import reading_again
from loyalty_api.insights.project import SUBSCRIBER
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.kernel.database import Connection


async def check_rebuilt(connection: Connection, *, program_id: UUID) -> None:
    """Refuses (InsightRebuilding) while they are."""
    if again := await reading_again(connection, program_id=program_id, subscriber=SUBSCRIBER):
        raise InsightRebuilding(f"{again[0]:,} of {again[1]:,} events are read; ask again in a while.")

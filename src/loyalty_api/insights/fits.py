"""The fits that are kept: one for each day that was fitted, of which the newest is gone by."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from loyalty_api.insights.appraisal import Appraisal
from loyalty_api.insights.project import SUBSCRIBER
from loyalty_api.insights.worth import DEFINITION
from loyalty_api.kernel.database import Connection

_NEWEST = """
SELECT worth FROM insight_fits WHERE program_id = $1 AND definition = $2 AND through <= $3
ORDER BY through DESC LIMIT 1
"""
_AT = "SELECT worth FROM insight_fits WHERE program_id = $1 AND definition = $2 AND through = $3"
_KEEP = """
INSERT INTO insight_fits (program_id, through, definition, fitted_at, worth) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (program_id, through)
DO UPDATE SET definition = EXCLUDED.definition, fitted_at = EXCLUDED.fitted_at, worth = EXCLUDED.worth
"""
# Whether all that has its place in the feed is in the figures.
_CAUGHT_UP = """
SELECT c.position = l.position AND c.again_to IS NULL FROM feed_lanes l
JOIN feed_cursors c ON c.program_id = l.program_id AND c.subscriber = $2
WHERE l.program_id = $1
"""

_decode = msgspec.json.Decoder(Appraisal).decode


async def newest_fit(connection: Connection, *, program_id: UUID, by: date) -> Appraisal | None:
    """The newest that is of ``by`` or before; None: nothing was fitted yet."""
    found = await connection.fetchval(_NEWEST, program_id, DEFINITION, by)
    return None if found is None else _decode(found)


async def fit_at(connection: Connection, *, program_id: UUID, through: date) -> Appraisal | None:
    """The one of this very day; None: nothing was fitted then."""
    found = await connection.fetchval(_AT, program_id, DEFINITION, through)
    return None if found is None else _decode(found)


async def keep_fit(connection: Connection, *, program_id: UUID, appraisal: Appraisal, now: datetime) -> None:
    """Keeps it, in the place of what was fitted at the same day."""
    worth = appraisal.worth
    await connection.execute(_KEEP, program_id, worth.as_of, worth.definition, now, msgspec.json.encode(appraisal))


async def is_caught_up(connection: Connection, *, program_id: UUID) -> bool:
    """Whether every event that has its place in the feed is in the figures."""
    return bool(await connection.fetchval(_CAUGHT_UP, program_id, SUBSCRIBER))

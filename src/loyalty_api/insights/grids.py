"""Grids of recency, frequency and monetary value, worked out ahead for programs of many buyers.

Everybody's scores hang on everybody else's, so that a grid takes a look at each member's year: of a small program that
is done whenever somebody asks. Of a large one the worker does it every few minutes, and who asks for the usual grid of
today is told the newest, with the instant as of which it is.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.insights.counts import AGAIN
from loyalty_api.insights.rfm import LOOK_BACK_DAYS, SCORINGS, Rfm, read_rfm
from loyalty_api.insights.series import begin_reading
from loyalty_api.kernel.database import Connection

BUYERS_MIN = 20_000  # of fewer it takes less than a third of a second
EVERY = timedelta(minutes=10)
AGE_MAX = timedelta(hours=1)  # older ones are not told: the worker does not get to it

_BUYERS = f"""
SELECT COALESCE(sum(members), 0)::bigint FROM insight_counts WHERE program_id = $1 AND kind = '{AGAIN}' AND span = 0
"""
_KEPT = "SELECT as_of, grid FROM insight_grids WHERE program_id = $1 AND scoring = $2 AND through = $3 AND as_of >= $4"
_KEEP = """
INSERT INTO insight_grids (program_id, scoring, through, as_of, grid) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (program_id, scoring)
DO UPDATE SET through = EXCLUDED.through, as_of = EXCLUDED.as_of, grid = EXCLUDED.grid
"""

_decode = msgspec.json.Decoder(Rfm).decode


class Wanted(NamedTuple):
    """A grid that can be asked for."""

    program_id: UUID
    through: date
    scoring: str = SCORINGS[0]
    look_back_days: int = LOOK_BACK_DAYS


class Told(NamedTuple):
    """A grid as it was at an instant."""

    as_of: datetime
    grid: Rfm


async def tell_grid(connection: Connection, wanted: Wanted, now: datetime) -> Told:
    """The newest that is kept, or what is worked out for whoever asks. Refuses: InsightRebuilding."""
    await begin_reading(connection, wanted.program_id)
    return await kept_grid(connection, wanted, since=now - AGE_MAX) or await work_out(connection, wanted, now)


async def work_out(connection: Connection, wanted: Wanted, now: datetime) -> Told:
    """As of now. Refuses: InsightRebuilding."""
    return Told(now, await read_rfm(connection, **wanted._asdict()))


async def kept_grid(connection: Connection, wanted: Wanted, *, since: datetime) -> Told | None:
    """The one that is kept, if it is as new as that."""
    if wanted.look_back_days != LOOK_BACK_DAYS:
        return None
    row = await connection.fetchrow(_KEPT, wanted.program_id, wanted.scoring, wanted.through, since)
    return None if row is None else Told(row["as_of"], _decode(row["grid"]))


async def keep_grid(connection: Connection, wanted: Wanted, told: Told) -> None:
    """Keeps it, one of the usual look-back, in the place of the one before."""
    named = wanted.program_id, wanted.scoring, wanted.through
    await connection.execute(_KEEP, *named, told.as_of, msgspec.json.encode(told.grid))


async def is_large(connection: Connection, *, program_id: UUID, buyers_min: int = BUYERS_MIN) -> bool:
    """Whether so many bought ever that grids are worked out ahead."""
    return await connection.fetchval(_BUYERS, program_id) >= buyers_min

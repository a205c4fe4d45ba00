"""Writing down that jobs ran."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns


class Ran(NamedTuple):
    """A run of a job: when it ended, by the real clock, and how long it took. ``found``: what a proof found."""

    job: str
    ran_at: datetime
    ok: bool
    took_ms: int
    found: int | None = None


_RAN = """
INSERT INTO job_runs AS j (job, ran_at, ok, took_ms, found)
SELECT u.* FROM unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::bigint[], $5::bigint[])
  AS u (job, ran_at, ok, took_ms, found) ORDER BY u.job
ON CONFLICT (job) DO UPDATE SET ran_at = EXCLUDED.ran_at, ok = EXCLUDED.ok, took_ms = EXCLUDED.took_ms,
                                found = EXCLUDED.found
"""
_COUNTED = """
INSERT INTO job_counts AS c (name, count)
SELECT u.* FROM unnest($1::text[], $2::bigint[]) AS u (name, count) ORDER BY u.name
ON CONFLICT (name) DO UPDATE SET count = c.count + EXCLUDED.count
"""


async def report_jobs(connection: Connection, runs: Collection[Ran], counts: Mapping[str, int]) -> None:
    """Keeps the newest run of each job, and adds to the counts."""
    if runs:
        await connection.execute(_RAN, *columns(list(runs)))
    if counts:
        await connection.execute(_COUNTED, *columns(list(counts.items())))

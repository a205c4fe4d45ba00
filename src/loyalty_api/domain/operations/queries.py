"""How the deployment does: its jobs, and how far the feed and the webhooks are behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from loyalty_api.domain.operations.proofs import JOB
from loyalty_api.kernel.clock import EPOCH
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import instant_of

# The worker says every few seconds that it is there; after so long it is not, or it cannot keep up.
BEHIND = timedelta(seconds=60)
BEATING = "relay"
COUNTED_MAX = 100_000  # of what waits, no more is counted
LOOKED_AT_MAX = 1000  # nor looked at by who asks whether an API is ready

_LEDGER = "SELECT found FROM job_runs WHERE job = $1"
_PROOFS = """
SELECT p.code, f.findings, f.proved_at FROM program_proofs f JOIN programs p USING (program_id)
WHERE f.proved_at IS NOT NULL ORDER BY p.code
"""
_JOBS = "SELECT job, ran_at, ok, took_ms, found FROM job_runs ORDER BY job"
_BEAT = "SELECT ran_at, ok FROM job_runs WHERE job = $1"
_COUNTS = "SELECT name, count FROM job_counts ORDER BY name"
_OLDEST = f"""
SELECT w.id FROM (SELECT id FROM outbox WHERE position IS NULL LIMIT {LOOKED_AT_MAX}) w ORDER BY w.id LIMIT 1
"""
_WAITING = f"""
SELECT count(*) AS waiting, (array_agg(w.id ORDER BY w.id))[1] AS oldest
FROM (SELECT id FROM outbox WHERE position IS NULL LIMIT {COUNTED_MAX}) w
"""
_WEBHOOKS = """
SELECT w.webhook_id, w.state, w.failing_since,
       GREATEST(COALESCE(l.position, 0) - c.position + 1, 0) AS behind,
       (SELECT count(*) FROM webhook_deliveries d
        WHERE d.webhook_id = w.webhook_id AND d.state <> 'delivered' AND d.state = 'waiting') AS waiting
FROM webhooks w
JOIN webhook_cursors c ON c.program_id = w.program_id AND c.webhook_id = w.webhook_id
LEFT JOIN feed_lanes l ON l.program_id = w.program_id
ORDER BY w.webhook_id
"""


class Outlook(msgspec.Struct, frozen=True):
    """``jobs``, ``webhooks`` and ``proofs`` of programs: rows; ``counts``: by name; ``waiting``: events that have no
    place in the feed yet, and since how many seconds the oldest has none."""

    jobs: Sequence[asyncpg.Record]
    webhooks: Sequence[asyncpg.Record]
    proofs: Sequence[asyncpg.Record]
    counts: dict[str, int]
    waiting: int
    waiting_seconds: float


async def read_outlook(connection: Connection, *, now: datetime) -> Outlook:
    """Everything at one instant. ``now``: real time."""
    waiting = await connection.fetchrow(_WAITING)
    assert waiting is not None, "a count has a row"
    oldest = waiting["oldest"]
    return Outlook(
        jobs=await connection.fetch(_JOBS),
        webhooks=await connection.fetch(_WEBHOOKS),
        proofs=await connection.fetch(_PROOFS),
        counts={row["name"]: row["count"] for row in await connection.fetch(_COUNTS)},
        waiting=waiting["waiting"],
        waiting_seconds=0.0 if oldest is None else max(0.0, (now - instant_of(oldest)).total_seconds()),
    )


async def read_worker(connection: Connection, *, now: datetime) -> str:
    """How the worker does: ``working``; ``behind``: it was last seen a minute ago, or it fails, or an event has been
    waiting for a minute; ``absent``: it never ran here."""
    beat = await connection.fetchrow(_BEAT, BEATING)
    if beat is None:
        return "absent"
    oldest = await connection.fetchval(_OLDEST)
    waits_since = now if oldest is None else instant_of(oldest)
    behind = not beat["ok"] or max(now - beat["ran_at"], now - waits_since) > BEHIND
    return "behind" if behind else "working"


async def read_ledger(connection: Connection) -> str:
    """What the last proof said: ``holds``; ``broken``: it found what must not be; ``unproved``: there was none."""
    found = await connection.fetchval(_LEDGER, JOB)
    if found is None:
        return "unproved"
    return "broken" if found else "holds"


def unix_seconds(instant: datetime) -> float:
    """Seconds since 1970, as metrics tell instants."""
    return (instant - EPOCH).total_seconds()

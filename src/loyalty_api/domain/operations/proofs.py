"""Whose turn it is to prove a program's ledger, and what came of it: once a night, by one worker.

A night begins with the program's local day. A program that is new, or that no worker has seen before, is proved from
the next one on.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from loyalty_api.domain.operations.report import Ran, report_jobs
from loyalty_api.kernel.database import Connection

JOB = "verify"

_SEEN = "INSERT INTO program_proofs (program_id, night) VALUES ($1, $2) ON CONFLICT (program_id) DO NOTHING"
_TAKE = """
UPDATE program_proofs SET holder = $3, held_until = $5
WHERE program_id = $1 AND night < $2 AND (held_until IS NULL OR held_until < $4)
  AND NOT EXISTS (SELECT FROM program_proofs o WHERE o.holder IS NOT NULL AND o.held_until >= $4) RETURNING true
"""
_HOLD = "UPDATE program_proofs SET held_until = $3 WHERE program_id = $1 AND holder = $2 RETURNING true"
_LET_GO = "UPDATE program_proofs SET holder = NULL, held_until = $3 WHERE program_id = $1 AND holder = $2"
_KEEP = """
UPDATE program_proofs SET night = $3, holder = NULL, held_until = NULL, proved_at = $4, took_ms = $5, findings = $6
WHERE program_id = $1 AND holder = $2 RETURNING true
"""
_FOUND = "SELECT COALESCE(sum(findings), 0)::bigint FROM program_proofs"
_HOLDS = "UPDATE program_proofs SET findings = 0 WHERE findings > 0"


async def take_proof(
    connection: Connection, *, program_id: UUID, night: date, holder: UUID, now: datetime, until: datetime
) -> bool:
    """Whether the proof of ``night`` is to be made, nobody makes another, and it is now ``holder``'s to make until
    ``until``."""
    await connection.execute(_SEEN, program_id, night)
    return bool(await connection.fetchval(_TAKE, program_id, night, holder, now, until))


async def hold_proof(connection: Connection, *, program_id: UUID, holder: UUID, until: datetime) -> bool:
    """Whether it still is ``holder``'s, for longer now."""
    return bool(await connection.fetchval(_HOLD, program_id, holder, until))


async def let_go_of_proof(connection: Connection, *, program_id: UUID, holder: UUID, until: datetime | None) -> None:
    """It was not made. Nobody tries again before ``until``."""
    await connection.execute(_LET_GO, program_id, holder, until)


async def keep_proof(
    connection: Connection, *, program_id: UUID, holder: UUID, night: date, now: datetime, took_ms: int, findings: int
) -> bool:
    """Writes down what came of it, unless it is ``holder``'s no more, and what is broken in all programs together."""
    kept = bool(await connection.fetchval(_KEEP, program_id, holder, night, now, took_ms, findings))
    if kept:
        found: int = await connection.fetchval(_FOUND)
        await report_jobs(connection, [Ran(JOB, now, found == 0, took_ms, found)], {})
    return kept


async def keep_whole_proof(connection: Connection, *, now: datetime, took_ms: int, findings: int) -> None:
    """Writes down what came of a proof of everything: where it found nothing, no program has anything broken."""
    if not findings:
        await connection.execute(_HOLDS)
    await report_jobs(connection, [Ran(JOB, now, findings == 0, took_ms, findings)], {})

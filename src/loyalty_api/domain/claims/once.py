"""Doing a write once per Idempotency-Key: the first outcome is kept, in the transaction of its effect."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import Kind, Refusal

KEPT = timedelta(days=30)


class KeyReused(Refusal):
    """The Idempotency-Key came with another request before."""

    kind = Kind.CONFLICT
    code = "request.idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class Outcome(NamedTuple):
    """What was answered first: its status, and its bytes or whom it was about."""

    status: int
    answer: bytes | None
    subject_id: UUID | None


async def find_outcome(
    connection: Connection, *, scope_id: UUID, key: str, content_hash: bytes, now: datetime
) -> Outcome | None:
    """The first outcome under this key, of the last 30 days. Refuses: KeyReused."""
    row = await connection.fetchrow(
        "SELECT content_hash, status, answer, subject_id FROM idempotency_keys"
        " WHERE scope_id = $1 AND key = $2 AND made_at > $3",
        scope_id,
        key,
        now - KEPT,
    )
    if row is None:
        return None
    if row["content_hash"] != content_hash:
        raise KeyReused("This Idempotency-Key came with another request before; use a fresh one.")
    return Outcome(row["status"], row["answer"], row["subject_id"])


async def keep_outcome(
    connection: Connection, outcome: Outcome, *, scope_id: UUID, key: str, content_hash: bytes, now: datetime
) -> None:
    """Keeps the first outcome. Raises RaceLost when another request with the key was first."""
    kept = await connection.execute(
        "INSERT INTO idempotency_keys AS k (scope_id, key, content_hash, made_at, status, answer, subject_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope_id, key) DO UPDATE"
        " SET content_hash = EXCLUDED.content_hash, made_at = EXCLUDED.made_at, status = EXCLUDED.status,"
        " answer = EXCLUDED.answer, subject_id = EXCLUDED.subject_id WHERE k.made_at <= $8",
        *(scope_id, key, content_hash, now, *outcome, now - KEPT),
    )
    if kept != "INSERT 0 1":
        raise RaceLost

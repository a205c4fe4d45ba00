"""Reads of keys: who a key is, whether it is still good, and the list that an admin sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.access.issue_key import hash_key
from loyalty_api.domain.access.refusals import TokenRefused, Unauthenticated
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Ask


class Caller(msgspec.Struct, frozen=True):
    """Who is calling: facts of a key that never change, so that a process may remember them."""

    key_id: UUID
    program_id: UUID | None
    scopes: frozenset[str]
    store: str | None
    expires_at: datetime | None

    @property
    def actor(self) -> str:
        """How events and the audit name this caller."""
        return f"key:{self.key_id}"


_FIND = """
SELECT key_id, program_id, scopes, store, expires_at FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL
"""
_REVOKED = "SELECT key_id FROM api_keys WHERE key_id = ANY($1::uuid[]) AND revoked_at IS NOT NULL"
_LIST = """
SELECT key_id, name, scopes, store, prefix, created_at, expires_at, revoked_at
FROM api_keys WHERE program_id IS NOT DISTINCT FROM $1 ORDER BY key_id
"""


async def find_caller(connection: Connection, key: str) -> Caller:
    """The caller behind a key. Refuses: Unauthenticated. Expiry is for ``check_expiry``, on each use."""
    row = await connection.fetchrow(_FIND, hash_key(key))
    if row is None:
        raise Unauthenticated("This API key is not known, or not any more.")
    return Caller(
        key_id=row["key_id"],
        program_id=row["program_id"],
        scopes=frozenset(row["scopes"]),
        store=row["store"],
        expires_at=row["expires_at"],
    )


def check_expiry(caller: Caller, now: datetime) -> None:
    """Refuses (Unauthenticated) a key that has run out. ``now`` is the real present, not a test clock."""
    if caller.expires_at is not None and now >= caller.expires_at:
        raise Unauthenticated("This API key is not known, or not any more.")


def revoked_ask(key_ids: Collection[UUID]) -> Ask:
    """Asks which of the keys are revoked."""
    return Ask(_REVOKED, (list(key_ids),))


async def list_keys(connection: Connection, program_id: UUID | None) -> list[asyncpg.Record]:
    """All keys of a program, oldest first, without their hashes."""
    return await connection.fetch(_LIST, program_id)


_GRANT = "SELECT revoked_at FROM token_grants WHERE member_id = $1::uuid AND grant_id = $2::uuid"


def grant_ask(member_id: UUID, grant_id: UUID) -> Ask:
    """Asks when a grant was revoked; no row: there is no such grant."""
    return Ask(_GRANT, (member_id, grant_id))


def check_granted(rows: Sequence[asyncpg.Record]) -> None:
    """Refuses (TokenRefused) what ``grant_ask`` was answered of a sign-in that is over."""
    if not rows or rows[0][0] is not None:
        raise TokenRefused("This sign-in was ended; sign in again.")

"""Issuing a key: 32 random bytes, told once, kept as a SHA-256 (no need to slow down guessing at 256 bits)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id

PREFIX_LENGTH = 11


class IssuedKey(msgspec.Struct, frozen=True):
    """A fresh key; ``key`` is told now and never again."""

    id: UUID
    prefix: str
    key: str


async def issue_key(
    connection: Connection,
    *,
    program_id: UUID | None,
    name: str,
    scopes: list[str],
    now: datetime,
    store: str | None = None,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """A new key of a program, or of the operator (``program_id`` None, scope ``operator``)."""
    key = "lk_" + secrets.token_urlsafe(32)
    issued = IssuedKey(new_id(), key[:PREFIX_LENGTH], key)
    await connection.execute(
        "INSERT INTO api_keys (key_id, program_id, name, scopes, store, prefix, key_hash, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        issued.id,
        program_id,
        name,
        sorted(set(scopes)),
        store,
        issued.prefix,
        hash_key(key),
        now,
        expires_at,
    )
    return issued


def hash_key(key: str) -> bytes:
    """What is stored and looked up in place of the key."""
    return hashlib.sha256(key.encode()).digest()

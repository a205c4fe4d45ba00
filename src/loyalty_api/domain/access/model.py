"""API keys: hashed, with scopes, belonging to one program (or to none: an operator's). And members' sign-ins."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Uuid, primary_key=True),
    Column("program_id", Uuid),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("store", Text),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)

# One row for each time that a member was signed in; ``generation``: which refresh token of it is the newest.
token_grants = Table(
    "token_grants",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("grant_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("renewed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("member_id", "grant_id"),
)

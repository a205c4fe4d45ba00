"""API keys: hashed, with scopes, belonging to one program (or to none: an operator's)."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, DateTime, LargeBinary, Table, Text, Uuid

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

"""The claim table: (program, kind, source, reference) → member, record, hash of the content."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

reference_claims = Table(
    "reference_claims",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("program_id", "kind", "source", "reference"),
)

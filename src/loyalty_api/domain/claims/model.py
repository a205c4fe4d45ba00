"""The claim table: (program, kind, source, reference) → member, record, hash of the content."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid

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
    # Whose it was before it was moved to the member; empty: nobody's.
    Column("moved_from", Uuid),
    PrimaryKeyConstraint("program_id", "kind", "source", "reference"),
)

# Writes without a reference of their own, by the Idempotency-Key of the caller. Kept 30 days.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope_id", Uuid, nullable=False),  # the program, or the key of an operator
    Column("key", Text, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("status", SmallInteger, nullable=False),
    # The answer as it was told; empty where it holds personal data or a secret, then ``subject_id`` is read again.
    Column("answer", LargeBinary),
    Column("subject_id", Uuid),
    PrimaryKeyConstraint("scope_id", "key"),
    # Erasing a member removes what their answers were kept under.
    Index("idempotency_keys_subject_id_idx", "subject_id"),
)

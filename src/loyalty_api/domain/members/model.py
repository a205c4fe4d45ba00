"""Tables of the member. Personal data stands in ``member_profiles`` and in identifier values, nowhere else."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.database import metadata

members = Table(
    "members",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("store", Text),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

member_profiles = Table(
    "member_profiles",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("given_name", Text),
    Column("family_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("birth_date", Date),
    Column("language", Text),
    Column("attributes", JSON, nullable=False),
)

member_identifiers = Table(
    "member_identifiers",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("identifier_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("blocked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("member_id", "identifier_id"),
)

# The claim: unique across members, so keyed by the value itself and without a foreign key.
identifier_claims = Table(
    "identifier_claims",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("blocked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("program_id", "kind", "value"),
)

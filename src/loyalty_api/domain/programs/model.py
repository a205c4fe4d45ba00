"""Tables of the program: what is fixed at the first publish, every version for ever, and the draft."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.database import metadata

programs = Table(
    "programs",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("mode", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("newest_version", Integer, nullable=False),
    # The present of a test program; empty: the real one.
    Column("clock_now", DateTime(timezone=True)),
)

program_versions = Table(
    "program_versions",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    # Empty for the first version: in force from the beginning of time.
    Column("effective_at", DateTime(timezone=True)),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("published_by", Text, nullable=False),
    Column("document", JSON, nullable=False),
    PrimaryKeyConstraint("program_id", "version"),
)

program_drafts = Table(
    "program_drafts",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("writes", Integer, nullable=False),
    Column("base_version", Integer, nullable=False),
    # Empty: nothing is drafted.
    Column("document", JSON),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

"""The tables of the nightly run, through which local date it was run for each program, and of merges of members."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from loyalty_api.kernel.database import metadata

program_nights = Table(
    "program_nights",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("through", Date, nullable=False),
)

# Of the survivor: who became an alias, what came over with them, and what went back when that was undone.
merges = Table(
    "merges",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("merge_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("alias_id", Uuid, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("lots", Integer, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("merged_at", DateTime(timezone=True), nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("points_returned", BigInteger),
    Column("lots_returned", Integer),
    PrimaryKeyConstraint("member_id", "merge_id"),
    CheckConstraint("points >= 0 AND lots >= 0 AND debt >= 0", name="merges_points"),
    CheckConstraint("(undone_at IS NULL) = (points_returned IS NULL)", name="merges_undone"),
    Index("merges_program_id_idx", "program_id", "merge_id"),
    Index("merges_alias_id_idx", "alias_id"),
)

"""The engagement row: what happened, what it earned and why, and the first answer to the byte."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.database import metadata

engagements = Table(
    "engagements",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("engagement_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    # Empty: recorded by the product itself, as the enrolment is.
    Column("reference", Text),
    Column("kind", Text, nullable=False),
    # What the caller sent: the one column that may hold anything.
    Column("data", JSON, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("store", Text),
    Column("employee", Text),
    Column("channel", Text),
    Column("earnings", JSON, nullable=False),
    # What dry-run rules would have given. Empty: none would have.
    Column("dry_runs", JSON),
    # What the decision rested on beyond the event: conditions, rooms. Empty: on nothing.
    Column("inputs", JSON),
    Column("points_earned", BigInteger, nullable=False),
    Column("points_pending", BigInteger, nullable=False),
    # What it counted towards the tier. Empty: nothing.
    Column("tier_value", BigInteger),
    Column("version", Integer, nullable=False),
    # The tier it earned at: that of its own time. Empty: the program had none.
    Column("tier", Text),
    # Empty: no points, so no transfer.
    Column("transfer_seq", BigInteger),
    Column("actor", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member_id", "engagement_id"),
    CheckConstraint("points_earned >= 0 AND points_pending BETWEEN 0 AND points_earned", name="engagements_points"),
    CheckConstraint("(points_earned = 0) = (transfer_seq IS NULL)", name="engagements_transfer"),
    CheckConstraint("tier_value > 0", name="engagements_tier_value"),
    # Reading one by its id and listing a program's, newest first.
    Index("engagements_program_id_engagement_id_idx", "program_id", "engagement_id"),
    Index("engagements_dry_runs_idx", "program_id", postgresql_where=text("dry_runs IS NOT NULL")),
)

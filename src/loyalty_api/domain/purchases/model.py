"""The purchase row: what the till sent, what it earned and why, and the first answer to the byte."""

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

purchases = Table(
    "purchases",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("currency", Text, nullable=False),
    Column("store", Text),
    Column("employee", Text),
    Column("channel", Text),
    Column("total_minor", BigInteger, nullable=False),
    Column("base_minor", BigInteger, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("coupons", JSON, nullable=False),
    Column("earnings", JSON, nullable=False),
    # What dry-run rules would have given. Empty: none would have.
    Column("dry_runs", JSON),
    Column("points_earned", BigInteger, nullable=False),
    Column("points_pending", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    # The tier it earned at: that of its own time. Empty: the program had none.
    Column("tier", Text),
    # Empty: no points, so no transfer.
    Column("transfer_seq", BigInteger),
    Column("actor", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    # What the decision rested on beyond the receipt: conditions, carried rests, rooms. Empty: on nothing.
    Column("inputs", JSON),
    # What it counted towards the tier. Empty: its base.
    Column("tier_value", BigInteger),
    PrimaryKeyConstraint("member_id", "purchase_id"),
    CheckConstraint("total_minor >= 0 AND base_minor >= 0", name="purchases_amounts"),
    CheckConstraint("points_earned >= 0 AND points_pending BETWEEN 0 AND points_earned", name="purchases_points"),
    CheckConstraint("(points_earned = 0) = (transfer_seq IS NULL)", name="purchases_transfer"),
    # Reading one by its id and listing a program's, newest first.
    Index("purchases_program_id_purchase_id_idx", "program_id", "purchase_id"),
    Index("purchases_dry_runs_idx", "program_id", postgresql_where=text("dry_runs IS NOT NULL")),
)

returns = Table(
    "returns",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("return_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    # return, or void: then nothing of the purchase is left, and it leaves the figures.
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    # The part of each line: its place from 0, quantity, amount.
    Column("lines", JSON, nullable=False),
    # What was owed, and taken of it: from lots, as a debt, or (told apart) since it had expired. The rest is forgiven.
    Column("points_due", BigInteger, nullable=False),
    Column("points_taken", BigInteger, nullable=False),
    Column("points_expired", BigInteger, nullable=False),
    # What had paid for it and was given back, by redemption and the lot it was once drawn from.
    Column("points_given", BigInteger, nullable=False),
    Column("given", JSON, nullable=False),
    Column("by_rule", JSON, nullable=False),
    # What each carrying rule left of its last step once this was back, and what that changed.
    Column("rests", JSON, nullable=False),
    Column("carry_change", JSON, nullable=False),
    # What the tier's day lost.
    Column("tier_value", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member_id", "return_id"),
    CheckConstraint("amount_minor >= 0 AND points_due >= 0 AND points_given >= 0", name="returns_amounts"),
    CheckConstraint("points_expired BETWEEN 0 AND points_taken", name="returns_expired"),
    CheckConstraint("points_taken BETWEEN 0 AND points_due", name="returns_taken"),
    Index("returns_member_id_purchase_id_idx", "member_id", "purchase_id"),
    Index("returns_program_id_return_id_idx", "program_id", "return_id"),
)

"""Tables of rewards: redemptions of members, how many pieces of a stock are taken, coupon pools, codes and uses."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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

redemptions = Table(
    "redemptions",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("redemption_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    # Empty: an automatic reward, which nobody asked for.
    Column("reference", Text),
    Column("reward", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
    # What it is worth at the till. Empty: that does not follow from what was asked.
    Column("amount_minor", BigInteger),
    Column("limited_by", Text),
    Column("cost_minor", BigInteger),
    # From expires_at on, one that is reserved is expired, whatever this says yet.
    Column("status", Text, nullable=False),
    Column("reserved_at", DateTime(timezone=True), nullable=False),
    # The local day that it counts for, where a member's limit has days.
    Column("redeemed_on", Date, nullable=False),
    # Empty: completed at once.
    Column("expires_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    # Whether it holds a piece of the reward's stock; and the pool that it holds a code of.
    Column("stocked", Boolean, nullable=False),
    Column("pool", Text),
    # The code that it gave out, once it is completed.
    Column("code", Text),
    # The purchase that it was completed with.
    Column("purchase_id", Uuid),
    # The transfer that took the points; what became of reserved ones, the hold of the same id knows.
    Column("transfer_seq", BigInteger, nullable=False),
    Column("store", Text),
    Column("employee", Text),
    Column("channel", Text),
    Column("actor", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member_id", "redemption_id"),
    CheckConstraint("points > 0 AND amount_minor >= 0", name="redemptions_amounts"),
    CheckConstraint("status IN ('reserved', 'completed', 'cancelled', 'expired')", name="redemptions_status"),
    CheckConstraint("(status = 'reserved') = (closed_at IS NULL)", name="redemptions_closed"),
    CheckConstraint("status = 'completed' OR expires_at IS NOT NULL", name="redemptions_expires"),
    CheckConstraint("status = 'completed' OR (code IS NULL AND purchase_id IS NULL)", name="redemptions_completed"),
    # Reading one by its id, and listing a program's, newest first.
    Index("redemptions_program_id_redemption_id_idx", "program_id", "redemption_id"),
    # Which of them have run out, for the worker and for whoever lacks what they hold.
    Index("redemptions_reserved_idx", "program_id", "expires_at", postgresql_where=text("status = 'reserved'")),
)

reward_stocks = Table(
    "reward_stocks",
    metadata,
    Column("program_id", Uuid, nullable=False),
    # reward:CODE or pool:CODE
    Column("stock", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    # The size at which it was told that it runs low. Empty: it was not.
    Column("warned_size", BigInteger),
    PrimaryKeyConstraint("program_id", "stock"),
    CheckConstraint("taken >= 0", name="reward_stocks_taken"),
)

coupon_pools = Table(
    "coupon_pools",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("pool", Text, nullable=False),
    # How often each code may be used.
    Column("uses", Integer, nullable=False),
    # What a code does. Empty: that is the till's matter.
    Column("effect", JSON),
    Column("size", BigInteger, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    PrimaryKeyConstraint("program_id", "pool"),
    CheckConstraint("uses > 0 AND size > 0", name="coupon_pools_size"),
)

coupon_codes = Table(
    "coupon_codes",
    metadata,
    Column("program_id", Uuid, nullable=False),
    # As it is compared: capitals, without blanks and hyphens.
    Column("code", Text, nullable=False),
    Column("written", Text, nullable=False),
    Column("pool", Text, nullable=False),
    # A random place in the pool: who takes a code starts somewhere, so that two rarely want the same one.
    Column("place", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    # The redemption that gave it out.
    Column("issued_to", Uuid),
    PrimaryKeyConstraint("program_id", "code"),
    CheckConstraint("used BETWEEN 0 AND uses", name="coupon_codes_used"),
    Index(
        "coupon_codes_free_idx",
        *("program_id", "pool", "place", "code"),
        postgresql_where=text("issued_to IS NULL AND used = 0"),
    ),
)

coupon_uses = Table(
    "coupon_uses",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("use_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    # Empty: used with the purchase.
    Column("reference", Text),
    Column("code", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("amount_minor", BigInteger),
    Column("purchase_id", Uuid),
    Column("used_at", DateTime(timezone=True), nullable=False),
    Column("store", Text),
    Column("actor", Text, nullable=False),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("member_id", "use_id"),
    CheckConstraint("(reference IS NULL) = (purchase_id IS NOT NULL)", name="coupon_uses_cause"),
)

"""Tables of the ledger. The checks are the laws that one row can state."""

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
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.database import metadata

balances = Table(
    "balances",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("spendable", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("lifetime_earned", BigInteger, nullable=False),
    Column("transfer_seq", BigInteger, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    # Hash of the last transfer; a missing last transfer shows here.
    Column("head_hash", LargeBinary, nullable=False),
    Column("last_recorded_at", DateTime(timezone=True)),
    # When the next lot matures or expires; empty: nothing will.
    Column("next_due_at", DateTime(timezone=True)),
    # When the member's latest purchase occurred; inactivity is counted from here.
    Column("last_purchase_at", DateTime(timezone=True)),
    CheckConstraint("spendable >= 0 AND pending >= 0 AND reserved >= 0 AND debt >= 0", name="balances_parts"),
    CheckConstraint("transfer_seq >= 0 AND event_seq >= 0", name="balances_seqs"),
    Index(
        "balances_next_due_at_idx",
        *("program_id", "next_due_at", "member_id"),
        postgresql_where=text("next_due_at IS NOT NULL"),
    ),
    # Every purchase updates its row: room on the page keeps the update in place.
    postgresql_with={"fillfactor": "50"},
)

transfers = Table(
    "transfers",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_account", SmallInteger, nullable=False),
    Column("to_account", SmallInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("cause_kind", Text, nullable=False),
    Column("cause_id", Uuid, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("spendable_after", BigInteger, nullable=False),
    Column("pending_after", BigInteger, nullable=False),
    Column("reserved_after", BigInteger, nullable=False),
    Column("debt_after", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member_id", "seq"),
    CheckConstraint("points > 0", name="transfers_points"),
    CheckConstraint("from_account <> to_account", name="transfers_accounts"),
    CheckConstraint("seq > 0", name="transfers_seq"),
)

lots = Table(
    "lots",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("lot_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    # The transfer that made the lot.
    Column("transfer_seq", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("earned_at", DateTime(timezone=True), nullable=False),
    # Empty: waits for a named event.
    Column("available_at", DateTime(timezone=True)),
    # Empty: never by itself.
    Column("expires_at", DateTime(timezone=True)),
    # How many of the remaining points wait for a redemption; empty: none.
    Column("reserved", BigInteger),
    # Purchases put the end off, to so many days after the latest; expires_at is then the earliest end.
    Column("inactivity_days", Integer),
    # The event that the points wait for, and the policy by which they live from then on.
    Column("waits_for", Text),
    Column("expiry", JSON),
    # What the points were first earned for, where the transfer that made the lot has another cause.
    Column("earned_for", Uuid),
    # Whose lot these points were in before they were moved, or given back after it had expired.
    Column("origin_member_id", Uuid),
    Column("origin_lot_id", Uuid),
    PrimaryKeyConstraint("member_id", "lot_id"),
    CheckConstraint("points > 0 AND remaining >= 0 AND remaining <= points", name="lots_remaining"),
    CheckConstraint("reserved BETWEEN 0 AND remaining", name="lots_reserved"),
    CheckConstraint("NOT (pending AND reserved > 0)", name="lots_pending"),
)

# Which lots a transfer took its points from, or gave them back to; which of the two, its accounts say.
draws = Table(
    "draws",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("transfer_seq", BigInteger, nullable=False),
    Column("lot_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("points", BigInteger, nullable=False),
    PrimaryKeyConstraint("member_id", "transfer_seq", "lot_id"),
    CheckConstraint("points > 0", name="draws_points"),
)

# Points that are reserved until an instant, by the transfer that set them aside; the draws say of which lots.
holds = Table(
    "holds",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("hold_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("transfer_seq", BigInteger, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    # The transfer that spent or released them; empty: they are held.
    Column("closing_seq", BigInteger),
    PrimaryKeyConstraint("member_id", "hold_id"),
    Index("holds_open_idx", "member_id", postgresql_where=text("closing_seq IS NULL")),
)

# That a lot's end was told before it came; another end of the same lot (inactivity) is told by itself.
expiry_notices = Table(
    "expiry_notices",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("lot_id", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("noticed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("member_id", "lot_id", "expires_at"),
)

# What a local day did to the points that were earned in the month, week or day that begins with ``first``, and to
# debts (``owed``, in that of the day itself): sums over all members, and not the ledger itself, but made from it.
# Nobody waits for a row: whoever folds holds the program.
lot_days = Table(
    "lot_days",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("period", Text, nullable=False),
    Column("first", Date, nullable=False),
    Column("day", Date, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("redeemed", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    # Lots that never end or wait for an event; below zero where as many were given an end, or nothing was left waiting.
    Column("endless", BigInteger, nullable=False),
    Column("owed", BigInteger, nullable=False),
    # The last end of the lots that were made, or given one.
    Column("ends_on", Date),
    PrimaryKeyConstraint("program_id", "period", "first", "day"),
)

# Up to which of a member's transfers they are in those sums.
folded_members = Table(
    "folded_members",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("transfer_seq", BigInteger, nullable=False),
)

# Whether all members of a program have been folded once, and up to whom, in the order of their ids.
folded_programs = Table(
    "folded_programs",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("after", Uuid, nullable=False),
    Column("all_members", Boolean, nullable=False),
)

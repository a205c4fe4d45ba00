"""Where events are sent to, and what became of each."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from loyalty_api.kernel.database import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("webhook_id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    # As ``purchase.recorded``; none: all.
    Column("types", ARRAY(Text)),
    # ``on``, ``off``, or ``closed``: gone, but for deliveries that are still being swept away.
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # The first failure since something was delivered.
    Column("failing_since", DateTime(timezone=True)),
    Column("secret", LargeBinary, nullable=False),
    # Signs as well until then.
    Column("previous_secret", LargeBinary),
    Column("previous_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("program_id", "webhook_id"),
)

# How far a webhook has read.
webhook_cursors = Table(
    "webhook_cursors",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("webhook_id", Uuid, nullable=False),
    # The first event that is still to be read.
    Column("position", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
    # Which worker reads, and until when nobody else may.
    Column("held_by", Uuid),
    Column("held_until", DateTime(timezone=True)),
    PrimaryKeyConstraint("program_id", "webhook_id"),
)

# An event to a webhook. One that was delivered at once is written when it is done with; one that waits, as it fails.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Uuid, nullable=False),
    Column("delivery_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    # Of the event: the member whose order is kept.
    Column("subject", Uuid, nullable=False),
    # ``waiting``, ``delivered`` or ``failed``.
    Column("state", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("attempted_at", DateTime(timezone=True)),
    # Of what waits: None, as soon as the member's event before it is through.
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("give_up_at", DateTime(timezone=True)),
    # Of the newest attempt.
    Column("status", BigInteger),
    Column("duration_ms", BigInteger),
    Column("error", Text),
    Column("response", Text),
    Column("replay_of", Uuid),
    PrimaryKeyConstraint("webhook_id", "delivery_id"),
    Index("webhook_deliveries_open_idx", "webhook_id", "delivery_id", postgresql_where=text("state <> 'delivered'")),
)

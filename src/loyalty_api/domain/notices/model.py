"""What members have seen."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, PrimaryKeyConstraint, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

acknowledged_notices = Table(
    "acknowledged_notices",
    metadata,
    Column("member_id", Uuid, nullable=False),
    # The id of a notice, see ``notice.py``.
    Column("notice", Text, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("acknowledged_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("member_id", "notice"),
)

"""Setting a member's status, with its history."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.members.status import ACTIVE
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id

_SET = "UPDATE members SET status = $2, status_reason = $3 WHERE member_id = $1"
_KEEP = """
INSERT INTO member_statuses (member_id, change_id, program_id, status, reason, changed_at, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def set_status(
    connection: Connection,
    *,
    program_id: UUID,
    member_id: UUID,
    status: str,
    reason: str | None,
    now: datetime,
    actor: str,
) -> None:
    """Sets the status of a member who is locked, and keeps who did so, when and why."""
    active = status == ACTIVE
    await connection.execute(_SET, member_id, None if active else status, None if active else reason)
    await connection.execute(_KEEP, member_id, new_id(), program_id, status, reason, now, actor)

"""Locking a member's profile: whoever changes what is known of a member waits for the other, and for an erasure."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import asyncpg

from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.members.status import check_known
from loyalty_api.kernel.database import Connection


class LockedProfile(NamedTuple):
    """The row of the profile, and the member's status (None: active) with its reason."""

    row: asyncpg.Record
    status: str | None
    status_reason: str | None


async def lock_profile(connection: Connection, *, program_id: UUID, member_id: UUID) -> LockedProfile:
    """The profile, locked until the transaction ends. Refuses: MemberNotFound, MemberErased, MemberMerged."""
    row = await connection.fetchrow(
        "SELECT * FROM member_profiles WHERE member_id = $1 AND program_id = $2 FOR UPDATE", member_id, program_id
    )
    if row is None:
        raise MemberNotFound(f"There is no member {member_id} in this program.")
    # Asked behind the lock, so that an erasure that was under way is seen.
    member = await connection.fetchrow(
        "SELECT status, status_reason, merged_into FROM members WHERE member_id = $1", member_id
    )
    assert member is not None, "a profile has a member"
    check_known(member_id, member["status"], member["merged_into"])
    return LockedProfile(row, member["status"], member["status_reason"])

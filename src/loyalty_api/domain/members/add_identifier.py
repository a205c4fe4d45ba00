"""Adding a card, a phone number or any other identifier to a member."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.members.enroll import claim_identifiers
from loyalty_api.domain.members.identify import Identifier, find_members
from loyalty_api.domain.members.lock_profile import lock_profile
from loyalty_api.domain.members.refusals import IdentifierBlocked, IdentifierTaken
from loyalty_api.domain.members.status import CLOSED, check_active
from loyalty_api.kernel.database import Connection


async def add_identifier(connection: Connection, *, member_id: UUID, identifier: Identifier, now: datetime) -> bool:
    """Whether it was added now; False when the member has it already. A suspended member may get a new card.

    Refuses: MemberNotFound, MemberClosed, MemberErased, IdentifierTaken, IdentifierBlocked. Raises RaceLost.
    """
    profile = await lock_profile(connection, program_id=identifier.program_id, member_id=member_id)
    if profile.status == CLOSED:
        check_active(profile.status, profile.status_reason)
    found = (await find_members(connection, [identifier])).get(identifier)
    if found is None:
        await claim_identifiers(connection, member_id, [identifier], now=now)
        return True
    if found.member_id != member_id:
        raise IdentifierTaken(f"This {identifier.kind} belongs to another member.")
    if found.blocked:
        raise IdentifierBlocked(f"This {identifier.kind} is blocked; add another one.")
    return False

"""An event that a phone records of its own member: only kinds that the program lets phones record, as of now (pure)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.engagement.command import Engagement, RecordEngagement, content_hash
from loyalty_api.domain.engagement.refusals import EngagementNotByPhone
from loyalty_api.domain.members.presented import MemberRef
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.clock import EPOCH


def phone_event(
    program: Program, *, member_id: UUID, key: UUID, kind: str, received_at: datetime, actor: str
) -> RecordEngagement:
    """The command. ``key``: what the phone calls the event; the same again is the same event, whenever it arrives.

    Refuses: EngagementNotByPhone.
    """
    now = program.present(received_at)
    kinds = program.version_at(now).document.engagement.phone_kinds
    if kind not in kinds:
        allowed = f"They may record {', '.join(kinds)}." if kinds else "They may record nothing."
        raise EngagementNotByPhone(f"The program does not let phones record {kind!r}. {allowed}")
    event = Engagement(
        reference=str(key),
        source=f"phone/{member_id}",  # another member's key is another event
        member=MemberRef(id=member_id),
        kind=kind,
        occurred_at=now,
        channel="phone",
    )
    return RecordEngagement(
        program_id=program.id,
        touchpoint=event,
        reference=event.reference,
        content_hash=content_hash(msgspec.structs.replace(event, occurred_at=EPOCH)),  # sent again, it is later
        received_at=received_at,
        key_id=None,
        actor=actor,
        store=None,
    )

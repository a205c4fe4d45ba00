"""The welcome: an enrolment is an event too, and earns by the rules for ``enrolled``, in its own transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.engagement.command import RecordEngagement, Touchpoint
from loyalty_api.domain.engagement.gather import gather_own
from loyalty_api.domain.members.presented import MemberRef
from loyalty_api.domain.programs.parts import ENROLLED
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import change_together


async def record_welcome(
    connection: Connection,
    program: Program,
    *,
    member_id: UUID,
    enrolled_at: datetime,
    store: str | None,
    now: datetime,
    actor: str,
) -> None:
    """Records ``enrolled`` for a member who was just enrolled; nothing if no rule of then, live or dry, is about it.

    ``now``: the program's present. Refuses: EngagementOutOfRange.
    """
    compiled = compile_version(program, program.version_at(enrolled_at)).events.get(ENROLLED)
    if compiled is None or not (compiled.givers or compiled.dry_runs):
        return
    command = RecordEngagement(
        program_id=program.id,
        touchpoint=Touchpoint(member=MemberRef(id=member_id), kind=ENROLLED, occurred_at=enrolled_at),
        reference=None,
        content_hash=b"",
        received_at=now,
        key_id=None,
        actor=actor,
        store=store,
    )
    desk = await gather_own(connection, program, command, locked=False)
    try:
        outcome = desk.take(command, member_id)
        again = bool(desk.tallies.short)
    except RaceLost:  # an automatic reward is reached
        again = True
    if again:  # once more behind locks, also when a budget's slice was too short
        desk = await gather_own(connection, program, command, locked=True)
        outcome = desk.take(command, member_id)
    if isinstance(outcome, Refusal):
        raise outcome
    for counter in (desk.counters or {}).values():
        await choose_codes(connection, counter)
    await change_together(connection, desk.changes())

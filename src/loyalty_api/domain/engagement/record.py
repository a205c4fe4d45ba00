"""Recording engagement events: many at once, each answered by itself.

Gathers what they need in one statement, decides in plain Python in the order of arrival, writes in one statement. How
many statements that takes does not depend on how many events there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_api.domain.claims.answered import Answered, tell_again
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.gather import gather, gather_locked
from loyalty_api.domain.engagement.store import first_answers
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import change_together


async def record_engagement(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordEngagement], *, locked: bool
) -> list[Answered | Refusal]:
    """The outcome of each command, in order: its answer (fresh, or the first one told again), or a refusal.

    Refusals: Unauthenticated (the key was revoked), MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended,
    MemberClosed, MemberErased, EngagementReferenceReused, EngagementInTheFuture, EngagementTooLate,
    EngagementBeforeEnrolment, EngagementOutOfRange, InvalidRequest (the identifier cannot be read).

    ``locked`` False needs no transaction around it, and raises RaceLost when another was first, or a budget's slice
    too short; then it is to be done again, locked, in a transaction.
    """
    desk = await (gather_locked if locked else gather)(connection, catalogue, commands)
    outcomes = [desk.take(command, who) for command, who in zip(commands, desk.presented, strict=True)]
    if desk.tallies.short:
        raise RaceLost
    answers = await tell_again(
        connection,
        outcomes,
        fresh={row.engagement_id: row.answer for row in desk.rows},
        claims=desk.claims.values(),
        first_answers=first_answers,
    )
    for counter in (desk.counters or {}).values():
        await choose_codes(connection, counter)
    await change_together(connection, desk.changes())
    return answers

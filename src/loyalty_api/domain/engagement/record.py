"""Recording engagement events: many in one transaction, each answered by itself.

Gathers what they need, decides in plain Python in the order of arrival, writes one statement per table. How many
statements that takes does not depend on how many events there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import make_claims
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.desk import Desk, Replay
from loyalty_api.domain.engagement.gather import gather
from loyalty_api.domain.engagement.store import first_answers, write_engagements
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.tiers.standing import write_standings
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.outbox import append_events
from loyalty_api.kernel.refusals import Refusal


async def record_engagement(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordEngagement]
) -> list[Answered | Refusal]:
    """The outcome of each command, in order: its answer (fresh, or the first one told again), or a refusal.

    Refusals: Unauthenticated (the key was revoked), MemberNotFound, IdentifierBlocked, EngagementReferenceReused,
    EngagementInTheFuture, EngagementTooLate, EngagementBeforeEnrolment, EngagementOutOfRange, InvalidRequest (the
    identifier cannot be read). Raises RaceLost when another transaction recorded one of the references meanwhile.
    """
    programs = await catalogue.load(connection, {command.program_id for command in commands})
    return await record_among(connection, programs, commands)


async def record_among(
    connection: Connection, programs: dict[UUID, Program], commands: Sequence[RecordEngagement]
) -> list[Answered | Refusal]:
    """As ``record_engagement``, in programs that the transaction has read already."""
    for exact in (False, True):  # once more, with the budgets locked, when a slice of one was too short
        desk = await gather(connection, programs, commands, exact=exact)
        outcomes = [desk.take(command, who) for command, who in zip(commands, desk.presented, strict=True)]
        if not desk.tallies.short:
            break
    await _write(connection, desk)
    return await _tell_again(connection, desk, outcomes)


async def _write(connection: Connection, desk: Desk) -> None:
    await make_claims(connection, desk.new_claims)
    await write_engagements(connection, desk.rows)
    await desk.book.write(connection)
    await write_standings(connection, desk.standings.values())
    await append_events(connection, desk.events)
    await desk.tallies.write(connection)


async def _tell_again(
    connection: Connection, desk: Desk, outcomes: Sequence[Answered | Replay | Refusal]
) -> list[Answered | Refusal]:
    """Fills replays in with the bytes that were answered first."""
    replays = {outcome.engagement_id for outcome in outcomes if isinstance(outcome, Replay)}
    asked = {(c.member_id, c.record_id) for c in desk.claims.values() if c.record_id in replays}
    answers = await first_answers(connection, asked)
    return [
        Answered(answers[outcome.engagement_id], replayed=True) if isinstance(outcome, Replay) else outcome
        for outcome in outcomes
    ]

"""Recording purchases: many at once, each answered by itself.

Gathers what they need in one statement, decides in plain Python in the order of arrival, writes in one statement. How
many statements that takes does not depend on how many purchases there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_api.domain.claims.answered import Answered, tell_again
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.desk import Desk
from loyalty_api.domain.purchases.gather import gather, gather_locked
from loyalty_api.domain.purchases.store import first_answers
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import Change, change_together


async def record_purchases(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase], *, locked: bool
) -> list[Answered | Refusal]:
    """The outcome of each command, in order: its answer (fresh, or the first one told again), or a refusal.

    Refusals: Unauthenticated (the key was revoked), MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended,
    MemberClosed, MemberErased, ReferenceReused, WrongCurrency, InTheFuture, TooLate, BeforeEnrolment,
    UnknownRedemption, RedemptionCompleted, RedemptionCancelled, RedemptionExpired, PaidTooMuch, OutOfRange,
    InvalidRequest (the identifier cannot be read).

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
        fresh={row.purchase_id: row.answer for row in desk.rows},
        claims=desk.claims.values(),
        first_answers=first_answers,
    )
    await write_desk(connection, desk)
    return answers


async def write_desk(connection: Connection, desk: Desk, *others: Change) -> None:
    """Writes all that was taken, and ``others`` beside it."""
    if desk.spending is not None:
        for counter in desk.spending.counters.values():
            await choose_codes(connection, counter)
    await change_together(connection, [*desk.changes(), *others])

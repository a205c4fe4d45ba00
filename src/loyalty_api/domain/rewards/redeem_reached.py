"""Automatic rewards of members whose points reached them without a purchase: they matured, or were given."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.points.post import Book
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.automatic import automatic_rewards, is_reached, redeem_automatic
from loyalty_api.domain.rewards.gather import make_counter, open_counter, tier_now
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.domain.rewards.redeem import write_counter
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change

PAGE = 100  # members; they stay locked until their page is written

_REACHED = """
SELECT member_id FROM balances
WHERE program_id = $1 AND spendable - debt >= $2 AND member_id > $3
ORDER BY member_id LIMIT $4
"""


async def redeem_reached(
    connection: Connection, program: Program, *, now: datetime, after: UUID, limit: int = PAGE
) -> tuple[int, UUID | None]:
    """Redeems what a page of members reach at ``now``, the program's present; (how many times, where the next page
    begins)."""
    rewards = automatic_rewards(program.version_at(now))
    if not rewards:
        return 0, None
    least = min(reward.points or 0 for reward in rewards)
    members = [row["member_id"] for row in await connection.fetch(_REACHED, program.id, least, after, limit)]
    if not members:
        return 0, None
    counter, times = await open_counter(connection, program, members, rewards, now=now), 0
    for member_id in members:
        tier = await tier_now(connection, program, member_id, now)
        times += redeem_automatic(counter, counter.book.balances[member_id], program, tier=tier, now=now)
    await choose_codes(connection, counter)
    await write_counter(connection, counter, {})
    return times, members[-1] if len(members) == limit else None


async def redeem_beside(
    connection: Connection, program: Program, book: Book, members: Collection[UUID], *, now: datetime
) -> list[Change]:
    """Redeems what members of a book, locked and settled with all their lots, reach at ``now``, the program's present;
    what is to be written beside the book for that."""
    rewards = automatic_rewards(program.version_at(now))
    reached = [member_id for member_id in members if is_reached(rewards, book.balances[member_id].available)]
    if not reached:
        return []
    counter = await make_counter(connection, book, program.id, reached, rewards)
    for member_id in reached:
        tier = await tier_now(connection, program, member_id, now)
        redeem_automatic(counter, book.balances[member_id], program, tier=tier, now=now)
    await choose_codes(connection, counter)
    return list(counter.changes())

"""The catalogue of rewards, and whether a member may have each: the same rules as redeeming, nothing locked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.points.balance import no_points
from loyalty_api.domain.points.post import Book
from loyalty_api.domain.points.queries import points_of
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.gather import make_counter, tier_now
from loyalty_api.domain.rewards.rules import why_not
from loyalty_api.domain.rewards.stock import StockKey
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import Refusal

_OVER = """
SELECT stock, count(*) AS pieces FROM (
  SELECT 'reward:' || reward AS stock FROM redemptions
  WHERE program_id = $1 AND status = 'reserved' AND expires_at <= $2 AND stocked
  UNION ALL
  SELECT 'pool:' || pool FROM redemptions
  WHERE program_id = $1 AND status = 'reserved' AND expires_at <= $2 AND pool IS NOT NULL
) held WHERE stock = ANY($3::text[]) GROUP BY stock
"""


class Offered(NamedTuple):
    """A reward of the catalogue. ``left``: None: without end; ``hindered``: why the member may not have it."""

    reward: Reward
    left: int | None
    hindered: Refusal | None


async def offered_rewards(
    connection: Connection, program: Program, member_id: UUID | None, *, now: datetime
) -> list[Offered]:
    """The rewards of the version in force at ``now``, the program's present, as they stand for a member, if for one."""
    rewards = program.version_at(now).document.rewards
    if not rewards:
        return []
    balance, members = no_points(member_id or UUID(int=0), program.id), [member_id] if member_id else []
    counter = await make_counter(connection, Book({}), program.id, members, rewards)
    await _let_go(connection, counter, program, now)
    day = local_date(now, program.zone)
    available, tier = 0, None
    if member_id is not None:
        available = (await points_of(connection, [member_id], zone=program.zone, now=now))[member_id].available
        tier = await tier_now(connection, program, member_id, now) if _tiered(rewards) else None
    return [
        Offered(
            reward,
            counter.left(program.id, reward),
            why_not(reward, counter.seen(reward, balance, day=day, now=now, tier=tier), available)
            if member_id is not None
            else None,
        )
        for reward in rewards
    ]


def _tiered(rewards: Sequence[Reward]) -> bool:
    return any(reward.tiers for reward in rewards)


async def _let_go(connection: Connection, counter: Counter, program: Program, now: datetime) -> None:
    """What is held in reservations that ran out is there again, be that booked or not."""
    short = [key.stock for key in counter.stocks.short()]
    if short:
        for row in await connection.fetch(_OVER, program.id, now, short):
            for _ in range(row["pieces"]):
                counter.stocks.free(StockKey(program.id, row["stock"]))

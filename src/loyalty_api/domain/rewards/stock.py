"""Stock that many tills share: pieces of a reward, codes of a pool.

How many are taken is read without a lock. What a batch takes is added by one statement, its last, which holds only if
there is as much; so a till waits for another only as long as that statement and its commit take.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.programs.reward import Reward
from loyalty_api.kernel.together import Ask, Change, columns

LOW = 10  # a stock runs low when a tenth of it, or less, is left


class StockKey(NamedTuple):
    """One stock: ``reward:five-off``, or ``pool:spring``."""

    program_id: UUID
    stock: str


class _Taken(NamedTuple):
    taken: int
    warned_size: int | None


NONE_TAKEN = _Taken(0, None)

_READ = """
SELECT s.program_id, s.stock, s.taken, s.warned_size
FROM unnest($1::uuid[], $2::text[]) AS k (program_id, stock) JOIN reward_stocks s USING (program_id, stock)
"""
_TAKE = """
INSERT INTO reward_stocks AS s (program_id, stock, size, taken, warned_size)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
ON CONFLICT (program_id, stock) DO UPDATE
SET size = EXCLUDED.size, taken = s.taken + EXCLUDED.taken, warned_size = COALESCE(EXCLUDED.warned_size, s.warned_size)
WHERE s.taken + EXCLUDED.taken <= EXCLUDED.size
  AND (EXCLUDED.warned_size IS NULL OR s.warned_size IS DISTINCT FROM EXCLUDED.warned_size)
"""
_FREE = """
UPDATE reward_stocks s SET taken = s.taken - u.pieces
FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS u (program_id, stock, pieces)
WHERE s.program_id = u.program_id AND s.stock = u.stock
"""


def reward_stock(program_id: UUID, reward: str) -> StockKey:
    """The stock of a reward."""
    return StockKey(program_id, f"reward:{reward}")


def pool_stock(program_id: UUID, pool: str) -> StockKey:
    """The codes of a pool."""
    return StockKey(program_id, f"pool:{pool}")


def stocks_of(program_id: UUID, reward: Reward) -> list[StockKey]:
    """The stocks that one of the reward takes a piece of."""
    keys = [reward_stock(program_id, reward.code)] if reward.stock is not None else []
    return [*keys, pool_stock(program_id, reward.coupon.pool)] if reward.coupon else keys


def sizes_of(program_id: UUID, rewards: Iterable[Reward], pools: Mapping[str, int]) -> dict[StockKey, int]:
    """How many there are of what the rewards take; of a pool that was not opened yet there is nothing."""
    sizes: dict[StockKey, int] = {}
    for reward in rewards:
        if reward.stock is not None:
            sizes[reward_stock(program_id, reward.code)] = reward.stock
        if reward.coupon is not None:
            sizes[pool_stock(program_id, reward.coupon.pool)] = pools.get(reward.coupon.pool, 0)
    return sizes


class Stocks:
    """The stocks that one transaction takes pieces of, or frees. ``sizes``: of those that have an end."""

    def __init__(self, rows: Iterable[Any], sizes: Mapping[StockKey, int]) -> None:
        self._taken = {StockKey(row[0], row[1]): _Taken(row[2], row[3]) for row in map(tuple, rows)}
        self._sizes = sizes
        self._pieces: dict[StockKey, int] = {}
        self._warned: dict[StockKey, int] = {}

    def left(self, key: StockKey) -> int | None:
        """How many may be taken now; None: without end."""
        size = self._sizes.get(key)
        return None if size is None else size - self._now_taken(key)

    def short(self) -> list[StockKey]:
        """Those of which nothing is left."""
        return [key for key in sorted(self._sizes) if self._sizes[key] <= self._now_taken(key)]

    def size(self, key: StockKey) -> int:
        """How many there are in all of a stock that has an end."""
        return self._sizes[key]

    def take(self, key: StockKey) -> bool:
        """Takes one piece; whether the stock now runs low, which is told once for each of its sizes."""
        self._pieces[key] = self._pieces.get(key, 0) + 1
        size = self._sizes[key]
        told = self._warned.get(key) or self._taken.get(key, NONE_TAKEN).warned_size
        if told == size or (size - self._now_taken(key)) * LOW > size:
            return False
        self._warned[key] = size
        return True

    def free(self, key: StockKey) -> None:
        """Puts one piece back."""
        self._pieces[key] = self._pieces.get(key, 0) - 1

    def changes(self) -> Iterator[Change]:
        """What is taken and freed; fails when another took what is not left then, or told that it runs low."""
        pieces = sorted((key, count) for key, count in self._pieces.items() if count)
        taken = [(*key, self._sizes[key], count, self._warned.get(key)) for key, count in pieces if count > 0]
        freed = [(*key, -count) for key, count in pieces if count < 0]
        if taken:
            yield Change(_TAKE, columns(taken), rows=len(taken))
        if freed:
            yield Change(_FREE, columns(freed), rows=len(freed))

    def _now_taken(self, key: StockKey) -> int:
        return self._taken.get(key, NONE_TAKEN).taken + self._pieces.get(key, 0)


def stocks_ask(keys: Collection[StockKey]) -> Ask:
    """Asks how many are taken of each stock."""
    return Ask(_READ, columns(sorted(keys)) if keys else ([], []))

"""Coupons in memory: codes as they were read, and each use of one; never more often than it may be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.rewards import events
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.coupon_effect import CouponEffect
from loyalty_api.domain.rewards.refusals import CouponUsedUp
from loyalty_api.domain.rewards.stock import pool_stock
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change, RowType, columns


class Coupon(msgspec.Struct):
    """One code of a pool. ``fresh``: neither given out nor used before."""

    program_id: UUID
    code: str
    written: str
    pool: str
    uses: int
    used: int
    fresh: bool
    effect: CouponEffect | None


class CouponUse(NamedTuple):
    """One use, in the order of the columns. ``reference`` None: with the purchase."""

    member_id: UUID
    use_id: UUID
    program_id: UUID
    source: str
    reference: str | None
    code: str
    pool: str
    amount_minor: int | None
    purchase_id: UUID | None
    used_at: datetime
    store: str | None
    actor: str
    answer: bytes | None


_FIND = """
SELECT c.program_id, c.code, c.written, c.pool, c.uses, c.used, c.issued_to IS NULL AND c.used = 0 AS fresh, p.effect
FROM unnest($1::uuid[], $2::text[]) AS k (program_id, code)
JOIN coupon_codes c USING (program_id, code) JOIN coupon_pools p USING (program_id, pool)
"""
# The first use of a code that was not given out takes it from its pool, so that must be the first indeed.
_USE = """
UPDATE coupon_codes c SET used = c.used + u.times
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::boolean[]) AS u (program_id, code, times, fresh)
WHERE c.program_id = u.program_id AND c.code = u.code AND c.used + u.times <= c.uses
  AND (c.issued_to IS NULL AND c.used = 0) = u.fresh
"""
COUPON_USE_ROW = RowType("coupon_use_row", CouponUse._fields)
_INSERT = COUPON_USE_ROW.insert_into("coupon_uses")
_ANSWERS = """
SELECT u.use_id, u.answer
FROM unnest($1::uuid[], $2::uuid[]) AS k (member_id, use_id) JOIN coupon_uses u USING (member_id, use_id)
"""


class Coupons:
    """The codes that one transaction may use."""

    def __init__(self, coupons: Iterable[Coupon] = ()) -> None:
        self._coupons = {(each.program_id, each.code): each for each in coupons}
        self._times: dict[tuple[UUID, str], int] = {}
        self.uses: list[CouponUse] = []

    def find(self, program_id: UUID, code: str) -> Coupon | None:
        """The coupon of a code as it is compared; None: it is of no pool."""
        return self._coupons.get((program_id, code))

    def check(self, counter: Counter, coupon: Coupon) -> None:
        """Refuses (CouponUsedUp) what may not be used once more."""
        match self.hindrance(counter, coupon):
            case "used_up":
                raise CouponUsedUp(f"The coupon {coupon.written} was used as often as it may be.")
            case "kept":
                raise CouponUsedUp(f"The coupon {coupon.written} is kept for a redemption.")

    def hindrance(
        self, counter: Counter, coupon: Coupon, beside: Sequence[Coupon] = ()
    ) -> Literal["used_up", "kept"] | None:
        """What keeps the coupon from one more use, ``beside`` others that wait to be used; None: nothing does."""
        taken = self._times.get((coupon.program_id, coupon.code), 0) + beside.count(coupon)
        if coupon.used + taken >= coupon.uses:
            return "used_up"
        if coupon.fresh and not taken:
            others = {each.code for each in beside if each.fresh and each.pool == coupon.pool}
            pieces = sum((coupon.program_id, code) not in self._times for code in others)
            if (counter.stocks.left(pool_stock(coupon.program_id, coupon.pool)) or 0) <= pieces:
                return "kept"
        return None

    def use(self, counter: Counter, balance: Balance, coupon: Coupon, cause: Cause, use: CouponUse) -> None:
        """Notes a use that was checked."""
        key = (coupon.program_id, coupon.code)
        if coupon.fresh and key not in self._times:
            counter.take_piece(balance, pool_stock(coupon.program_id, coupon.pool), cause)
        self._times[key] = self._times.get(key, 0) + 1
        self.uses.append(use)
        told = events.CouponUsed(
            use_id=use.use_id,
            pool=coupon.pool,
            uses_left=self.uses_left(coupon),
            value_minor=use.amount_minor,
            purchase_id=use.purchase_id,
            store=use.store,
        )
        counter.book.tell(balance, events.USED, events.encode_event(told), cause)

    def uses_left(self, coupon: Coupon) -> int:
        """How often the code may be used still."""
        return coupon.uses - coupon.used - self._times.get((coupon.program_id, coupon.code), 0)

    def changes(self) -> Iterator[Change]:
        """What is to be written; fails when another used a code up."""
        used = sorted((*key, times, self._coupons[key].fresh) for key, times in self._times.items())
        if used:
            yield Change(_USE, columns(used), rows=len(used))
            yield Change(_INSERT, (self.uses,))


async def find_coupons(connection: Connection, codes: Collection[tuple[UUID, str]]) -> list[Coupon]:
    """Those of the (program, code) pairs that are codes of a pool; codes as they are compared."""
    if not codes:
        return []
    return [
        Coupon(*row[:7], msgspec.json.decode(row[7], type=CouponEffect) if row[7] else None)
        for row in map(tuple, await connection.fetch(_FIND, *columns(sorted(codes))))
    ]


async def first_uses(connection: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, bytes]:
    """The bytes that were answered first, by use, for (member, use) pairs; at least one."""
    return {row[0]: row[1] for row in await connection.fetch(_ANSWERS, *columns(list(asked)))}

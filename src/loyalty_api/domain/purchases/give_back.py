"""What a purchase was paid with is given back with its goods: in proportion, into the lots that it came from.

Every redemption that was completed with the purchase counts, whatever it bought: as much of its points is back in all
as of the purchase's total, and everything once the whole purchase is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.give_back import give_back
from loyalty_api.domain.points.lots import Draw
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.queries import read_draws
from loyalty_api.domain.rewards.queries import redeemed_with
from loyalty_api.kernel.database import Connection


class Given(msgspec.Struct, frozen=True):
    """Points of a redemption that went back, told of the lot that they were once drawn from."""

    redemption: UUID
    lot: UUID
    points: int


class Paid(NamedTuple):
    """Points that a redemption of the purchase took, and from which lots."""

    redemption_id: UUID
    points: int
    draws: Sequence[Draw]


_given = msgspec.json.Decoder(list[Given])


async def read_paid(connection: Connection, *, member_id: UUID, purchase_id: UUID) -> list[Paid]:
    """What the purchase was paid with; it was fixed when the purchase was recorded."""
    rows = await redeemed_with(connection, member_id=member_id, purchase_id=purchase_id)
    if not rows:
        return []
    draws = await read_draws(connection, member_id=member_id, transfer_seqs=[row["transfer_seq"] for row in rows])
    return [Paid(row["redemption_id"], row["points"], draws[row["transfer_seq"]]) for row in rows]


def give_paid_back(
    book: Book,
    balance: Balance,
    paid: Iterable[Paid],
    returns: Iterable[Any],
    *,
    amount_minor: int,
    total_minor: int,
    grace_days: int,
    cause: Cause,
    of: Balance,
) -> list[Given]:
    """Gives back what belongs to ``amount_minor`` of ``total_minor``, which is back in all, and was not given yet.
    ``of``: who paid, by now perhaps an alias of who is given."""
    before: Counter[tuple[UUID, UUID]] = Counter()
    for row in returns:
        for each in _given.decode(row["given"]):
            before[each.redemption, each.lot] += each.points
    given = []
    for each in paid:
        left = [Draw(draw.lot_id, draw.points - before[each.redemption_id, draw.lot_id]) for draw in each.draws]
        left = [draw for draw in left if draw.points]
        back = each.points * amount_minor // total_minor if total_minor else each.points
        points = back - (each.points - sum(draw.points for draw in left))
        if points > 0:
            done = give_back(book, balance, left, points, grace_days=grace_days, cause=cause, of=of)
            given += [Given(each.redemption_id, draw.lot_id, draw.points) for draw in done.draws]
    return given


def lots_of(paid: Iterable[Paid]) -> list[UUID]:
    """The lots that the points came from."""
    return sorted({draw.lot_id for each in paid for draw in each.draws})

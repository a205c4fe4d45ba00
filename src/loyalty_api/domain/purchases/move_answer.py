"""The answer to moving a purchase, told from rows that never change: it is the same whenever it is asked for."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.earning.answer import EarnedPoints
from loyalty_api.domain.earning.rules import Earning
from loyalty_api.domain.purchases.again import StoredPurchase


class MovedFrom(msgspec.Struct, frozen=True):
    """The record that never was: whose it was, and the return that says what was taken back of them."""

    purchase: UUID
    member: UUID
    void: UUID
    taken_back: int


class MoveAnswer(msgspec.Struct, frozen=True):
    """The record that the purchase has now, and what it earned the member whose it is."""

    id: UUID
    status: str
    member: UUID
    points: EarnedPoints
    moved_from: MovedFrom


_earnings = msgspec.json.Decoder(list[Earning])
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_move(old: StoredPurchase, void: asyncpg.Record, new: StoredPurchase) -> bytes:
    """The answer's bytes. ``old`` and ``new``: the rows of the purchase; ``void``: that of the return."""
    return _encoder.encode(
        MoveAnswer(
            id=new["purchase_id"],
            status="moved",
            member=new["member_id"],
            points=EarnedPoints(new["points_earned"], new["points_pending"], _earnings.decode(new["earnings"])),
            moved_from=MovedFrom(old["purchase_id"], old["member_id"], void["return_id"], void["points_taken"]),
        )
    )

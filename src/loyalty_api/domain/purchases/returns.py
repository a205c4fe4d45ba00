"""The statements on the returns table, and the purchase that a return speaks of."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.purchases.refusals import PurchaseNotFound, ReturnNotFound
from loyalty_api.domain.purchases.return_command import PurchaseRef
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change

VOID = "void"


class ReturnRow(NamedTuple):
    """One row, in the order of the columns."""

    member_id: UUID
    return_id: UUID
    program_id: UUID
    purchase_id: UUID
    kind: str
    source: str
    reference: str
    occurred_at: datetime
    recorded_at: datetime
    amount_minor: int
    lines: bytes
    points_due: int
    points_taken: int
    points_expired: int
    points_given: int
    given: bytes
    by_rule: bytes
    rests: bytes
    carry_change: bytes
    tier_value: int
    actor: str
    answer: bytes


_INSERT = (
    f"INSERT INTO returns ({', '.join(ReturnRow._fields)}) VALUES ("
    "$1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::timestamptz, $9::timestamptz,"
    " $10::bigint, $11::json, $12::bigint, $13::bigint, $14::bigint, $15::bigint, $16::json, $17::json, $18::json,"
    " $19::json, $20::bigint, $21::text, $22::bytea)"
)
_OF_PURCHASE = "SELECT * FROM returns WHERE member_id = $1 AND purchase_id = $2 ORDER BY return_id"
_ROW = """
SELECT p.member_id, p.purchase_id, p.program_id, p.source, p.reference, p.occurred_at, p.recorded_at, p.currency,
       p.store, p.employee, p.channel, p.total_minor, p.base_minor, p.lines, p.coupons, p.earnings, p.inputs,
       p.points_earned, p.points_pending, COALESCE(p.tier_value, p.base_minor) AS tier_value, p.version, p.tier
"""
# Its reference stands for where a purchase is now, also once it was moved to another member.
_PURCHASE = f"""
{_ROW} FROM purchases named
JOIN reference_claims c ON c.program_id = named.program_id AND c.kind = 'purchase' AND c.source = named.source
                       AND c.reference = named.reference
JOIN purchases p ON p.member_id = c.member_id AND p.purchase_id = c.record_id
WHERE named.program_id = $1 AND named.purchase_id = $2
"""
_AS_NAMED = f"{_ROW}, p.answer FROM purchases p WHERE p.program_id = $1 AND p.purchase_id = $2"
_BY_REFERENCE = """
SELECT record_id FROM reference_claims
WHERE program_id = $1 AND kind = 'purchase' AND source = $2 AND reference = $3
"""

encode = msgspec.json.Encoder(decimal_format="number").encode


def return_change(row: ReturnRow) -> Change:
    """The change that inserts the row."""
    return Change(_INSERT, row)


async def find_purchase(connection: Connection, *, program_id: UUID, named: PurchaseRef) -> asyncpg.Record:
    """The purchase that is meant, where it is now if it was moved. Refuses: PurchaseNotFound."""
    purchase_id = named.id
    if purchase_id is None:
        purchase_id = await connection.fetchval(_BY_REFERENCE, program_id, named.source, named.reference)
    row = await connection.fetchrow(_PURCHASE, program_id, purchase_id) if purchase_id else None
    if row is None:
        raise PurchaseNotFound("There is no such purchase in this program (yet); send the return again once it is.")
    return row


async def read_as_named(connection: Connection, *, program_id: UUID, purchase_id: UUID) -> asyncpg.Record | None:
    """The purchase with this id, be it moved to another member since, with its first answer."""
    return await connection.fetchrow(_AS_NAMED, program_id, purchase_id)


async def returns_of(connection: Connection, *, member_id: UUID, purchase_id: UUID) -> list[asyncpg.Record]:
    """The returns of a purchase, oldest first."""
    return await connection.fetch(_OF_PURCHASE, member_id, purchase_id)


async def read_return(connection: Connection, *, program_id: UUID, return_id: UUID) -> asyncpg.Record:
    """One return. Refuses: ReturnNotFound."""
    row = await connection.fetchrow(
        "SELECT * FROM returns WHERE program_id = $1 AND return_id = $2", program_id, return_id
    )
    if row is None:
        raise ReturnNotFound(f"There is no return {return_id} in this program.")
    return row

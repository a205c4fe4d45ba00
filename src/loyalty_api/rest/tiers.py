"""A member's tier over REST: every move with its reason. What is held now is told with the member."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.members.queries import check_enrolled
from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.tiers.queries import moves_of
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class TierMoveItem(msgspec.Struct, frozen=True, kw_only=True):
    """One move. ``reason``: ``reached`` by what was counted, or ``reviewed`` in the night. ``value``: what the window
    added up to. Receipts from ``effective_at`` on earn at the new tier, however late they come."""

    seq: int
    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    value: int
    effective_at: str
    recorded_at: str


class TierMovePage(msgspec.Struct, frozen=True):
    """A page of moves, newest first."""

    items: list[TierMoveItem]
    next_cursor: str | None


async def read_moves(door: Door, call: Call) -> Answer:
    """The moves of the member's tier, newest first."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    member_id = UUID(call.path["member_id"])
    async with door.database.reader() as connection:
        await check_enrolled(connection, program_id=call.program_id, member_id=member_id)
        rows = await moves_of(connection, member_id=member_id, page=page)
    return answer_json(page_answer(rows, page, lambda row: row["seq"], [_item(row) for row in rows]))


def _item(row: Any) -> TierMoveItem:
    return TierMoveItem(
        seq=row["seq"],
        from_=row["from_tier"],
        to=row["to_tier"],
        reason=row["reason"],
        value=row["value"],
        effective_at=rfc3339(row["effective_at"]),
        recorded_at=rfc3339(row["recorded_at"]),
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/members/{member_id}/tier/history",
        handler=read_moves,
        summary="Every move of a member's tier, newest first, with its reason",
        query={"limit": "items per page, at most 200", "cursor": "next_cursor of the page before"},
        answer=TierMovePage,
        refusals=(MemberNotFound,),
    ),
]

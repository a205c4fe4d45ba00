"""The history of a member with what each movement was for: five statements at most, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.adjustments.queries import adjustment_reasons
from loyalty_api.domain.engagement.queries import engagement_earnings
from loyalty_api.domain.points.queries import history
from loyalty_api.domain.purchases.queries import earnings_of
from loyalty_api.domain.rewards.queries import redemption_rewards
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import Page


class Movement(NamedTuple):
    """A transfer, and the row of the purchase, event, redemption or adjustment that caused it (None: another cause)."""

    row: Any
    cause: Any


async def movements_of(connection: Connection, *, member_ids: Collection[UUID], page: Page) -> list[Movement]:
    """The movements of a member and of their aliases, newest first; one more than the page when there are more."""
    rows = await history(connection, member_ids=member_ids, page=page)
    mine = {"member_ids": member_ids}
    causes: dict[UUID, Any] = {}
    if bought := _causes(rows, "purchase"):
        causes |= await earnings_of(connection, **mine, purchase_ids=bought)
    if happened := _causes(rows, "engagement"):
        causes |= await engagement_earnings(connection, **mine, engagement_ids=happened)
    if asked := _causes(rows, "redemption"):
        causes |= await redemption_rewards(connection, **mine, redemption_ids=asked)
    if put := _causes(rows, "adjustment"):
        causes |= await adjustment_reasons(connection, **mine, adjustment_ids=put)
    return [Movement(row, causes.get(row["cause_id"])) for row in rows]


def _causes(rows: list[Any], kind: str) -> list[UUID]:
    return [row["cause_id"] for row in rows if row["cause_kind"] == kind]

"""Reads of tiers: what a member holds now, since when, and what is missing to the next."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Next, Window
from loyalty_api.domain.tiers.standing import read_standings
from loyalty_api.kernel.database import Connection


class Held(msgspec.Struct, frozen=True):
    """A member's tier: ``since`` is empty for the tier that everyone starts with."""

    code: str
    since: datetime | None
    value: int
    next: Next | None


async def held_tiers(
    connection: Connection, *, tiers: Tiers, member_ids: list[UUID], window: Window
) -> dict[UUID, Held]:
    """The tiers that the members hold, with the measure over ``window``."""
    standings = await read_standings(connection, dict.fromkeys(member_ids, window))
    held = {}
    for member_id, standing in standings.items():
        code, following = standing.progress(tiers)
        held[member_id] = Held(code, standing.since, standing.window_sum, following)
    return held

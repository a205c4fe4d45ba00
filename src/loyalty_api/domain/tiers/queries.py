"""Reads of tiers: what a member holds now, since when, and what is missing to the next."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Next, Window
from loyalty_api.domain.tiers.standing import read_standings, standings_ask
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import ask


class Held(msgspec.Struct, frozen=True):
    """A member's tier: ``since`` is empty for the tier that everyone starts with."""

    code: str
    since: datetime | None
    value: int
    next: Next | None


async def held_tiers(
    connection: Connection, *, program_id: UUID, tiers: Tiers, member_ids: list[UUID], window: Window
) -> dict[UUID, Held]:
    """The tiers that the program's members hold, with the measure over ``window``."""
    windows = {program_id: window}
    rows = await ask(connection, standings_ask(member_ids, windows))
    held = {}
    for member_id, standing in read_standings(rows, windows).items():
        code, following = standing.progress(tiers)
        held[member_id] = Held(code, standing.since, standing.window_sum, following)
    return held

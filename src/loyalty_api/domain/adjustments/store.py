"""The statements on the adjustments table: write one, find one, note what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.adjustments.refusals import AdjustmentNotFound
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change

BOOKED, AWAITING, REJECTED, REVERSED = "booked", "awaiting_approval", "rejected", "reversed"


class Adjustment(msgspec.Struct, kw_only=True):
    """One row, in the order of the columns. ``points``: above 0 given, or moved to ``to_member_id``; below 0 taken."""

    member_id: UUID
    adjustment_id: UUID
    program_id: UUID
    to_member_id: UUID | None
    source: str
    reference: str
    points: int
    reason: str | None
    status: str
    asked_at: datetime
    asked_by: str
    answer: bytes = b""
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    transfer_seq: int | None = None
    reversed_at: datetime | None = None
    reversed_by: str | None = None
    reversal: str | None = None
    points_reversed: int | None = None
    points_expired: int | None = None

    @property
    def members(self) -> list[UUID]:
        """Whose points it changes."""
        return [self.member_id] if self.to_member_id is None else [self.member_id, self.to_member_id]


COLUMNS = Adjustment.__struct_fields__
_DECIDED = COLUMNS[COLUMNS.index("decided_at") :]
_VALUES = ", ".join(f"${number + 1}" for number in range(len(COLUMNS)))
_INSERT = f"INSERT INTO adjustments ({', '.join(COLUMNS)}) VALUES ({_VALUES})"
# Found again as it was seen: who decides at the same time does so first, or not at all.
_UPDATE = f"""
UPDATE adjustments SET status = $3, {", ".join(f"{name} = ${n + 5}" for n, name in enumerate(_DECIDED))}
WHERE member_id = $1 AND adjustment_id = $2 AND status = $4
"""
_ONE = f"SELECT {', '.join(COLUMNS)} FROM adjustments WHERE program_id = $1 AND adjustment_id = $2"


def insert_change(adjustment: Adjustment) -> Change:
    """The change that adds the row."""
    return Change(_INSERT, tuple(getattr(adjustment, name) for name in COLUMNS), rows=1)


def update_change(adjustment: Adjustment, *, seen: str) -> Change:
    """The change that notes what became of it, unless its status is another than was ``seen``."""
    named = (adjustment.member_id, adjustment.adjustment_id, adjustment.status, seen)
    return Change(_UPDATE, (*named, *(getattr(adjustment, name) for name in _DECIDED)), rows=1)


def read_adjustments(rows: Iterable[Any]) -> list[Adjustment]:
    """Rows that have the columns in their order."""
    return [Adjustment(**dict(row)) for row in rows]


async def find_adjustment(connection: Connection, *, program_id: UUID, adjustment_id: UUID) -> Adjustment:
    """One adjustment of the program. Refuses: AdjustmentNotFound."""
    rows = await connection.fetch(_ONE, program_id, adjustment_id)
    if not rows:
        raise AdjustmentNotFound(f"There is no adjustment {adjustment_id} in this program.")
    return read_adjustments(rows)[0]

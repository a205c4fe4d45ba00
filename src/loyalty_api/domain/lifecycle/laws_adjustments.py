"""The laws of adjustments of one member's points, worked out from rows alone (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, Row, events_of
from loyalty_api.domain.points.accounts import Account

_BOOKED = ("booked", "reversed")


def check_adjustments(rows: MemberRows) -> Iterator[Broken]:
    """Every adjustment has the transfers that its status says, its reference and its events; every such transfer its
    adjustment. The rows are those of the member, and those that moved points to them."""
    if any(row["program_id"] != rows.program_id for row in rows.adjustments):
        yield "cause", "adjustments of the member name another program"
    known = {row["adjustment_id"]: row for row in rows.adjustments}
    made: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows.transfers:
        if row["cause_kind"] != "adjustment" or row["kind"] in ("debt_paid", "expire"):
            continue
        if row["cause_id"] not in known:
            yield "cause", f"transfer {row['seq']} has no adjustment {row['cause_id']}"
        made[row["cause_id"]][row["kind"]] += _given(row)
    for adjustment_id, row in known.items():
        wanted = {kind: points for kind, points in _wanted(rows.member_id, row) if points}
        if dict(made[adjustment_id]) != wanted:
            found = dict(made[adjustment_id]) or "nothing"
            yield "adjustment", f"adjustment {adjustment_id} is {row['status']}: {wanted}, its transfers say {found}"
    held = {row["record_id"] for row in rows.adjustment_references if row["claimed_by"] == rows.member_id}
    for adjustment_id, row in known.items():
        if row["member_id"] == rows.member_id and adjustment_id not in held:
            yield "reference", f"adjustment {adjustment_id} does not hold its reference {row['reference']!r}"
    told = events_of(rows, "adjustments")
    facts = sum((row["status"] in _BOOKED) + (row["status"] == "reversed") for row in known.values())
    if told != facts:
        yield "event", f"there are {facts} facts of adjustments and {told} events of them"


def _given(row: Row) -> int:
    """What a transfer gave the member; below zero: took."""
    outside = (Account.ADJUSTED, Account.IN_TRANSIT)
    return row["points"] * ((row["from_account"] in outside) - (row["to_account"] in outside))


def _wanted(member_id: UUID, row: Row) -> Iterator[tuple[str, int]]:
    if row["status"] not in _BOOKED:
        return
    if row["to_member_id"] is None:
        yield "adjust", row["points"]
        if row["status"] == "reversed":
            yield "reverse", row["points_reversed"] * (-1 if row["points"] > 0 else 1)
    else:
        yield "move", row["points"] if row["to_member_id"] == member_id else -row["points"]

"""The laws of merges of one member, worked out from rows alone (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows
from loyalty_api.domain.points.accounts import Account


def check_merges(rows: MemberRows) -> Iterator[Broken]:
    """Every merge moved what it says, either way; every such transfer has its merge; and whose alias the member is
    says the one merge that was not undone."""
    known = {row["merge_id"]: row for row in rows.merges}
    came: dict[UUID, int] = defaultdict(int)
    for row in rows.transfers:
        if row["cause_kind"] != "merge" or row["kind"] != "merge":
            continue
        if row["cause_id"] not in known:
            yield "cause", f"transfer {row['seq']} has no merge {row['cause_id']}"
        into, out = row["from_account"] == Account.IN_TRANSIT, row["to_account"] == Account.IN_TRANSIT
        came[row["cause_id"]] += row["points"] * (into - out)
    aliases, merged_into = set(), None
    for merge_id, row in known.items():
        if row["program_id"] != rows.program_id:
            yield "cause", "merges of the member name another program"
        survives = row["member_id"] == rows.member_id
        net = row["points"] - row["debt"] - (row["points_returned"] or 0)
        if came[merge_id] != (net if survives else -net):
            yield "merge", f"merge {merge_id} says {net} points, its transfers {came[merge_id]}"
        if row["undone_at"] is None:
            aliases |= {row["alias_id"]} if survives else set()
            merged_into = merged_into if survives else row["member_id"]
    for member in rows.members:
        if (member["merged_into"], set(member["aliases"] or ())) != (merged_into, aliases):
            yield "merge", "whose alias the member is, or who is theirs, is not what the merges say"

"""The ledger's laws about opening balances of one member, worked out from rows alone (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, events_of
from loyalty_api.domain.points.accounts import Account


def check_openings(rows: MemberRows) -> Iterator[Broken]:
    """Every opening balance has the one transfer that brought it in, its reference and its event, and every such
    transfer its opening balance."""
    if any(row["program_id"] != rows.program_id for row in rows.openings):
        yield "cause", "opening balances of the member name another program"
    known = {row["opening_id"]: row for row in rows.openings}
    brought = {row["seq"]: row for row in rows.transfers if row["kind"] == "import"}
    for row in rows.transfers:
        if row["cause_kind"] == "opening" and row["cause_id"] not in known:
            yield "cause", f"transfer {row['seq']} has no opening {row['cause_id']}"
    for seq, row in brought.items():
        opening = known.get(row["cause_id"])
        if row["from_account"] != Account.ISSUED or opening is None or opening["transfer_seq"] != seq:
            yield "cause", f"transfer {seq} brought in points of no opening balance"
    for opening_id, row in known.items():
        made = brought.get(row["transfer_seq"])
        if made is None or (made["cause_id"], made["points"]) != (opening_id, row["points"]):
            yield "cause", f"opening {opening_id} of {row['points']} points has lost its transfer {row['transfer_seq']}"
    held = {row["record_id"] for row in rows.opening_references if row["claimed_by"] == rows.member_id}
    for opening_id, row in known.items():
        if opening_id not in held:
            yield "reference", f"opening {opening_id} does not hold its reference {row['reference']!r}"
    recorded = events_of(rows, "openings")
    if recorded != len(known):
        yield "event", f"there are {len(known)} opening balances and {recorded} events of them"

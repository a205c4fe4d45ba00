"""The ledger's laws about engagement events of one member, worked out from rows alone (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, events_of
from loyalty_api.domain.points.accounts import Account


def check_engagements(rows: MemberRows) -> Iterator[Broken]:
    """Every law about events that the member's rows break."""
    if any(row["program_id"] != rows.program_id for row in rows.engagements):
        yield "cause", "events of the member name another program"
    yield from _causes(rows)
    yield from _references(rows)
    recorded = events_of(rows, "engagements")
    if recorded != len(rows.engagements):
        yield "event", f"there are {len(rows.engagements)} engagements and {recorded} events of engagements"


def _causes(rows: MemberRows) -> Iterator[Broken]:
    """Every transfer for an event has its row, every row with points its transfers, over the same points."""
    known = {row["engagement_id"] for row in rows.engagements}
    made: dict[UUID, dict[int, int]] = defaultdict(dict)  # event → its transfers' points by account
    first: dict[UUID, int] = {}
    for row in rows.transfers:
        cause_id = row["cause_id"]
        if row["cause_kind"] != "engagement":
            continue
        earns = row["kind"] == "earn"
        if cause_id not in known or (earns and row["to_account"] in made[cause_id]):
            yield "cause", f"transfer {row['seq']} has no engagement {cause_id}"
            continue
        if not earns:
            continue
        made[cause_id][row["to_account"]] = row["points"]
        first.setdefault(cause_id, row["seq"])
    for row in rows.engagements:
        engagement_id = row["engagement_id"]
        points = made[engagement_id]
        if row["points_of_rules"] != row["points_earned"]:
            yield "cause", f"the rules of engagement {engagement_id} do not add up to its points"
        if first.get(engagement_id) != row["transfer_seq"]:
            yield "cause", f"engagement {engagement_id} has lost its transfer {row['transfer_seq']}"
        if sum(points.values()) != row["points_earned"]:
            yield (
                "cause",
                f"engagement {engagement_id} earned {row['points_earned']}, its transfers {sum(points.values())}",
            )
        elif points.get(Account.PENDING, 0) != row["points_pending"]:
            yield "cause", f"of engagement {engagement_id} {row['points_pending']} points are said to be pending"


def _references(rows: MemberRows) -> Iterator[Broken]:
    """Every event holds its reference; only the enrolment, once, has none."""
    held = {row["record_id"] for row in rows.engagement_references if row["claimed_by"] == rows.member_id}
    for row in rows.engagements:
        if row["reference"] is not None and row["engagement_id"] not in held:
            yield "reference", f"engagement {row['engagement_id']} does not hold its reference {row['reference']!r}"
    without = [row["kind"] for row in rows.engagements if row["reference"] is None]
    if without not in ([], ["enrolled"]):
        yield "reference", f"{len(without)} engagements have no reference: {', '.join(sorted(without))}"

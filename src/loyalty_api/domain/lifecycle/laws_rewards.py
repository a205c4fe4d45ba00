"""The laws of redemptions of one member, worked out from rows alone (pure): each ties to its transfers and its hold,
holds its reference, and none was more than the member's limit allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, Row
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.programs.reward import MemberLimit
from loyalty_api.domain.rewards.rules import first_day

_MOVED = ("reserve", "redeem", "release")
_CLOSING = {"completed": "redeem", "cancelled": "release", "expired": "release"}


def check_rewards(rows: MemberRows, program: Program) -> Iterator[Broken]:
    """Every law about redemptions and coupons that the member's rows break."""
    named = (*rows.redemptions, *rows.holds, *rows.coupon_uses)
    if any(row["program_id"] != rows.program_id for row in named):
        yield "cause", "redemptions of the member name another program"
    yield from _transfers(rows)
    yield from _holds(rows)
    yield from _references(rows)
    yield from _limits(rows, program)


def _transfers(rows: MemberRows) -> Iterator[Broken]:
    """Every transfer for a redemption has it, and every redemption the transfers that its status says."""
    made: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows.transfers:
        if row["cause_kind"] == "redemption":
            made[row["cause_id"]].append(row)
    holds = {row["hold_id"]: row for row in rows.holds}
    for redemption in rows.redemptions:
        redemption_id, status = redemption["redemption_id"], redemption["status"]
        moved = [row for row in made.pop(redemption_id, []) if row["kind"] in _MOVED]
        wanted = ["redeem"] if redemption["expires_at"] is None else ["reserve"]
        hold = holds.get(redemption_id)
        over = status == "reserved" and hold is not None and hold["closing_seq"] is not None
        if redemption["expires_at"] is not None and (over or status != "reserved"):
            wanted.append(_CLOSING["expired" if over else status])
        if [row["kind"] for row in moved] != wanted:
            found = ", ".join(row["kind"] for row in moved) or "no transfer"
            yield "redemption", f"redemption {redemption_id} is {status}, it has {found}"
        elif moved[0]["seq"] != redemption["transfer_seq"] or {row["points"] for row in moved} != {
            redemption["points"]
        }:
            yield "redemption", f"redemption {redemption_id} is not of the points that its transfers moved"
        if over and moved[-1]["recorded_at"] < redemption["expires_at"]:
            yield "redemption", f"redemption {redemption_id} was released before it ran out"
    for redemption_id in made:
        yield "cause", f"transfers name redemption {redemption_id}, which does not exist"


def _holds(rows: MemberRows) -> Iterator[Broken]:
    """What is held is what is reserved; a hold closes with the transfer that spent or released it."""
    by_seq = {row["seq"]: row for row in rows.transfers}
    reserved, held = {row["redemption_id"]: row for row in rows.redemptions if row["expires_at"] is not None}, 0
    for hold in rows.holds:
        hold_id = hold["hold_id"]
        redemption, opened = reserved.pop(hold_id, None), by_seq.get(hold["transfer_seq"])
        if redemption is None or opened is None or opened["to_account"] != Account.RESERVED:
            yield "redemption", f"hold {hold_id} is of no redemption, or of no points"
            continue
        if hold["until"] != redemption["expires_at"]:
            yield "redemption", f"hold {hold_id} stands until {hold['until']}, its redemption says otherwise"
        if hold["closing_seq"] is None:
            held += opened["points"]
            due = rows.balances[0]["next_due_at"] if rows.balances else None
            if due is None or due > hold["until"]:
                yield "due", f"hold {hold_id} stands until {hold['until']}, the balance knows of {due}"
            continue
        closed = by_seq.get(hold["closing_seq"])
        if closed is None or closed["from_account"] != Account.RESERVED or closed["cause_id"] != hold_id:
            yield "redemption", f"hold {hold_id} was not closed by transfer {hold['closing_seq']}"
    for redemption_id in reserved:
        yield "redemption", f"redemption {redemption_id} has no hold"
    if rows.balances and rows.balances[0]["reserved"] != held:
        yield "redemption", f"{held} points are held, the balance has {rows.balances[0]['reserved']} reserved"


def _references(rows: MemberRows) -> Iterator[Broken]:
    """Every redemption and every use of a coupon holds its reference, where it has one."""
    held = {row["record_id"] for row in rows.reward_references if row["claimed_by"] == rows.member_id}
    for row in rows.redemptions:
        if row["reference"] is not None and row["redemption_id"] not in held:
            yield "reference", f"redemption {row['redemption_id']} does not hold its reference {row['reference']!r}"
    for row in rows.coupon_uses:
        if row["reference"] is not None and row["use_id"] not in held:
            yield "reference", f"use {row['use_id']} does not hold its reference {row['reference']!r}"
    purchases = {row["purchase_id"] for row in rows.purchases}
    for row in (*rows.redemptions, *rows.coupon_uses):
        if row["purchase_id"] is not None and row["purchase_id"] not in purchases:
            yield "redemption", f"purchase {row['purchase_id']} of a redemption or coupon does not exist"


def _limits(rows: MemberRows, program: Program) -> Iterator[Broken]:
    """When a reward was redeemed, the member had it less often than the limit of that version."""
    limits = {
        (version.number, reward.code): reward.per_member
        for version in program.versions
        for reward in version.document.rewards
    }
    ordered = sorted(rows.redemptions, key=lambda row: row["transfer_seq"])
    for place, row in enumerate(ordered):
        limit = limits.get((row["version"], row["reward"]))
        if limit is not None and _times(ordered[:place], row, limit) >= limit.limit:
            yield "limit", f"redemption {row['redemption_id']} is more of {row['reward']} than one member may have"


def _times(before: list[Row], row: Row, limit: MemberLimit) -> int:
    first = first_day(limit, row["redeemed_on"])
    mine = [each for each in before if each["reward"] == row["reward"] and each["redeemed_on"] >= first]
    return sum(not _was_over(each, row) for each in mine)


def _was_over(each: Row, row: Row) -> bool:
    """Whether a redemption did not count any more when the other one was made."""
    if each["status"] == "completed":
        return False
    ended = each["expires_at"] if each["status"] in ("reserved", "expired") else each["closed_at"]
    return ended is not None and ended <= row["reserved_at"]
